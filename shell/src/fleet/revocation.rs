//! Handing a revocation list, or the fleet's next authorities, to every node of a fleet.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hailer_identity::Trust;
use hailer_lang::node_set::NodeId;
use hailer_protocol::bundle::SignedBundle;
use hailer_protocol::clean::Clean;
use hailer_protocol::revocation::SignedRevocations;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Fleet;
use super::link::{Link, Signal};
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
        let until = clock::deadline(clock::mono() + WITHIN);
        let handout = Arc::new(handout);
        let (waiter, signals) = mpsc::unbounded_channel();
        let nodes: Vec<NodeId> = (0..).map(NodeId).take(self.links.len()).collect();
        for node in &nodes {
            if let Some(link) = self.links.link(*node) {
                link.wait(&waiter, node.0, true);
            }
        }
        drop(waiter);
        let offered = |node: NodeId| {
            let session = self.links.link(node).and_then(Link::session);
            let handout = Arc::clone(&handout);
            async move {
                let session = session.ok_or_else(|| "the connection ended".to_owned())?;
                offer(&session, &handout, until).await
            }
        };
        collect(nodes, signals, offered, tokio::time::sleep_until(until)).await
    }
}

/// Offers to each of `nodes` once it is connected, and returns when all have answered. `patience` ends
/// the wait for connections; an offer that is under way by then has its own end.
async fn collect<O>(
    nodes: Vec<NodeId>,
    mut signals: mpsc::UnboundedReceiver<Signal>,
    offered: impl Fn(NodeId) -> O,
    patience: impl Future<Output = ()>,
) -> Delivered
where
    O: Future<Output = Result<bool, String>> + Send + 'static,
{
    let mut delivered = Delivered::default();
    let mut connecting: BTreeSet<NodeId> = nodes.into_iter().collect();
    let mut asked = BTreeSet::new();
    let mut offers = JoinSet::new();
    tokio::pin!(patience);
    let mut is_patient = true;
    while !offers.is_empty() || (is_patient && !connecting.is_empty()) {
        tokio::select! {
            signal = signals.recv(), if is_patient && !connecting.is_empty() => match signal {
                Some((target, connected)) if connecting.remove(&NodeId(target)) => {
                    let node = NodeId(target);
                    match connected {
                        Ok(()) => {
                            let offer = offered(node);
                            asked.insert(node);
                            offers.spawn(async move { (node, offer.await) });
                        }
                        Err(reason) => delivered.without.push((node, reason.to_string())),
                    }
                }
                Some(_) => {}
                // Nobody is left who would tell of a connection.
                None => is_patient = false,
            },
            Some(offer) = offers.join_next(), if !offers.is_empty() => {
                // One that broke off answers nothing, and is told with the late ones.
                let Ok((node, answer)) = offer else { continue };
                asked.remove(&node);
                match answer {
                    Ok(true) => delivered.news.push(node),
                    Ok(false) => delivered.had.push(node),
                    Err(reason) => {
                        delivered.without.push((node, Clean::line(&reason).into_string()));
                    }
                }
            }
            () = &mut patience, if is_patient => is_patient = false,
        }
    }
    let late = connecting
        .into_iter()
        .map(|node| (node, "no connection in time".to_owned()));
    delivered.without.extend(late);
    let broken = asked
        .into_iter()
        .map(|node| (node, "the offer broke off".to_owned()));
    delivered.without.extend(broken);
    delivered
}

async fn offer(session: &Session, handout: &Handout, until: Instant) -> Result<bool, String> {
    let offered = tokio::time::timeout_at(until, async {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(n: u32) -> Vec<NodeId> {
        (0..n).map(NodeId).collect()
    }

    /// The first has it, it is news to the second, the others refuse.
    async fn answer(node: NodeId) -> Result<bool, String> {
        match node.0 {
            0 => Ok(false),
            1 => Ok(true),
            n => Err(format!("refused by {n}")),
        }
    }

    #[tokio::test]
    async fn whoever_waits_for_nobody_any_more_is_done_however_patient() {
        let (waiter, signals) = mpsc::unbounded_channel();
        for node in 0..3 {
            waiter.send((node, Ok(()))).expect("heard");
        }
        waiter
            .send((3, Err("nobody is there".into())))
            .expect("heard");
        // The sender lives on, as it does in a link that dials again, and the patience has no end.
        let delivered = collect(nodes(4), signals, answer, std::future::pending()).await;
        assert_eq!(
            (&delivered.had[..], &delivered.news[..]),
            (&[NodeId(0)][..], &[NodeId(1)][..])
        );
        let mut without = delivered.without;
        without.sort();
        let wanted = [(2, "refused by 2"), (3, "nobody is there")];
        assert_eq!(without, wanted.map(|(n, why)| (NodeId(n), why.to_owned())));
        drop(waiter);
        let (_, signals) = mpsc::unbounded_channel();
        let delivered = collect(nodes(0), signals, answer, std::future::pending()).await;
        assert!(delivered.without.is_empty(), "{delivered:?}");
    }

    #[tokio::test]
    async fn every_node_is_told_of_when_patience_ends() {
        let (waiter, signals) = mpsc::unbounded_channel();
        waiter.send((0, Ok(()))).expect("heard");
        let (over, patience) = tokio::sync::oneshot::channel::<()>();
        let over = std::sync::Mutex::new(Some(over));
        // The offer to the first outlives the patience; the second never connects.
        let offered = |node| {
            drop(over.lock().expect("not poisoned").take());
            async move {
                tokio::task::yield_now().await;
                answer(node).await
            }
        };
        let patience = async move { drop(patience.await) };
        let delivered = collect(nodes(2), signals, offered, patience).await;
        assert_eq!(delivered.had, [NodeId(0)]);
        let late = (NodeId(1), "no connection in time".to_owned());
        assert_eq!(delivered.without, [late]);
        drop(waiter);
    }
}
