//! What nodes said beside their rows: how output was read, what did not fit. Equal words fold.

use std::collections::BTreeMap;

use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::NodeSet;
use hailer_table::Note;

use crate::fleet::Answer;

/// Different notes that are shown; the others are counted.
const SHOWN_MAX: usize = 4;

/// Columns that the names of the nodes may take.
const NAMES_WIDTH: usize = 40;

/// Folds the notes of a run's answers. Words that all nodes with rows have in common stand alone,
/// others behind the nodes that said them; those of most nodes come first.
pub(super) fn of_nodes<'a>(
    answers: impl Iterator<Item = &'a Answer>,
    inventory: &Inventory,
) -> Vec<Note> {
    let mut said: BTreeMap<&str, NodeSet> = BTreeMap::new();
    let mut n_with_rows = 0;
    for answer in answers {
        n_with_rows += usize::from(answer.rows.is_some());
        for note in &answer.notes {
            said.entry(note.as_str()).or_default().insert(answer.node);
        }
    }
    let mut said: Vec<(&str, NodeSet)> = said.into_iter().collect();
    said.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
    let n_more = said.len().saturating_sub(SHOWN_MAX);
    let shown = said.iter().take(SHOWN_MAX);
    let mut notes: Vec<Note> = shown
        .map(|(text, nodes)| {
            if nodes.len() >= n_with_rows {
                Note::new(text)
            } else {
                let names = inventory.fold_limited(nodes, NAMES_WIDTH);
                Note::new(&format!("{names}: {text}"))
            }
        })
        .collect();
    if n_more > 0 {
        notes.push(Note::new(&format!("… and {n_more} other notes of nodes")));
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hailer_lang::inventory::file::FleetFile;
    use hailer_lang::node_set::NodeId;
    use hailer_protocol::clean::Clean;
    use hailer_protocol::state::State;
    use hailer_protocol::table::Table;

    use super::*;

    fn answer(node: u32, notes: &[&str]) -> Answer {
        let mut answer = Answer::empty(NodeId(node), State::Ok);
        answer.rows = Some(Table::default());
        answer.notes = notes.iter().map(|n| Clean::line(n)).collect();
        answer
    }

    fn folded(answers: &[Answer]) -> Vec<String> {
        let text = "fleet = \"t\"\n[[nodes]]\nnames = \"web[0-9]\"\naddress = \"{name}:1\"\n";
        let file = FleetFile::parse(text).expect("a fleet file");
        let inventory = Inventory::from_fleet_file(&file).expect("names");
        let notes = of_nodes(answers.iter(), &inventory);
        notes.iter().map(|n| n.as_str().to_owned()).collect()
    }

    #[test]
    fn what_all_say_is_said_once_and_what_some_say_names_them() {
        let answers = [
            answer(0, &["parsed as columns"]),
            answer(1, &["parsed as columns", "3 lines left out"]),
            answer(2, &["parsed as columns"]),
        ];
        assert_eq!(
            folded(&answers),
            ["parsed as columns", "web1: 3 lines left out"]
        );
    }

    #[test]
    fn many_different_notes_are_counted_and_never_fill_the_screen() {
        let answers: Vec<Answer> = (0..9)
            .map(|n| answer(n, &[&format!("{n} lines left out")]))
            .collect();
        let folded = folded(&answers);
        assert_eq!(folded.len(), SHOWN_MAX + 1);
        assert_eq!(folded[SHOWN_MAX], "… and 5 other notes of nodes");
        let different: BTreeSet<&String> = folded.iter().collect();
        assert_eq!(different.len(), folded.len());
    }
}
