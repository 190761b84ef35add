//! The fleet file: TOML text to an [`Inventory`], with every mistake at its place.

mod sources;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use hailer_protocol::ids::Name;
use serde::Deserialize;
use toml::Spanned;

pub use self::sources::GroupsEntry;
use super::{Inventory, Node};
use crate::diagnostic::{Code, Diagnostic};
use crate::nearest::did_you_mean;
use crate::node_set::NodeId;
use crate::node_set::unfold::{NAMES_MAX, PatternError};
use crate::span::Span;
use crate::words::is_reserved_label;

/// A fleet file as it is written. Paths in it are relative to the file's own folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetFile {
    /// The fleet's name, as certificates name it.
    pub fleet: Spanned<String>,
    /// The certificate authority's certificate, in PEM.
    pub ca: Option<String>,
    /// Who asks.
    pub operator: Option<Credential>,
    /// The scope at the start; without it batch has none.
    pub default_scope: Option<Spanned<String>>,
    /// The nodes.
    #[serde(default)]
    pub nodes: Vec<Spanned<NodesEntry>>,
    /// Sources of groups.
    #[serde(default)]
    pub groups: BTreeMap<Spanned<String>, Spanned<GroupsEntry>>,
}

/// A certificate with its key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The certificate chain, in PEM.
    pub cert: String,
    /// The private key, in PEM.
    pub key: String,
}

/// Nodes that are described together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodesEntry {
    /// A folded set of names: `web[001-200]`, `a,b[1-2]`.
    pub names: Spanned<String>,
    /// `host:port`, where `{name}` is the node's name.
    pub address: Option<Spanned<String>>,
    /// One address for each name, in the order of the names.
    pub addresses: Option<Spanned<Vec<String>>>,
    /// Labels of all of them.
    #[serde(default)]
    pub labels: BTreeMap<String, Spanned<LabelValue>>,
    /// Groups that all of them are in.
    #[serde(default)]
    pub groups: Vec<Spanned<String>>,
}

/// A label's value; numbers and booleans are taken as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum LabelValue {
    /// `"fra"`.
    Text(String),
    /// `7`.
    Number(i64),
    /// `true`.
    Flag(bool),
}

impl std::fmt::Display for LabelValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(s) => f.pad(s),
            Self::Number(n) => n.fmt(f),
            Self::Flag(b) => b.fmt(f),
        }
    }
}

impl FleetFile {
    /// Reads the text of a fleet file.
    ///
    /// # Errors
    /// One diagnostic, whose span lies in `text`; [`Diagnostic::render`] shows the place.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        toml::from_str(text).map_err(|e| {
            let span = e.span().unwrap_or_default();
            Diagnostic::new(Code::FleetFile, place(&span), one_line(e.message())).label("here")
        })
    }
}

impl Inventory {
    /// Makes an inventory of a fleet file.
    ///
    /// # Errors
    /// Every mistake in the file, in the order of its text.
    pub fn from_fleet_file(file: &FleetFile) -> Result<Self, Vec<Diagnostic>> {
        let mut builder = Builder::default();
        let fleet = Name::new(file.fleet.get_ref().as_str());
        if let Err(e) = &fleet {
            builder.error(
                file.fleet.span(),
                format!("the fleet's name: {e}"),
                "here",
                None,
            );
        }
        for entry in &file.nodes {
            builder.entry(entry);
        }
        builder.names_that_are_both();
        let sources = builder.sources(&file.groups);
        if file.nodes.is_empty() {
            builder.error(
                file.fleet.span(),
                "the fleet has no nodes".to_owned(),
                "",
                Some("add `[[nodes]]` with `names` and `address`".to_owned()),
            );
        }
        let mut errors = builder.errors;
        errors.sort_by_key(|d| d.span);
        match fleet {
            Ok(fleet) if errors.is_empty() => Ok(Self::new(
                fleet,
                builder.nodes,
                builder
                    .groups
                    .into_iter()
                    .map(|(name, (_, set))| (name, set))
                    .collect(),
                sources,
            )),
            _ => Err(errors),
        }
    }
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    names: HashSet<String>,
    groups: BTreeMap<String, (Range<usize>, crate::node_set::NodeSet)>,
    errors: Vec<Diagnostic>,
}

impl Builder {
    fn error(&mut self, at: Range<usize>, message: String, label: &str, help: Option<String>) {
        let d = Diagnostic::new(Code::FleetFile, place(&at), message)
            .label(label)
            .help_opt(help);
        self.errors.push(d);
    }

    fn entry(&mut self, spanned: &Spanned<NodesEntry>) {
        let entry = spanned.get_ref();
        let names = self.names(&entry.names);
        let addresses = self.addresses(spanned, &names);
        let labels = Arc::new(self.labels(entry));
        let first = self.nodes.len();
        let mut twice: Vec<Name> = Vec::new();
        self.names.reserve(names.len());
        for (name, address) in names.into_iter().zip(addresses) {
            if !self.names.insert(name.as_str().to_owned()) {
                twice.push(name);
                continue;
            }
            self.nodes.push(Node {
                name,
                address,
                labels: Arc::clone(&labels),
            });
        }
        if !twice.is_empty() {
            let folded = crate::node_set::fold::fold_limited(twice.iter().map(Name::as_str), 60);
            self.error(
                entry.names.span(),
                format!("{folded} occurs twice"),
                "a second time",
                Some("a node stands in one `[[nodes]]` only".to_owned()),
            );
        }
        let added = (first..self.nodes.len())
            .filter_map(|i| u32::try_from(i).ok())
            .map(NodeId);
        let added: Vec<NodeId> = added.collect();
        for group in &entry.groups {
            if let Err(e) = Name::new(group.get_ref().as_str()) {
                self.error(group.span(), format!("the group's name: {e}"), "here", None);
                continue;
            }
            if is_reserved_label(group.get_ref()) {
                let message = format!("no group can be called `{}`", group.get_ref());
                self.error(group.span(), message, "a word of the language", None);
                continue;
            }
            let (_, set) = self
                .groups
                .entry(group.get_ref().clone())
                .or_insert_with(|| (group.span(), crate::node_set::NodeSet::default()));
            set.extend(added.iter().copied());
        }
    }

