//! Handing a revocation list, or the fleet's next authorities, to every node of a fleet.

use std::sync::Arc;
use std::time::Duration;

use hailer_identity::Trust;
use hailer_lang::node_set::NodeId;
use hailer_protocol::bundle::SignedBundle;
use hailer_protocol::clean::Clean;
use hailer_protocol::revocation::SignedRevocations;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Fleet;
use super::link::Link;
use super::session::Session;
use crate::clock;

/// How long a node may take to connect and to answer, all in all.
const WITHIN: Duration = Duration::from_secs(30);

/// Who has what was handed out, and who has not.
#[derive(Debug, Default)]
pub struct Delivered {
    /// Nodes to which it was news.
    pub news: Vec<NodeId>,
    /// Nodes that had it.
    pub had: Vec<NodeId>,
    /// The others, with the reason.
    pub without: Vec<(NodeId, String)>,
}

/// What is handed to every node.
#[derive(Debug)]
enum Handout {
    Revocations(SignedRevocations),
    /// Bundles in their order, and whom the last of them trusts.
    Bundles(Vec<SignedBundle>, Option<Trust>),
}

impl Fleet {
    /// Hands a list to every node, and says who has it.
    pub async fn deliver(&self, signed: &SignedRevocations) -> Delivered {
        self.hand_out(Handout::Revocations(signed.clone())).await
    }

    /// Hands trust bundles, oldest first, to every node, and says who believes the last of them now.
    /// With `last`, which is whom that one trusts, a node is passed over whose own certificate would
    /// not be trusted by anybody then.
    pub async fn spread(&self, bundles: Vec<SignedBundle>, last: Option<Trust>) -> Delivered {
        self.hand_out(Handout::Bundles(bundles, last)).await
    }

    async fn hand_out(&self, handout: Handout) -> Delivered {
        let nodes = (0..).map(NodeId).take(self.links.len());
        let handout = Arc::new(handout);
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
                            let handout = Arc::clone(&handout);
                            offers.spawn(async move { (node, offer(&session, &handout).await) });
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

async fn offer(session: &Session, handout: &Handout) -> Result<bool, String> {
    let offered = tokio::time::timeout(WITHIN, async {
        match handout {
            Handout::Revocations(signed) => session.offer(signed).await.map(|taken| taken.is_news),
            Handout::Bundles(bundles, last) => {
                check_chain(session, last.as_ref())?;
                offer_bundles(session, bundles).await
            }
        }
    });
    offered.await.map_err(|_| "no answer in time".to_owned())?
}

/// A node that trusted only authorities which its own certificate does not come from could not be
/// reached by anybody who does the same.
fn check_chain(session: &Session, last: Option<&Trust>) -> Result<(), String> {
    let Some(last) = last else { return Ok(()) };
    if hailer_identity::vouches(last, &session.chain(), clock::wall()) {
        return Ok(());
    }
    Err("its own certificate is of an authority that goes; it is to be renewed first".to_owned())
}

/// Offers the newest; where that is refused the node has missed some, and gets them in their order.
async fn offer_bundles(session: &Session, bundles: &[SignedBundle]) -> Result<bool, String> {
    let Some((newest, before)) = bundles.split_last() else {
        return Ok(false);
    };
    let refused = match session.offer_trust(newest).await {
        Ok(taken) => return Ok(taken.is_news),
        Err(refused) => refused,
    };
    if before.is_empty() {
        return Err(refused);
    }
    for earlier in before {
        // Those that it has had are refused, and the others are what is missing.
        let _ = session.offer_trust(earlier).await;
    }
    session.offer_trust(newest).await.map(|taken| taken.is_news)
}
