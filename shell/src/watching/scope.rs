//! The scope of a line that is watched: one that stands for others from moment to moment is looked up
//! anew each turn.

use hailer_lang::node_set::NodeSet;
use hailer_lang::plan::ResolvedScope;
use hailer_table::Note;

use crate::session::Session;

/// Characters of the names of nodes that came or went; more are counted.
const FOLDED_MAX: usize = 60;

/// Lets the scope be that of this moment, from the second turn on; returns what is said of nodes that
/// came into it or went. While it stands for nobody those of the turn before are asked.
pub(super) async fn moved(
    session: &mut Session,
    scope: &mut ResolvedScope,
    turn: u64,
) -> Vec<Note> {
    if turn == 1 {
        return Vec::new();
    }
    let now = match session.scope_of_now(scope).await {
        Ok(Some(now)) => now,
        Ok(None) => return Vec::new(),
        Err(_) => {
            let text = format!(
                "{} stands for no node at this moment; those of the turn before were asked",
                scope.text
            );
            return vec![Note::new(&text)];
        }
    };
    let fold = |nodes: &NodeSet| session.inventory().fold_limited(nodes, FOLDED_MAX);
    let said = changes(&scope.nodes, &now.nodes, &now.text, fold);
    *scope = now;
    said.iter().map(|text| Note::new(text)).collect()
}

/// Says who came into a scope and who went out of it.
fn changes(
    before: &NodeSet,
    now: &NodeSet,
    scope: &str,
    fold: impl Fn(&NodeSet) -> String,
) -> Vec<String> {
    [
        (now.sub(before), "came into"),
        (before.sub(now), "went out of"),
    ]
    .iter()
    .filter(|(nodes, _)| !nodes.is_empty())
    .map(|(nodes, what)| format!("{} {what} {scope}", fold(nodes)))
    .collect()
}

#[cfg(test)]
mod tests {
    use hailer_lang::node_set::NodeId;

    use super::*;

    #[test]
    fn who_came_and_who_went_is_told_and_nothing_where_nobody_did() {
        let set = |nodes: &[u32]| -> NodeSet { nodes.iter().copied().map(NodeId).collect() };
        let fold = |nodes: &NodeSet| format!("{:?}", nodes.iter().map(|n| n.0).collect::<Vec<_>>());
        for (before, now, expected) in [
            (vec![1, 2], vec![1, 2], vec![]),
            (vec![1], vec![1, 2], vec!["[2] came into @state=up"]),
            (
                vec![1, 2],
                vec![3, 2],
                vec!["[3] came into @state=up", "[1] went out of @state=up"],
            ),
        ] {
            let said = changes(&set(&before), &set(&now), "@state=up", fold);
            assert_eq!(said, expected, "{before:?} {now:?}");
        }
    }
}
