//! Reads a policy: lines into groups and rules, and every mistake with its place.

mod clause;
mod head;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::ids::Name;
use crate::limits::POLICY_MAX;
use crate::mistake::Mistake;
use crate::nearest::{did_you_mean, nearest};

use super::Placed;
use super::rule::{Effect, Granted, Group, Needs, People, Person, Rule};
use super::token::{Token, tokens};
use super::window::Window;
use super::{CommandPattern, LabelTerm};

type Parsed = (BTreeMap<Name, Group>, Vec<Placed>, Vec<Mistake>);

pub(super) fn parse(text: &str) -> Parsed {
    if text.len() > POLICY_MAX {
        let at = text.floor_char_boundary(POLICY_MAX);
        let message = format!(
            "the policy has {} bytes, at most {POLICY_MAX} are allowed",
            text.len()
        );
        return (
            BTreeMap::new(),
            Vec::new(),
            vec![Mistake::new(at..at, message)],
        );
    }
    let mut reader = Reader::default();
    let mut at = 0;
    for (n, line) in text.split('\n').enumerate() {
        reader.line(n + 1, line.strip_suffix('\r').unwrap_or(line), at);
        at += line.len() + 1;
    }
    reader.end()
}

/// What was read so far.
#[derive(Debug, Default)]
struct Reader {
    groups: BTreeMap<Name, Group>,
    rules: Vec<Placed>,
    mistakes: Vec<Mistake>,
    /// Groups and operators that rules name, to be looked up once all groups are declared.
    named: Vec<Named>,
    open: Open,
}

/// A name in a list of people, and where it stands.
type Named = (Person, Range<usize>);

/// Whose clauses the next lines are.
#[derive(Debug, Default)]
enum Open {
    /// Nobody's.
    #[default]
    Nothing,
    /// A rule's.
    Rule(Box<Draft>),
    /// A rule's whose first line has a mistake: its clauses are not held against the writer.
    Broken,
}

/// A rule whose clauses are being read.
#[derive(Debug)]
struct Draft {
    line: usize,
    /// Of its first line.
    span: Range<usize>,
    effect: Effect,
    to: Option<People>,
    on: Option<Vec<LabelTerm>>,
    at: Vec<Window>,
    commands: Vec<CommandPattern>,
    needs: Needs,
    /// Clauses that have a mistake, and so are not missing.
    broken: BTreeSet<&'static str>,
}

/// One line behind its keyword.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    keyword: Token<'a>,
    text: &'a str,
    /// Byte position of `text`.
    at: usize,
}

impl<'a> Line<'a> {
    fn tokens(&self) -> Vec<Token<'a>> {
        tokens(self.text, self.at)
    }

    /// Where something is missing.
    const fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

const HEADS: [&str; 3] = ["group", "allow", "deny"];
const CLAUSES: [&str; 5] = ["to", "on", "at", "needs", "command"];

impl Reader {
    fn line(&mut self, number: usize, text: &str, at: usize) {
        let body = text.trim_start_matches([' ', '\t']);
        let at = at + (text.len() - body.len());
        let body = body.trim_end_matches([' ', '\t']);
        // In a comment, too: text that is not what it looks like has no place in a policy.
        if let Some((hidden, c)) = hidden(body) {
            let span = at + hidden..at + hidden + c.len_utf8();
            let message = format!("the character U+{:04X} cannot be seen", u32::from(c));
            self.mistakes
                .push(Mistake::new(span, message).help("take it out"));
            return;
        }
        if body.is_empty() || body.starts_with('#') {
            return;
        }
        let end = body.find([' ', '\t', '=', ',']).unwrap_or(body.len());
        let (word, rest) = body.split_at(end);
        let text = rest.trim_start_matches([' ', '\t']);
        let line = Line {
            keyword: Token { text: word, at },
            text,
            at: at + body.len() - text.len(),
        };
        match word {
            "group" => {
                self.close();
                self.group(line);
            }
            "allow" | "deny" => {
                self.close();
                self.open = match head::parse(line) {
                    Ok(effect) => Open::Rule(Box::new(Draft::new(number, at..line.end(), effect))),
                    Err(mistake) => {
                        self.mistakes.push(mistake);
                        Open::Broken
                    }
                };
            }
            "to" | "on" | "at" | "needs" | "command" => self.clause(line),
            _ => self.unknown(line),
        }
    }

