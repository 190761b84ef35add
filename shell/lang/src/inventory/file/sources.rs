//! `[groups.NAME]` of a fleet file: commands that know which nodes belong together.

use std::collections::BTreeMap;
use std::time::Duration;

use hailer_protocol::ids::Name;
use hailer_protocol::units::parse_quantity;
use hailer_protocol::value::Value;
use serde::Deserialize;
use toml::Spanned;

use super::Builder;
use crate::group_source::{CACHE_DEFAULT, GroupSource, TIMEOUT_DEFAULT};
use crate::words::is_reserved_label;

/// A source of groups as it is written. Its commands run by `/bin/sh -c` on the operator's machine, in
/// the fleet file's own folder, and print names one a line or folded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupsEntry {
    /// Prints the nodes of the group that the variable `GROUP` names.
    pub map: Spanned<String>,
    /// Prints the nodes of all groups, for `NAME:*`; without it they are listed and asked for one by one.
    pub all: Option<Spanned<String>>,
    /// Prints the names of the groups.
    pub list: Option<Spanned<String>>,
    /// Prints the groups of the node that the variable `NODE` names, for `? @NODE`.
    pub reverse: Option<Spanned<String>>,
    /// How long a command may take, such as `"5s"`.
    pub timeout: Option<Spanned<String>>,
    /// How long an answer is good, such as `"5m"`.
    pub cache: Option<Spanned<String>>,
}

impl Builder {
    pub(super) fn sources(
        &mut self,
        entries: &BTreeMap<Spanned<String>, Spanned<GroupsEntry>>,
    ) -> BTreeMap<String, GroupSource> {
        let mut sources = BTreeMap::new();
        for (name, spanned) in entries {
            let text = name.get_ref();
            if let Err(e) = Name::new(text.as_str()) {
                self.error(
                    name.span(),
                    format!("the name of a source of groups: {e}"),
                    "here",
                    None,
                );
            }
            if is_reserved_label(text) || text == "state" {
                let message = format!("no source of groups can be called `{text}`");
                self.error(name.span(), message, "a word of the language", None);
            }
            let entry = spanned.get_ref();
            self.check_commands(entry);
            let timeout = self.duration(entry.timeout.as_ref(), TIMEOUT_DEFAULT);
            let cache = self.duration(entry.cache.as_ref(), CACHE_DEFAULT);
            let text_of = |c: &Option<Spanned<String>>| c.as_ref().map(|c| c.get_ref().clone());
            let source = GroupSource {
                map: entry.map.get_ref().clone(),
                all: text_of(&entry.all),
                list: text_of(&entry.list),
                reverse: text_of(&entry.reverse),
                timeout,
                cache,
            };
            sources.insert(text.clone(), source);
        }
        sources
    }

    fn check_commands(&mut self, entry: &GroupsEntry) {
        let others = [&entry.all, &entry.list, &entry.reverse];
        let commands = others.into_iter().filter_map(Option::as_ref);
        for command in std::iter::once(&entry.map).chain(commands) {
            if command.get_ref().trim().is_empty() {
                let message = "the command is empty".to_owned();
                self.error(command.span(), message, "here", None);
            }
        }
        if !entry.map.get_ref().contains("GROUP") {
            self.error(
                entry.map.span(),
                "the command does not ask for a group".to_owned(),
                "the same for every group",
                Some("write `$GROUP` where the group's name belongs".to_owned()),
            );
        }
        if let Some(reverse) = &entry.reverse
            && !reverse.get_ref().contains("NODE")
        {
            self.error(
                reverse.span(),
                "the command does not ask for a node".to_owned(),
                "the same for every node",
                Some("write `$NODE` where the node's name belongs".to_owned()),
            );
        }
    }

    fn duration(&mut self, written: Option<&Spanned<String>>, default: Duration) -> Duration {
        let Some(written) = written else {
            return default;
        };
        let read = match parse_quantity(written.get_ref()) {
            Some(Value::Duration(ns)) => u64::try_from(ns).ok().map(Duration::from_nanos),
            Some(_) | None => None,
        };
        read.unwrap_or_else(|| {
            let message = format!("`{}` is no duration", written.get_ref());
            self.error(
                written.span(),
                message,
                "here",
                Some("write `5s` or `10m`".to_owned()),
            );
            default
        })
    }
}
