//! Labels, facts and live states of a selector.

use hailer_protocol::metrics::Fact;

use super::picked::Picked;
use super::{Evaluation, LIVE_STATES, Live};
use crate::ast::{Ident, LabelTest};
use crate::diagnostic::{Code, Diagnostic};
use crate::facts;
use crate::nearest::did_you_mean;
use crate::node_set::{NodeId, NodeSet};
use crate::pattern::regex;

/// Values that a mistake lists.
const VALUES_LISTED: usize = 9;

impl Evaluation<'_> {
    pub(super) fn label(&mut self, key: &Ident, test: &LabelTest) -> Picked {
        let labels = self.world.inventory.labels();
        if let Some(fact) = facts::as_label(&key.name, self.world.inventory) {
            return self.fact(fact, key, test);
        }
        let Some(values) = labels.get(&key.name) else {
            return Picked::sure(self.unknown_key(key));
        };
        Picked::sure(match test {
            LabelTest::Is(wanted) => self.values(key, wanted),
            LabelTest::IsNot(unwanted) => {
                let have = self.world.inventory.with_label(&key.name);
                have.sub(&self.values(key, unwanted))
            }
            LabelTest::Matches(pattern) => match regex(&pattern.name) {
                Ok(regex) => {
                    let matching = values.iter().filter(|(value, _)| regex.is_match(value));
                    let set = matching.fold(NodeSet::default(), |all, (_, nodes)| all.or(nodes));
                    self.some(
                        set,
                        pattern.span,
                        &format!("no value of `{}` matches this", key.name),
                    )
                }
                Err(e) => self.fail(Diagnostic::new(Code::BadRegex, pattern.span, e)),
            },
        })
    }

    fn unknown_key(&mut self, key: &Ident) -> NodeSet {
        let labels = self.world.inventory.labels();
        let known: Vec<&str> = labels.keys().map(String::as_str).chain(["state"]).collect();
        let facts = hailer_protocol::metrics::FACTS.iter().map(|f| f.name);
        let help =
            did_you_mean(&key.name, known.iter().copied().chain(facts)).unwrap_or_else(|| {
                format!(
                    "the keys are {}; facts are keys too, and `help facts` lists them",
                    known.join(", ")
                )
            });
        self.fail(
            Diagnostic::new(
                Code::UnknownKey,
                key.span,
                format!("no node has a label `{}`", key.name),
            )
            .label("unknown key")
            .help(help),
        )
    }

    /// A test of what nodes say of themselves: unknown where they have not said it.
    fn fact(&mut self, fact: &'static Fact, key: &Ident, test: &LabelTest) -> Picked {
        if !facts::keeps(fact) {
            let name = fact.name;
            let d = Diagnostic::new(
                Code::BadSelector,
                key.span,
                format!("`{name}` changes all the time, and a selector's facts are remembered"),
            )
            .label("no key of selectors")
            .help(format!(
                "write `facts {name} |> where {name} …`, and then `@$ : …`"
            ));
            return Picked::sure(self.fail(d));
        }
        let pattern = match test {
            LabelTest::Matches(pattern) => match regex(&pattern.name) {
                Ok(regex) => Some(regex),
                Err(e) => {
                    let d = Diagnostic::new(Code::BadRegex, pattern.span, e);
                    return Picked::sure(self.fail(d));
                }
            },
            LabelTest::Is(_) | LabelTest::IsNot(_) => None,
        };
        let mut found = Found::default();
        for id in self.world.inventory.all().iter() {
            let Some(value) = self.world.learned.facts.value(id, fact) else {
                found.unknown.insert(id);
                continue;
            };
            // What the machine does not tell is as a label that it does not have.
            let Some(text) = facts::text(value) else {
                continue;
            };
            let is = match (test, &pattern) {
                (LabelTest::Is(wanted), _) => {
                    let hit = wanted.iter().position(|w| facts::is(value, &w.name));
                    found.hit(hit);
                    hit.is_some()
                }
                (LabelTest::IsNot(unwanted), _) => {
                    let hit = unwanted.iter().position(|w| facts::is(value, &w.name));
                    found.hit(hit);
                    hit.is_none()
                }
                (LabelTest::Matches(_), Some(regex)) => regex.is_match(&text),
                (LabelTest::Matches(_), None) => false,
            };
            found.value(id, text, is);
        }
        self.unknown_facts(fact, test, &found);
        Picked::with_unknown(found.matching, &found.unknown)
    }

    /// A value that no node has is a mistake, as it is of a label; unless nobody's facts are known.
    fn unknown_facts(&mut self, fact: &Fact, test: &LabelTest, found: &Found) {
        if found.values.is_empty() {
            return;
        }
        let (wanted, message) = match test {
            LabelTest::Is(wanted) | LabelTest::IsNot(wanted) => {
                let lost = wanted
                    .iter()
                    .enumerate()
                    .find(|(i, _)| !found.hits.contains(i));
                let Some((_, lost)) = lost else { return };
                (lost, format!("no node says `{}={}`", fact.name, lost.name))
            }
            LabelTest::Matches(_) if !found.matching.is_empty() => return,
            LabelTest::Matches(pattern) => (
                pattern,
                format!("no node says a `{}` that matches this", fact.name),
            ),
        };
        let values = || found.values.iter().map(String::as_str);
        let mut few: Vec<&str> = values().take(VALUES_LISTED).collect();
        if found.values.len() > few.len() {
            few.push("…");
        }
        let help = did_you_mean(&wanted.name, values())
            .unwrap_or_else(|| format!("they say {}", few.join(", ")));
        let unknown = match found.unknown.len() {
            0 => String::new(),
            n => format!("; the facts of {n} are not known"),
        };
        self.errors.push(
            Diagnostic::new(Code::UnknownValue, wanted.span, message)
                .label("unknown value")
                .help(format!("{help}{unknown}")),
        );
    }

    fn values(&mut self, key: &Ident, wanted: &[Ident]) -> NodeSet {
        let values = &self.world.inventory.labels()[&key.name];
        let mut set = NodeSet::default();
        for value in wanted {
            if let Some(nodes) = values.get(&value.name) {
                set = set.or(nodes);
                continue;
            }
            let help = if value.name.contains(['*', '?']) {
                let regex = value
                    .name
                    .replace('.', "\\.")
                    .replace('*', ".*")
                    .replace('?', ".");
                Some(format!(
                    "values know no globs: write `{}~'^{regex}$'`",
                    key.name
                ))
            } else {
                let few = || {
                    let mut names: Vec<&str> = values
                        .keys()
                        .map(String::as_str)
                        .take(VALUES_LISTED)
                        .collect();
                    if values.len() > names.len() {
                        names.push("…");
                    }
                    format!("its values are {}", names.join(", "))
                };
                let near = did_you_mean(&value.name, values.keys().map(String::as_str));
                Some(near.unwrap_or_else(few))
            };
            self.errors.push(
                Diagnostic::new(
                    Code::UnknownValue,
                    value.span,
                    format!("no node has `{}={}`", key.name, value.name),
                )
                .label("unknown value")
                .help_opt(help),
            );
        }
        set
    }

    pub(super) fn state(&mut self, states: &[Ident], negated: bool) -> NodeSet {
        let Live { up, down } = self.world.live;
        let all = self.world.inventory.all();
        let mut set = NodeSet::default();
        for state in states {
            set = match state.name.as_str() {
                "up" => set.or(up),
                "down" => set.or(down),
                "unknown" => set.or(&all.sub(up).sub(down)),
                other => {
                    let help = did_you_mean(other, LIVE_STATES).unwrap_or_else(|| {
                        format!(
                            "a node is {}; how a run ended is `$.{other}`",
                            LIVE_STATES.join(", ")
                        )
                    });
                    self.errors.push(
                        Diagnostic::new(
                            Code::UnknownValue,
                            state.span,
                            format!("no live state is called `{other}`"),
                        )
                        .label("unknown state")
                        .help(help),
                    );
                    set
                }
            };
        }
        if negated {
            all.sub(&set)
        } else {
            set.and(&all)
        }
    }
}

/// What the nodes said when they were tested.
#[derive(Default)]
struct Found {
    matching: NodeSet,
    unknown: NodeSet,
    /// Which of the wanted values some node has.
    hits: std::collections::BTreeSet<usize>,
    values: std::collections::BTreeSet<String>,
}

impl Found {
    fn hit(&mut self, wanted: Option<usize>) {
        self.hits.extend(wanted);
    }

    fn value(&mut self, node: NodeId, text: String, is: bool) {
        if is {
            self.matching.insert(node);
        }
        if !self.values.contains(&text) {
            self.values.insert(text);
        }
    }
}
