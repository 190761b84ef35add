//! Names, globs and groups of a selector.

use super::Evaluation;
use crate::ast::SetKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::facts::as_label;
use crate::group_source::{ALL, GROUPS_MAX};
use crate::nearest::did_you_mean;
use crate::node_set::unfold::{NAMES_MAX, Pattern};
use crate::node_set::{NodeSet, fold::fold_limited};
use crate::pattern::glob_matches;
use crate::span::Span;

impl Evaluation<'_> {
    fn too_many(&mut self, pattern: &Pattern, span: Span) -> bool {
        if pattern.count() > NAMES_MAX {
            self.errors.push(
                Diagnostic::new(
                    Code::TooMany,
                    span,
                    format!("this stands for more than {NAMES_MAX} names"),
                )
                .label("too many"),
            );
            return true;
        }
        false
    }

    pub(super) fn names(&mut self, pattern: &Pattern, span: Span) -> NodeSet {
        let inventory = self.world.inventory;
        if let Some(name) = pattern.plain() {
            return match (inventory.id(name), inventory.groups().get(name)) {
                (Some(id), _) => std::iter::once(id).collect(),
                (None, Some(group)) => group.clone(),
                (None, None) => self.unknown_name(name, span),
            };
        }
        if self.too_many(pattern, span) {
            return NodeSet::default();
        }
        let mut set = NodeSet::default();
        let mut unknown = Vec::new();
        pattern.for_each(&mut |name| match inventory.id(name) {
            Some(id) => set.insert(id),
            None => unknown.push(name.to_owned()),
        });
        if !unknown.is_empty() {
            let of = pattern.count();
            let names = fold_limited(unknown.iter().map(String::as_str), 60);
            let message = format!(
                "{} of {of} names are not in the fleet: {names}",
                unknown.len()
            );
            let d = Diagnostic::new(Code::UnknownName, span, message).label("unknown nodes");
            let glob = pattern.text.split('[').next().unwrap_or_default();
            let known = self.nodes_where(|_, name| !glob.is_empty() && name.starts_with(glob));
            let minus = pattern.text.match_indices('-').find_map(|(at, _)| {
                let (left, right) = (&pattern.text[..at], &pattern.text[at + 1..]);
                let is_known = |part: &str| {
                    let part = Pattern::parse(part).ok().filter(|p| p.count() <= of);
                    part.is_some_and(|p| p.names().iter().all(|n| inventory.id(n).is_some()))
                };
                (is_known(left) && is_known(right)).then(|| {
                    format!("`-` is a part of names; to take nodes away, write `{left} ! {right}`")
                })
            });
            let help = if minus.is_some() {
                minus
            } else if known.is_empty() {
                let names = inventory.nodes().iter().map(|n| n.name.as_str());
                unknown.first().and_then(|u| did_you_mean(u, names))
            } else {
                Some(format!(
                    "the fleet has {}",
                    inventory.fold_limited(&known, 60)
                ))
            };
            return self.fail(d.help_opt(help));
        }
        set
    }

    fn unknown_name(&mut self, name: &str, span: Span) -> NodeSet {
        let help = self.meant(name);
        self.fail(
            Diagnostic::new(
                Code::UnknownName,
                span,
                format!("no node and no group is called `{name}`"),
            )
            .label("unknown name")
            .help_opt(help),
        )
    }

    /// What may have been meant by a name that nothing has.
    fn meant(&self, name: &str) -> Option<String> {
        let inventory = self.world.inventory;
        let labels = inventory.labels();
        let is_known =
            |name: &str| inventory.id(name).is_some() || inventory.groups().contains_key(name);
        if let Some((key, _)) = labels.iter().find(|(_, values)| values.contains_key(name)) {
            return Some(format!("write `{key}={name}`"));
        }
        if let Some(values) = labels.get(name) {
            let value = values.keys().next().map_or("VALUE", String::as_str);
            return Some(format!(
                "it is a label: write `{name}={value}` or another value of it"
            ));
        }
        if as_label(name, inventory).is_some() {
            return Some(format!(
                "it is a fact: write `{name}=VALUE` or `{name}~'REGEX'`"
            ));
        }
        if inventory.sources().contains_key(name) {
            return Some(format!(
                "it is a source of groups: write `{name}:GROUP`, or `{name}:*` for all of them"
            ));
        }
        let states = super::LIVE_STATES.contains(&name);
        if states {
            return Some(format!("who is connected is asked by `state={name}`"));
        }
        if SetKind::by_name(name).is_some() {
            return Some(format!(
                "how nodes of the last run ended is asked by `$.{name}`"
            ));
        }
        let minus = name
            .match_indices('-')
            .map(|(at, _)| (&name[..at], &name[at + 1..]));
        if let Some((left, right)) = minus.into_iter().find(|(l, r)| is_known(l) && is_known(r)) {
            return Some(format!(
                "`-` is a part of names; to take nodes away, write `{left} ! {right}`"
            ));
        }
        let short = name.split('.').next().unwrap_or_default();
        if short != name && is_known(short) {
            return Some(format!("the fleet calls it `{short}`"));
        }
        let host = |address: &str| address.rsplit_once(':').map(|(host, _)| host.to_owned());
        let at = inventory
            .nodes()
            .iter()
            .find(|n| host(&n.address).as_deref() == Some(name));
        if let Some(node) = at {
            return Some(format!("it is the address of `{}`", node.name));
        }
        let groups = inventory.groups().keys().map(String::as_str);
        did_you_mean(
            name,
            groups.chain(inventory.nodes().iter().map(|n| n.name.as_str())),
        )
    }

    /// `@group`.
    pub(super) fn group(&mut self, name: &str, span: Span) -> NodeSet {
        let inventory = self.world.inventory;
        if let Some(nodes) = inventory.groups().get(name) {
            return nodes.clone();
        }
        let groups = inventory.groups().keys().map(String::as_str);
        let help = did_you_mean(name, groups).or_else(|| {
            inventory
                .id(name)
                .map(|_| format!("it is a node: write `{name}`"))
        });
        let all: Vec<&str> = inventory
            .groups()
            .keys()
            .map(String::as_str)
            .take(9)
            .collect();
        let list = (!all.is_empty()).then(|| format!("the groups are {}", all.join(", ")));
        self.fail(
            Diagnostic::new(
                Code::UnknownGroup,
                span,
                format!("no group is called `{name}`"),
            )
            .label("unknown group")
            .help_opt(help.or(list)),
        )
    }

    /// `source:group`.
    pub(super) fn source(&mut self, source: &str, groups: &Pattern, span: Span) -> NodeSet {
        let inventory = self.world.inventory;
        if !inventory.sources().contains_key(source) {
            let known = inventory.sources().keys().map(String::as_str);
            let help = did_you_mean(source, known);
            return self.fail(
                Diagnostic::new(
                    Code::UnknownGroup,
                    span,
                    format!("no source of groups is called `{source}`"),
                )
                .label("unknown source")
                .help_opt(help),
            );
        }
        if groups.count() > GROUPS_MAX {
            let message =
                format!("this stands for more than {GROUPS_MAX} groups, and each is a command");
            return self.fail(Diagnostic::new(Code::TooMany, span, message).label("too many"));
        }
        let mut set = NodeSet::default();
        for group in groups.names() {
            let of_all = if group == ALL { "all its groups" } else { "it" };
            match self
                .world
                .learned
                .groups
                .of(&(source.to_owned(), group.clone()))
            {
                Some(Ok(answer)) if answer.nodes.is_empty() => {
                    let message = if answer.elsewhere == 0 {
                        format!("source `{source}` knows no node of `{group}`")
                    } else {
                        let n = answer.elsewhere;
                        format!(
                            "source `{source}` has {n} nodes in `{group}`, and none of them is in the fleet"
                        )
                    };
                    let d = Diagnostic::new(Code::UnknownGroup, span, message).label("no nodes");
                    self.errors.push(d);
                }
                Some(Ok(answer)) => set = set.or(&answer.nodes),
                Some(Err(why)) => {
                    let message = format!("ask source `{source}` for `{group}`: {why}");
                    let d = Diagnostic::new(Code::GroupSource, span, message).label("no answer");
                    self.errors.push(d);
                }
                None => {
                    let message = format!("source `{source}` was not asked for `{group}`");
                    self.errors.push(
                        Diagnostic::new(Code::GroupSource, span, message)
                            .label("no answer")
                            .help(format!("`? @{source}:{group}` asks for {of_all}")),
                    );
                }
            }
        }
        set
    }

    pub(super) fn glob(&mut self, pattern: &Pattern, span: Span) -> NodeSet {
        if self.too_many(pattern, span) {
            return NodeSet::default();
        }
        let mut set = NodeSet::default();
        let mut lost = None;
        for glob in pattern.names() {
            let matched = self.nodes_where(|_, name| glob_matches(&glob, name));
            if matched.is_empty() {
                lost.get_or_insert(glob);
            }
            set = set.or(&matched);
        }
        match lost {
            Some(glob) => self.some(
                NodeSet::default(),
                span,
                &format!("no node's name matches `{glob}`"),
            ),
            None => set,
        }
    }
}
