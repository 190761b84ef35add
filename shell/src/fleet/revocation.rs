//! Handing a revocation list to every node of a fleet.

use std::sync::Arc;
use std::time::Duration;

use hailer_lang::node_set::NodeId;
use hailer_protocol::clean::Clean;
use hailer_protocol::revocation::SignedRevocations;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Fleet;
use super::link::Link;
use super::session::Session;

/// How long a node may take to connect and to answer, all in all.
const WITHIN: Duration = Duration::from_secs(30);

/// Who has a list, and who has not.
#[derive(Debug, Default)]
pub struct Delivered {
    /// Nodes to which it was news.
    pub news: Vec<NodeId>,
    /// Nodes that had it.
    pub had: Vec<NodeId>,
    /// The others, with the reason.
    pub without: Vec<(NodeId, String)>,
}

impl Fleet {
    /// Hands a list to every node, and says who has it.
    pub async fn deliver(&self, signed: &SignedRevocations) -> Delivered {
        let nodes = (0..).map(NodeId).take(self.links.len());
        let signed = Arc::new(signed.clone());
        let (waiter, mut signals) = mpsc::unbounded_channel();
        let mut delivered = Delivered::default();
        let mut waiting: Vec<NodeId> = nodes.collect();
        for node in &waiting {
            if let Some(link) = self.links.link(*node) {
                link.wait(&waiter, node.0, true);
            }
        }
        drop(waiter);
        let mut offers = JoinSet::new();
        let patience = tokio::time::sleep(WITHIN);
        tokio::pin!(patience);
        loop {
            tokio::select! {
                Some((target, connected)) = signals.recv() => {
                    let node = NodeId(target);
                    waiting.retain(|n| *n != node);
                    let session = self.links.link(node).and_then(Link::session);
                    match (connected, session) {
                        (Ok(()), Some(session)) => {
                            let signed = Arc::clone(&signed);
                            offers.spawn(async move { (node, offer(&session, &signed).await) });
                        }
                        (Ok(()), None) => {
                            let reason = "the connection ended".to_owned();
                            delivered.without.push((node, reason));
                        }
                        (Err(reason), _) => delivered.without.push((node, reason.to_string())),
                    }
                }
                Some(Ok((node, answer))) = offers.join_next() => match answer {
                    Ok(true) => delivered.news.push(node),
                    Ok(false) => delivered.had.push(node),
                    Err(reason) => {
                        delivered.without.push((node, Clean::line(&reason).into_string()));
                    }
                },
                () = &mut patience => break,
                else => break,
            }
        }
        let late = waiting.into_iter();
        delivered
            .without
            .extend(late.map(|node| (node, "no connection in time".to_owned())));
        delivered
    }
}

async fn offer(session: &Session, signed: &SignedRevocations) -> Result<bool, String> {
    let offered = tokio::time::timeout(WITHIN, session.offer(signed));
    offered
        .await
        .map_err(|_| "no answer in time".to_owned())?
        .map(|taken| taken.is_news)
}