    fn unknown(&mut self, line: Line<'_>) {
        let word = line.keyword.text;
        let help = did_you_mean(word, HEADS.into_iter().chain(CLAUSES)).unwrap_or_else(|| {
            "a line begins with group, allow or deny, or below those with to, on, at, needs or command"
                .to_owned()
        });
        let message = format!("no line of a policy begins with `{word}`");
        self.mistakes
            .push(Mistake::new(line.keyword.span(), message).help(help));
        let meant = nearest(word, CLAUSES.into_iter().chain(HEADS));
        if meant.is_some_and(|meant| HEADS.contains(&meant)) {
            self.close();
            self.open = Open::Broken;
        } else if let Open::Rule(draft) = &mut self.open {
            draft.broken.extend(meant);
        }
    }

    fn clause(&mut self, line: Line<'_>) {
        let result = match &mut self.open {
            Open::Rule(draft) => draft.clause(line, &mut self.named),
            Open::Broken => return,
            Open::Nothing => Err(Mistake::new(
                line.keyword.span(),
                format!("`{}` stands below no rule", line.keyword.text),
            )
            .help("begin with `allow …` or `deny …`")),
        };
        self.mistakes.extend(result.err());
    }

    fn group(&mut self, line: Line<'_>) {
        match head::group(line) {
            Ok((name, group)) if !self.groups.contains_key(&name) => {
                self.groups.insert(name, group);
            }
            Ok((name, _)) => self.mistakes.push(
                Mistake::new(
                    line.keyword.at..line.end(),
                    format!("the group `{name}` is declared twice"),
                )
                .help("write all of its members in one line"),
            ),
            Err((name, mistake)) => {
                self.mistakes.push(mistake);
                // It is declared, if badly: whoever names it makes no second mistake.
                if let Some(name) = name {
                    self.groups.entry(name).or_insert(Group::Certificate);
                }
            }
        }
    }

    fn close(&mut self) {
        if let Open::Rule(draft) = std::mem::take(&mut self.open) {
            self.mistakes.extend(draft.missing());
            self.rules.push(draft.finish());
        }
    }

    fn end(mut self) -> Parsed {
        self.close();
        for (person, span) in &self.named {
            self.mistakes
                .extend(misnamed(person, span.clone(), &self.groups));
        }
        (self.groups, self.rules, self.mistakes)
    }
}

impl Draft {
    fn new(line: usize, span: Range<usize>, effect: Effect) -> Self {
        Self {
            line,
            span,
            effect,
            to: None,
            on: None,
            at: Vec::new(),
            commands: Vec::new(),
            needs: Needs::default(),
            broken: BTreeSet::new(),
        }
    }

    /// What the rule cannot be without.
    fn missing(&self) -> Vec<Mistake> {
        let mut missing = Vec::new();
        let Effect::Allow(granted) = &self.effect else {
            return missing;
        };
        if self.to.is_none() && !self.broken.contains("to") {
            missing.push(
                Mistake::new(
                    self.span.clone(),
                    "this rule does not say whom it allows it",
                )
                .label("no `to` below")
                .help("add `to alice, group oncall`, or `to anyone`"),
            );
        }
        let is_read = matches!(granted, Granted::Read(_));
        if is_read && self.commands.is_empty() && !self.broken.contains("command") {
            missing.push(
                Mistake::new(self.span.clone(), "this rule does not say what may be read")
                    .label("no `command` below")
                    .help("add `command df -h`, one line for each command"),
            );
        }
        missing
    }

