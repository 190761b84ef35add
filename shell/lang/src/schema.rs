//! Which columns there are at one place of a line, as far as that can be known before it runs.

use hailer_protocol::audit::AUDIT_COLUMNS;
use hailer_protocol::automation::Described;
use hailer_protocol::metrics;
use hailer_protocol::parse::column_name;
use hailer_protocol::parse::name::is_column_name;
use hailer_protocol::row_plan::ParseAs;

use crate::inventory::Inventory;
use crate::nearest::did_you_mean;
use crate::words::{NODE_SIDE_COLUMNS, RESERVED_COLUMNS};

/// Columns of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schema {
    /// The rows' own columns, in order.
    own: Vec<String>,
    /// There may be more: what `parse` finds is known only when it has run.
    open: bool,
    /// The rows are no answers of a command any more: `parse` has made others of them.
    parsed: bool,
    /// Those columns are named by the rule of `parse`.
    by_rule: bool,
    /// The rows come from nodes: `node`, `state` and the labels can be asked for.
    from_nodes: bool,
}

impl Schema {
    fn closed(own: Vec<String>) -> Self {
        Self {
            own,
            open: false,
            parsed: false,
            by_rule: false,
            from_nodes: true,
        }
    }

    /// A command's columns before `parse`.
    pub(crate) fn command() -> Self {
        let on_node = NODE_SIDE_COLUMNS.into_iter();
        Self::closed(on_node.chain(["err"]).map(str::to_owned).collect())
    }

    /// A metric's columns.
    pub(crate) fn metric(metric: &metrics::Metric) -> Self {
        Self::closed(metric.columns().into_iter().map(|c| c.name).collect())
    }

    /// The columns of `facts`.
    pub(crate) fn facts(columns: &[String]) -> Self {
        Self::closed(columns.to_vec())
    }

    /// The columns of `audit`.
    pub(crate) fn audit() -> Self {
        let columns = AUDIT_COLUMNS.iter();
        Self::closed(columns.map(|c| c.name.to_owned()).collect())
    }

    /// The columns of `automations` or of `events`.
    pub(crate) fn described(columns: &[Described]) -> Self {
        Self::closed(columns.iter().map(|c| c.0.to_owned()).collect())
    }

    /// The columns of `nodes`.
    pub(crate) fn nodes() -> Self {
        Self::closed(vec!["address".to_owned()])
    }

    /// A kept result's columns: the shell knows them, this crate does not.
    pub(crate) const fn unknown() -> Self {
        Self {
            own: Vec::new(),
            open: true,
            parsed: false,
            by_rule: false,
            from_nodes: true,
        }
    }

    /// A kept result's columns, where somebody has told them.
    pub(crate) fn kept(columns: Vec<String>) -> Self {
        Self::closed(columns)
    }

    /// After `parse`: the text became columns, which only some formats tell beforehand.
    pub(crate) fn parsed(&mut self, as_what: &ParseAs) {
        let known: Vec<String> = match as_what {
            ParseAs::Lines => vec!["line".to_owned()],
            ParseAs::Regex(pattern) => match crate::pattern::regex(pattern) {
                Ok(regex) => regex.capture_names().flatten().map(column_name).collect(),
                Err(_) => Vec::new(),
            },
            ParseAs::Auto | ParseAs::Columns | ParseAs::Json | ParseAs::KeyValue | ParseAs::Csv => {
                Vec::new()
            }
        };
        self.by_rule = !self.open && known.is_empty();
        self.open = known.is_empty();
        self.parsed = true;
        known.iter().for_each(|column| self.add(column));
    }

    /// After `join`: columns that only the shell knows came in beside the own ones.
    pub(crate) const fn opened(&mut self) {
        self.open = true;
        self.by_rule = false;
    }

    /// After `select`: these, and what the shell knows of each row's node.
    pub(crate) fn selected(&mut self, columns: Vec<String>) {
        self.own = columns;
        self.open = false;
    }

    /// After `derive`.
    pub(crate) fn add(&mut self, column: &str) {
        if !self.own.iter().any(|c| c == column) {
            self.own.push(column.to_owned());
        }
    }