    /// Expands `names`; nothing where a part of it is wrong.
    fn names(&mut self, names: &Spanned<String>) -> Vec<Name> {
        let text = names.get_ref();
        // A name may be surrounded by blanks in a list, which patterns know nothing of.
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let expanded = match crate::node_set::unfold::unfold(&compact) {
            Ok(expanded) => expanded,
            Err(PatternError { reason, .. }) => {
                self.error(names.span(), format!("`names`: {reason}"), "here", None);
                return Vec::new();
            }
        };
        if expanded.len() as u64 + self.nodes.len() as u64 > NAMES_MAX {
            self.error(
                names.span(),
                format!("a fleet has at most {NAMES_MAX} nodes"),
                "too many",
                None,
            );
            return Vec::new();
        }
        if expanded.is_empty() {
            self.error(names.span(), "`names` is empty".to_owned(), "here", None);
        }
        let checked = expanded.into_iter().map(|name| match name.as_str() {
            "all" => Err("no node can be called `all`".to_owned()),
            _ => Name::new(name).map_err(|e| e.to_string()),
        });
        checked.collect::<Result<_, _>>().unwrap_or_else(|reason| {
            self.error(names.span(), format!("`names`: {reason}"), "here", None);
            Vec::new()
        })
    }

    /// One address for each name; empty where there are none to be had.
    fn addresses(&mut self, spanned: &Spanned<NodesEntry>, names: &[Name]) -> Vec<String> {
        let entry = spanned.get_ref();
        match (&entry.address, &entry.addresses) {
            (Some(one), None) => {
                let template = one.get_ref();
                if names.len() > 1 && !template.contains("{name}") {
                    self.error(
                        one.span(),
                        format!("{} nodes cannot share one address", names.len()),
                        "no `{name}` in it",
                        Some(
                            "write `{name}` where the node's name belongs, or `addresses = […]`"
                                .to_owned(),
                        ),
                    );
                }
                self.address(template, &one.span());
                names
                    .iter()
                    .map(|n| template.replace("{name}", n.as_str()))
                    .collect()
            }
            (None, Some(many)) => {
                if many.get_ref().len() != names.len() && !names.is_empty() {
                    self.error(
                        many.span(),
                        format!(
                            "{} addresses for {} names",
                            many.get_ref().len(),
                            names.len()
                        ),
                        "one each is needed",
                        None,
                    );
                    return Vec::new();
                }
                for address in many.get_ref() {
                    self.address(address, &many.span());
                }
                many.get_ref().clone()
            }
            (Some(_), Some(many)) => {
                let message = "`address` and `addresses` exclude each other".to_owned();
                self.error(many.span(), message, "one of them is too much", None);
                Vec::new()
            }
            (None, None) => {
                self.error(
                    entry.names.span(),
                    "these nodes have no address".to_owned(),
                    "",
                    Some("add `address = \"{name}:7117\"`".to_owned()),
                );
                Vec::new()
            }
        }
    }

    fn address(&mut self, address: &str, at: &Range<usize>) {
        let port = address
            .rsplit_once(':')
            .filter(|(host, _)| !host.is_empty())
            .map(|(_, port)| port);
        let valid = port.is_some_and(|p| p.parse::<u16>().is_ok_and(|p| p > 0));
        if !valid || address.contains(char::is_whitespace) {
            let message = format!("`{address}` is not of the form host:port");
            self.error(
                at.clone(),
                message,
                "here",
                Some("the agent's usual port is 7117".to_owned()),
            );
        }
    }

    fn labels(&mut self, entry: &NodesEntry) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        for (key, value) in &entry.labels {
            let form = key.starts_with(|c: char| c.is_ascii_lowercase())
                && key
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !form {
                let message = format!(
                    "`{key}` cannot be a label: lower-case letters, digits and `_`, starting with a letter"
                );
                self.error(value.span(), message, "the label of this value", None);
            } else if is_reserved_label(key) {
                let message = format!("no label can be called `{key}`");
                self.error(
                    value.span(),
                    message,
                    "its key is a word of the language",
                    None,
                );
            } else {
                labels.insert(key.clone(), value.get_ref().to_string());
            }
        }
        labels
    }

    fn names_that_are_both(&mut self) {
        let both: Vec<(String, Range<usize>)> = self
            .groups
            .iter()
            .filter(|(name, _)| self.names.contains(*name))
            .map(|(name, (span, _))| (name.clone(), span.clone()))
            .collect();
        for (name, span) in both {
            self.error(
                span,
                format!("`{name}` is a node too"),
                "a group here",
                Some("selectors could not tell them apart: rename one".to_owned()),
            );
        }
    }
}

const fn place(range: &Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

/// Adds the nearest field to serde's message about an unknown one.
fn one_line(message: &str) -> String {
    let line = message.lines().collect::<Vec<_>>().join("; ");
    let quoted: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
    let near = match (line.starts_with("unknown field"), quoted.split_first()) {
        (true, Some((unknown, known))) => {
            let known: BTreeSet<&str> = known.iter().copied().collect();
            did_you_mean(unknown, known)
        }
        _ => None,
    };
    near.map_or_else(|| line.clone(), |near| format!("{line}; {near}"))
}

#[cfg(test)]
mod tests;