    fn finish(self) -> Placed {
        let nobody = || match self.effect {
            Effect::Allow(_) => People::These(BTreeSet::new()),
            Effect::Deny { .. } => People::Anyone,
        };
        Placed {
            line: self.line,
            rule: Rule {
                to: self.to.unwrap_or_else(nobody),
                effect: self.effect,
                on: self.on.unwrap_or_default(),
                at: self.at,
                commands: self.commands,
                needs: self.needs,
            },
        }
    }
}

/// A group that nobody declared, or a group that is taken for an operator: a denial of either would
/// deny nobody.
fn misnamed(
    person: &Person,
    span: Range<usize>,
    groups: &BTreeMap<Name, Group>,
) -> Option<Mistake> {
    match person {
        Person::Operator(name) if groups.contains_key(name) => Some(
            Mistake::new(span, format!("`{name}` is a group"))
                .help(format!("write `group {name}`")),
        ),
        Person::Group(name) if !groups.contains_key(name) => {
            let near = did_you_mean(name.as_str(), groups.keys().map(Name::as_str));
            let help = near.unwrap_or_else(|| {
                format!(
                    "declare it: `group {name} = alice, bob`, or `group {name} from certificate`"
                )
            });
            Some(Mistake::new(span, format!("no group is called `{name}`")).help(help))
        }
        Person::Operator(_) | Person::Group(_) => None,
    }
}

/// The first character that is not shown as it is, and where it is; a tab is shown.
fn hidden(text: &str) -> Option<(usize, char)> {
    text.split('\t')
        .find_map(super::words::hidden_in)
        .and_then(|c| text.find(c).map(|at| (at, c)))
}

/// Reads one or more people: `anyone`, or operators and groups.
fn people(tokens: &[Token<'_>], end: usize, named: &mut Vec<Named>) -> Result<People, Mistake> {
    let mut these = BTreeSet::new();
    for item in items(tokens, end, "a name")? {
        match item {
            [one] if one.text == "anyone" => {
                if tokens.len() > 1 {
                    return Err(Mistake::new(one.span(), "`anyone` stands alone")
                        .help("leave the others out, they are meant as well"));
                }
                return Ok(People::Anyone);
            }
            [one] if one.text == "group" => {
                return Err(Mistake::new(
                    one.span().end..one.span().end,
                    "the group's name is missing",
                ));
            }
            [one] => {
                let person = Person::Operator(name(one)?);
                named.push((person.clone(), one.span()));
                these.insert(person);
            }
            [group, one] if group.text == "group" => {
                let person = Person::Group(name(one)?);
                named.push((person.clone(), one.span()));
                these.insert(person);
            }
            [_, extra, ..] => {
                return Err(Mistake::new(
                    extra.span(),
                    format!("`{}` is unexpected here", extra.text),
                )
                .help("write `alice, group oncall`, with commas between"));
            }
            [] => {}
        }
    }
    Ok(People::These(these))
}

fn name(token: &Token<'_>) -> Result<Name, Mistake> {
    Name::new(token.text).map_err(|e| {
        let mistake = Mistake::new(token.span(), e.to_string());
        if token.text == "*" {
            return mistake.help("write `anyone`");
        }
        mistake
    })
}

/// Splits at commas; an item without words is a mistake.
fn items<'t, 'a>(
    tokens: &'t [Token<'a>],
    end: usize,
    what: &str,
) -> Result<Vec<&'t [Token<'a>]>, Mistake> {
    let items: Vec<&[Token<'a>]> = tokens.split(|t| t.text == ",").collect();
    if items.iter().all(|item| !item.is_empty()) {
        return Ok(items);
    }
    let at = tokens.first().map_or(end, |first| first.at);
    Err(Mistake::new(at..end, format!("{what} is missing")))
}