    /// After `group` and `count`: rows that stand for many nodes.
    pub(crate) fn grouped(&mut self, by: &[String], more: &[&str]) {
        self.own = by
            .iter()
            .cloned()
            .chain(more.iter().map(|c| (*c).to_owned()))
            .collect();
        self.open = false;
        self.from_nodes = false;
    }

    /// Whether `parse` has its text.
    pub(crate) fn has_text(&self) -> bool {
        self.open || self.own.iter().any(|c| c == "out")
    }

    /// Whether the rows can be what a command wrote on each node.
    pub(crate) fn has_answers(&self) -> bool {
        self.has_text() && !self.parsed
    }

    /// Whether the rows themselves have that column, whatever else is called so.
    pub(crate) fn owns(&self, name: &str) -> bool {
        self.own.iter().any(|c| c == name)
    }

    /// Whether a column can be there.
    pub(crate) fn has(&self, name: &str, inventory: &Inventory) -> bool {
        if self.own.iter().any(|c| c == name) {
            return true;
        }
        let reserved = |name: &str| RESERVED_COLUMNS.iter().any(|w| w.name == name);
        // A qualified name is never anything else.
        if let Some(label) = name.strip_prefix("label.") {
            return self.from_nodes && inventory.labels().contains_key(label);
        }
        if let Some(column) = name.strip_prefix("run.") {
            return self.from_nodes && reserved(column);
        }
        let of_node = matches!(name, "node" | "state") || inventory.labels().contains_key(name);
        let found = self.open && (!self.by_rule || is_column_name(name));
        found || self.from_nodes && of_node
    }

    /// Whether the rows themselves can have a column, without what the shell knows of their nodes.
    pub(crate) fn rows_have(&self, name: &str) -> bool {
        let found = self.open && (!self.by_rule || is_column_name(name));
        found || self.own.iter().any(|c| c == name)
    }

    /// The rows' own columns; `None` where only a run tells them.
    pub(crate) fn own(&self) -> Option<&[String]> {
        (!self.open).then_some(self.own.as_slice())
    }

    /// Whether each row was observed on one node.
    pub(crate) const fn is_from_nodes(&self) -> bool {
        self.from_nodes
    }

    /// All columns that can be there; `None` where that is not known.
    pub(crate) fn all(&self, inventory: &Inventory) -> Option<Vec<String>> {
        let labels = inventory.labels().keys();
        let of_node = RESERVED_COLUMNS.iter().map(|w| w.name.to_owned());
        let of_node = of_node
            .chain(labels.clone().cloned())
            .chain(labels.map(|key| format!("label.{key}")))
            .filter(|_| self.from_nodes);
        if self.open {
            return None;
        }
        let mut all: Vec<String> = self.own.clone();
        for column in of_node {
            if !all.contains(&column) {
                all.push(column);
            }
        }
        Some(all)
    }

    /// Help for a column that cannot be there.
    pub(crate) fn help(&self, name: &str, inventory: &Inventory, is_command: bool) -> String {
        if self.open && self.by_rule && !name.contains('.') {
            return format!(
                "columns of parsed text are lower case with `_` for signs: `{}`",
                column_name(name)
            );
        }
        let labels = inventory.labels().keys().map(String::as_str);
        let of_node = ["node", "state"]
            .into_iter()
            .chain(labels)
            .filter(|_| self.from_nodes);
        let all: Vec<&str> = self.own.iter().map(String::as_str).chain(of_node).collect();
        if let Some(near) = did_you_mean(name, all.iter().copied()) {
            return near;
        }
        if is_command && self.has_text() && !self.open {
            return "columns of a command's output exist behind `|> parse`; text wants quotes"
                .to_owned();
        }
        format!("the columns here are {}", all.join(", "))
    }
}

/// Whether a column is filled in by the shell, so that a step which reads it cannot run on a node.
///
/// `label.NAME` and `run.NAME` are how a column is named that another one hides. A name that is a label too is left to the shell whatever else it may be: the node cannot tell.
pub(crate) fn is_shells(name: &str, inventory: &Inventory) -> bool {
    let reserved =
        RESERVED_COLUMNS.iter().any(|w| w.name == name) && !NODE_SIDE_COLUMNS.contains(&name);
    reserved
        || name.starts_with("label.")
        || name.starts_with("run.")
        || inventory.labels().contains_key(name)
}
