//! Names on a line that stand for nothing, while it is typed: nodes, labels and their values, columns,
//! functions, verbs. The line is planned as Enter would, against what completion knows; of the
//! mistakes those count that are an unknown name, and not at the word that is still being typed.

use hailer_lang::ast::{ResultRef, SetKind};
use hailer_lang::diagnostic::{Code, Diagnostic};
use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::NodeSet;
use hailer_lang::parse::Parsed;
use hailer_lang::plan::{Context, ResolvedScope, plan};
use hailer_lang::selector::{Learned, ResultSetError, ResultSets};
use hailer_lang::span::Span;

use crate::session::{Known, KnownResult};

/// Marks on a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Names that stand for nothing.
    pub(super) unknown: Vec<Span>,
    /// A name that may yet become one: the cursor is at its end.
    pub(super) unfinished: Vec<Span>,
}

/// Returns the names in a line that stand for nothing. `scope` is any scope: which one it is does not
/// matter to names.
pub(super) fn unknown_names(
    text: &str,
    cursor: usize,
    parsed: &Parsed,
    inventory: &Inventory,
    known: &Known,
    scope: &ResolvedScope,
) -> Marks {
    let results = Results { inventory, known };
    let context = Context {
        inventory,
        live: &known.live,
        results: &results,
        learned: Learned::nothing(),
        last_result: known.results.first().map(|r| r.number),
        scope: Some(scope),
    };
    let mut marks = Marks::default();
    // Names of lines are put in their place before a line is planned, which moves all behind them.
    let is_saved = |name: &str| known.saved.iter().any(|(saved, _)| saved == name);
    let named = text.split([' ', '|']).any(is_saved);
    for mistake in plan(parsed, text, &context).err().unwrap_or_default() {
        if !is_name(&mistake) || mistake.code == Code::UnknownColumn && named {
            continue;
        }
        if is_saved(mistake.span.of(text)) {
            continue;
        }
        if mistake.span.end == cursor {
            marks.unfinished.push(mistake.span);
        } else {
            marks.unknown.push(mistake.span);
        }
    }
    marks
}

/// Whether a mistake is a name that stands for nothing. What depends on what nodes say at the moment
/// is found out by asking them.
fn is_name(mistake: &Diagnostic) -> bool {
    matches!(
        mistake.code,
        Code::UnknownVerb
            | Code::UnknownName
            | Code::UnknownKey
            | Code::UnknownValue
            | Code::UnknownGroup
            | Code::UnknownResult
            | Code::UnknownFunction
            | Code::UnknownColumn
            | Code::UnknownMetric
    )
}

/// The kept results as completion knows them: their sets are somebody, their columns are told.
struct Results<'a> {
    inventory: &'a Inventory,
    known: &'a Known,
}

impl Results<'_> {
    fn find(&self, result: ResultRef) -> Option<&KnownResult> {
        let mut results = self.known.results.iter();
        match result {
            ResultRef::Last => results.next(),
            ResultRef::Number(number) => results.find(|r| r.number == number),
        }
    }
}

impl ResultSets for Results<'_> {
    fn set(&self, _: ResultRef, _: SetKind) -> Result<NodeSet, ResultSetError> {
        // Not all are known here, and which nodes they are matters to no name.
        Ok(self.inventory.all())
    }

    fn columns(&self, result: ResultRef) -> Option<Vec<String>> {
        let columns = self.find(result)?.columns.iter();
        Some(columns.map(|(name, _)| name.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use hailer_lang::inventory::file::FleetFile;
    use hailer_lang::parse::parse;

    use super::*;

    fn marked(line: &str) -> Vec<&str> {
        // `·` is the cursor; without one it is on another line.
        let text = r#"
            fleet = "t"
            [[nodes]]
            names = "web[1-2]"
            address = "{name}:1"
            labels = { role = "web" }
        "#;
        let file = FleetFile::parse(text).expect("parses");
        let inventory = Inventory::from_fleet_file(&file).expect("is a fleet");
        let known = Known {
            results: vec![KnownResult {
                number: 3,
                text: "df |> parse".to_owned(),
                columns: vec![("use_pct".to_owned(), "percent")],
                sets: Vec::new(),
            }],
            saved: vec![("oom".to_owned(), "dmesg |> parse lines".to_owned())],
            ..Known::default()
        };
        let cursor = line.find('·').unwrap_or(usize::MAX);
        let line = line.split('·').next().unwrap_or(line);
        let parsed = parse(line, &inventory.known_names());
        let scope = ResolvedScope::all(&inventory);
        let marks = unknown_names(line, cursor, &parsed, &inventory, &known, &scope);
        marks.unknown.iter().map(|s| s.of(line)).collect()
    }

    #[test]
    fn what_stands_for_nothing_is_marked_and_what_is_being_typed_is_not() {
        for (line, expected) in [
            ("@rol=web : df", vec!["rol"]),
            ("@role=wbe : df", vec!["wbe"]),
            ("@web9,web1 : df", vec!["web9"]),
            ("@role=we·", vec![]),
            ("@rol·", vec![]),
            ("@role=web : df", vec![]),
            ("$3 |> where use_pct > 90 and usd > 1", vec!["usd"]),
            ("|> where usd > 1", vec!["usd"]),
            ("|> where usd·", vec![]),
            ("|> where role = 'web'", vec![]),
            ("$3 |> wher use_pct > 1", vec!["wher"]),
            ("$3 |> wher·", vec![]),
            ("df |> where use_pct > 90 |> count", vec!["use_pct"]),
            ("df |> parse |> where use_pct > 90", vec![]),
            ("metric laod1 |> top 3 by value", vec!["laod1"]),
            ("|> where uper(use_pct) = 1", vec!["uper"]),
            ("oom |> where line ~ 'x'", vec![]),
            ("@$3.failed : df", vec![]),
            ("$9 |> count", vec!["$9"]),
            ("", vec![]),
            ("df '", vec![]),
        ] {
            assert_eq!(marked(line), expected, "{line:?}");
        }
    }
}
