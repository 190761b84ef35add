//! Columns of a frame: the protocol's column, whether it is shown, and where it came from.

use hailer_protocol::clean::Clean;
use hailer_protocol::nearest::nearest;
use hailer_protocol::table::Column;
use hailer_protocol::value::DataType;

use crate::error::TableError;

/// The names that every command result has. A label of such a name is `label.NAME`.
pub const RESERVED: [&str; 8] = [
    "node",
    "state",
    "rc",
    "ms",
    "bytes",
    "truncated",
    "out",
    "err",
];

/// Where a column's values came from; decides who keeps the bare name when two claim it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The rows themselves: a probe, `parse`, `derive`, a fleet verb. Always has the bare name,
    /// since it has it on the node too.
    Row,
    /// The run: state, rc and the like. Becomes `run.NAME` where a row column has the name.
    Run,
    /// The inventory. Becomes `label.NAME` where anything else has the name.
    Label,
}

impl Origin {
    /// Returns the prefix that says what a column is when its bare name is taken.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Row => "row.",
            Self::Run => "run.",
            Self::Label => "label.",
        }
    }
}

/// One column of a [`Frame`](crate::Frame).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameColumn {
    /// Name, heading and type.
    pub column: Column,
    /// Whether it is drawn and exported; a hidden column can still be named by any verb.
    pub shown: bool,
    /// Where its values came from.
    pub origin: Origin,
}

impl FrameColumn {
    /// Makes a column of the rows themselves, shown.
    #[must_use]
    pub const fn shown(column: Column) -> Self {
        Self {
            column,
            shown: true,
            origin: Origin::Row,
        }
    }

    /// Makes a column of the run, hidden.
    #[must_use]
    pub const fn run(column: Column) -> Self {
        Self {
            column,
            shown: false,
            origin: Origin::Run,
        }
    }

    /// Makes the column of node names, which is shown first and never cut.
    #[must_use]
    pub fn node() -> Self {
        Self {
            shown: true,
            ..Self::run(Column::new("node", DataType::Str))
        }
    }

    /// Makes the column of folded node sets that `group` adds, which is never cut.
    pub(crate) fn node_set(name: String) -> Self {
        Self {
            shown: true,
            ..Self::run(Column::new(name, DataType::Str))
        }
    }

    /// Makes a column of the inventory, hidden.
    #[must_use]
    pub const fn label(column: Column) -> Self {
        Self {
            column,
            shown: false,
            origin: Origin::Label,
        }
    }

    /// Whether this holds the folded names of each row's nodes.
    #[must_use]
    pub fn is_node_set(&self) -> bool {
        self.origin == Origin::Run
            && self
                .column
                .name
                .trim_start_matches("run.")
                .starts_with("nodes")
    }

    /// Whether this is the name of the node that a row is from.
    #[must_use]
    pub fn is_node(&self) -> bool {
        self.origin == Origin::Run && matches!(self.column.name.as_str(), "node" | "run.node")
    }
}

/// Finds a column by its name; a label also by `label.NAME`, a run's column also by `run.NAME`.
pub(crate) fn find(columns: &[FrameColumn], name: &str) -> Option<usize> {
    columns
        .iter()
        .position(|c| c.column.name == name)
        .or_else(|| {
            columns.iter().position(|c| {
                c.origin != Origin::Row
                    && name.strip_prefix(c.origin.prefix()) == Some(c.column.name.as_str())
            })
        })
}

/// [`find`], or an error that names the nearest column.
pub(crate) fn find_or_say(
    columns: &[FrameColumn],
    verb: &'static str,
    name: &str,
) -> Result<usize, TableError> {
    find(columns, name).ok_or_else(|| {
        let mut ordered: Vec<&FrameColumn> = columns.iter().collect();
        ordered.sort_by_key(|c| !c.shown);
        TableError::UnknownColumn {
            verb,
            name: Clean::line(name),
            nearest: nearest(name, ordered.iter().map(|c| c.column.name.as_str())).map(Clean::line),
            known: ordered
                .iter()
                .map(|c| Clean::line(&c.column.name))
                .collect(),
        }
    })
}

/// Gives every column a name of its own: rows keep theirs, then the run, then labels.
///
/// Two row columns of one name are the caller's mistake and are refused.
pub(crate) fn qualify(columns: &mut [FrameColumn]) -> Result<(), TableError> {
    let mut taken = std::collections::BTreeSet::new();
    for origin in [Origin::Row, Origin::Run, Origin::Label] {
        for c in columns.iter_mut().filter(|c| c.origin == origin) {
            if taken.insert(c.column.name.clone()) {
                continue;
            }
            let bare = c.column.name.clone();
            let qualified = format!("{}{bare}", origin.prefix());
            if origin == Origin::Row || !taken.insert(qualified.clone()) {
                return Err(TableError::DuplicateColumn {
                    name: Clean::line(&bare),
                });
            }
            c.column.heading.get_or_insert(bare);
            c.column.name = qualified;
        }
    }
    Ok(())
}

/// Returns `wanted`, or `wanted_2`, `wanted_3` … where that is taken.
pub(crate) fn free_name(wanted: &str, taken: &[FrameColumn]) -> String {
    let is_free = |name: &str| taken.iter().all(|c| c.column.name != name);
    std::iter::once(wanted.to_owned())
        .chain((2_usize..).map(|n| format!("{wanted}_{n}")))
        .find(|name| is_free(name))
        .expect("a finite table cannot take infinitely many names")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Column {
        Column::new(name, DataType::Str)
    }

    fn names(columns: &[FrameColumn]) -> Vec<&str> {
        columns.iter().map(|c| c.column.name.as_str()).collect()
    }

    #[test]
    fn a_row_column_keeps_its_name_and_the_label_is_qualified() {
        let mut columns = vec![
            FrameColumn::label(column("state")),
            FrameColumn::label(column("dc")),
            FrameColumn::run(column("state")),
            FrameColumn::shown(column("dc")),
        ];
        qualify(&mut columns).unwrap();
        assert_eq!(names(&columns), ["label.state", "label.dc", "state", "dc"]);
    }

    #[test]
    fn three_claims_to_one_name_all_stay_reachable() {
        let mut columns = vec![
            FrameColumn::run(column("state")),
            FrameColumn::label(column("state")),
            FrameColumn::shown(column("state")),
        ];
        qualify(&mut columns).unwrap();
        assert_eq!(names(&columns), ["run.state", "label.state", "state"]);
    }

    #[test]
    fn two_row_columns_of_one_name_are_refused() {
        let mut columns = vec![
            FrameColumn::shown(column("a")),
            FrameColumn::shown(column("a")),
        ];
        assert!(matches!(
            qualify(&mut columns),
            Err(TableError::DuplicateColumn { .. })
        ));
    }

    #[test]
    fn a_label_answers_to_its_qualified_name_even_without_a_clash() {
        let columns = [FrameColumn::label(column("dc"))];
        assert_eq!(find(&columns, "label.dc"), Some(0));
        assert_eq!(find(&columns, "run.dc"), None);
    }

    #[test]
    fn an_unknown_column_names_the_nearest() {
        let columns = [FrameColumn::shown(column("use_pct"))];
        let error = find_or_say(&columns, "sort", "use_pc").unwrap_err();
        assert_eq!(error.to_string(), "sort: the table has no column `use_pc`");
        assert_eq!(error.hint().unwrap(), "did you mean `use_pct`?");
        let error = find_or_say(&columns, "sort", "zzz").unwrap_err();
        assert_eq!(error.hint().unwrap(), "it has use_pct");
    }
}
