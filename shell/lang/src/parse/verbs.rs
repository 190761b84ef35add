//! Fleet verbs: what stands between one `|>` and the next.

use hailer_protocol::limits::PLAN_STEPS_MAX;
use hailer_protocol::row_plan::ParseAs;

use super::{Parser, Style};
use crate::ast::{SortItem, Stage, Verb};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::Open;
use crate::lexer::token::{self, Lexed, Token};
use crate::nearest::did_you_mean;
use crate::span::Span;
use crate::words;

impl Parser<'_> {
    pub(super) fn at_pipe_or_end(&self) -> bool {
        matches!(self.peek().token, Token::Pipe | Token::End)
    }

    /// Reads `|> verb …` until the end. Every stage is read, whatever is wrong with those before.
    pub(super) fn stages(&mut self) -> Vec<Stage> {
        let mut stages = Vec::new();
        loop {
            let pipe = self.peek();
            if pipe.token != Token::Pipe {
                self.skip_blanks();
                return stages;
            }
            self.take(&pipe, Style::Operator);
            if self.peek().token == Token::End {
                self.skip_blanks();
                self.open = Some(Open::After("|>"));
                return stages;
            }
            if stages.len() == PLAN_STEPS_MAX {
                self.error(
                    Diagnostic::new(
                        Code::TooMany,
                        pipe.span,
                        format!("a line has at most {PLAN_STEPS_MAX} fleet verbs"),
                    )
                    .label("one too many"),
                );
                self.at = self.text.len();
                return stages;
            }
            let verb = self.peek().span;
            if let Some(stage) = self.stage() {
                stages.push(stage);
            }
            self.end_of_stage(verb.of(self.text));
        }
    }

    fn stage(&mut self) -> Option<Stage> {
        let next = self.peek();
        let Token::Word(word) = &next.token else {
            let found = if next.token == Token::Pipe {
                "two `|>` with nothing between them"
            } else {
                "a fleet verb is missing behind `|>`"
            };
            self.error(
                Diagnostic::new(Code::Missing, next.span, found)
                    .label("expected a verb")
                    .help(format!(
                        "the verbs are {}",
                        words::names(words::VERBS).collect::<Vec<_>>().join(", ")
                    )),
            );
            self.skip_stage();
            return None;
        };
        let glued = &self.text[next.span.end..];
        if words::find(words::VERBS, word).is_none() || glued.starts_with("-by") {
            let more = glued
                .find(|c: char| !(c.is_alphanumeric() || c == '-'))
                .unwrap_or(glued.len());
            let span = Span::new(next.span.start, next.span.end + more);
            self.unknown_verb(span.of(self.text), span);
            return None;
        }
        let word = word.clone();
        let start = self.take(&next, Style::Verb);
        let before = self.diagnostics.len();
        let verb = self.verb(&word, start);
        let failed = self.diagnostics.len() > before;
        if failed {
            self.skip_stage();
        }
        let span = Span::new(start.start, self.at.max(start.end));
        verb.map(|verb| Stage { verb, span })
    }

    fn unknown_verb(&mut self, word: &str, span: Span) {
        let near = did_you_mean(word, words::names(words::VERBS));
        let sql = habits::our_verb(word);
        let help = sql.map(|s| format!("`{s}` does that here")).or(near);
        self.error(
            Diagnostic::new(
                Code::UnknownVerb,
                span,
                format!("no fleet verb is called `{word}`"),
            )
            .label("unknown verb")
            .help(help.unwrap_or_else(|| {
                "behind `|>` stand fleet verbs; a pipe on the node is a plain `|`".to_owned()
            })),
        );
        self.skip_stage();
    }

    /// Moves to the next `|>` or the end.
    fn skip_stage(&mut self) {
        loop {
            let next = self.peek();
            match next.token {
                Token::Pipe | Token::End => return,
                Token::OpenQuote(c) => {
                    self.open = Some(Open::Quote(c));
                    self.at = self.text.len();
                    return;
                }
                Token::Backslash => {
                    self.open = Some(Open::Backslash);
                    self.at = self.text.len();
                    return;
                }
                Token::Word(_)
                | Token::Column(_)
                | Token::Str(_)
                | Token::Number(_)
                | Token::Sym(_)
                | Token::Result(_)
                | Token::Flag(_)
                | Token::Foreign(_)
                | Token::Other(_) => self.at = next.span.end,
            }
        }
    }

    /// After a verb only `|>` or the end may stand.
    pub(super) fn end_of_stage(&mut self, verb: &str) {
        let next = self.peek();
        match &next.token {
            Token::Pipe | Token::End => return,
            Token::OpenQuote(c) => {
                self.style(next.span, Style::String);
                self.open = Some(Open::Quote(*c));
            }
            Token::Backslash => self.open = Some(Open::Backslash),
            Token::Foreign("|>>" | "|>&") => self.error(
                Diagnostic::new(
                    Code::PipeRedirect,
                    next.span,
                    "this is neither the fleet's pipe nor a redirect",
                )
                .label("here")
                .help("write `|>` and a fleet verb; `|> save FILE` writes a file"),
            ),
            Token::Foreign(op) => {
                let help = match *op {
                    "|" | "|&" => {
                        "go on with `|>`; a plain `|` stands before the first `|>`, on the node"
                    }
                    "&&" | "||" => "in expressions write `and`, `or`; otherwise write two lines",
                    _ => "write two lines",
                };
                self.error(
                    Diagnostic::new(
                        Code::ShellAfterVerb,
                        next.span,
                        format!("`{op}` has no meaning behind a fleet verb"),
                    )
                    .label("the rows are not on the node any more")
                    .help(help),
                );
            }
            Token::Word(_)
            | Token::Column(_)
            | Token::Str(_)
            | Token::Number(_)
            | Token::Sym(_)
            | Token::Result(_)
            | Token::Flag(_)
            | Token::Other(_) => self.error(
                Diagnostic::new(
                    Code::Unexpected,
                    next.span,
                    "expected `|>` or the end of the line",
                )
                .label("not this")
                .help_opt(behind_verb(verb, &next, self.text)),
            ),
        }
        self.skip_stage();
    }

    fn verb(&mut self, word: &str, span: Span) -> Option<Verb> {
        Some(match word {
            "parse" => Verb::Parse(self.parse_as()?),
            "where" => Verb::Where(self.expr()),
            "select" => Verb::Select(self.assignments(true)?),
            "derive" => Verb::Derive(self.assignments(false)?),
            "take" => self.take_verb(span)?,
            "group" => Verb::Group(self.by()?),
            "count" => Verb::Count(self.by()?),
            "sort" => Verb::Sort(self.sort_items()),
            "top" => self.top_verb(span)?,
            "agg" => Verb::Agg {
                calls: self.aggregates()?,
                by: self.by()?,
            },
            "uniq" => Verb::Uniq(self.by()?),
            "join" => self.join_verb()?,
            "diff" => Verb::Diff {
                with: self.result_if_there(),
                by: self.by()?,
            },
            "why" => Verb::Why(self.by()?),
            "sql" => Verb::Sql(self.text_argument("a query in quotes")?),
            "run" => self.run_verb(span)?,
            "save" => self.save_verb()?,
            "plot" => Verb::Plot {
                column: self.column()?,
                by: self.by()?,
            },
            "follow" => Verb::Follow,
            _ => Verb::Watch(self.duration()?),
        })
    }

    fn parse_as(&mut self) -> Option<ParseAs> {
        let next = self.peek();
        let Token::Word(word) = &next.token else {
            return Some(ParseAs::Auto);
        };
        let known = [
            ("columns", ParseAs::Columns),
            ("json", ParseAs::Json),
            ("kv", ParseAs::KeyValue),
            ("csv", ParseAs::Csv),
            ("lines", ParseAs::Lines),
        ];
        if let Some((_, as_what)) = known.iter().find(|(name, _)| name == word) {
            self.take(&next, Style::Keyword);
            return Some(as_what.clone());
        }
        if word != "regex" {
            let names = known.iter().map(|k| k.0).chain(["regex"]);
            self.error(
                Diagnostic::new(
                    Code::Unexpected,
                    next.span,
                    format!("`parse` knows no format `{word}`"),
                )
                .label("unknown format")
                .help_opt(did_you_mean(word, names.clone()).or_else(|| {
                    Some(format!(
                        "the formats are {}",
                        names.collect::<Vec<_>>().join(", ")
                    ))
                })),
            );
            return None;
        }
        self.take(&next, Style::Keyword);
        let pattern = self.text_argument("a regular expression in quotes")?;
        if !self.check_regex(&pattern.name, pattern.span) {
            return None;
        }
        let named = crate::pattern::regex(&pattern.name)
            .is_ok_and(|r| r.capture_names().flatten().next().is_some());
        if !named {
            self.error(
                Diagnostic::new(
                    Code::BadRegex,
                    pattern.span,
                    "without a named group there is nothing to make columns of",
                )
                .label("no named group")
                .help("name the parts: `(?<name>…)`"),
            );
            return None;
        }
        Some(ParseAs::Regex(pattern.name))
    }

    fn sort_items(&mut self) -> Vec<SortItem> {
        let mut items = Vec::new();
        self.needless_by();
        loop {
            let expr = self.expr();
            let descending = self.keyword("desc").is_some();
            if !descending {
                self.keyword("asc");
            }
            items.push(SortItem { expr, descending });
            if self.symbol(",").is_none() {
                return items;
            }
        }
    }

    /// `sort by x`, as other languages write it.
    fn needless_by(&mut self) {
        let at = self.at;
        let Some(by) = self.keyword("by") else { return };
        if self.at_pipe_or_end() {
            self.at = at;
            return;
        }
        self.error(
            Diagnostic::new(
                Code::Unexpected,
                by,
                "`sort` takes its columns without `by`",
            )
            .label("leave it out")
            .help("write `sort COLUMN [desc], …`"),
        );
    }

    fn take_verb(&mut self, span: Span) -> Option<Verb> {
        let n = self.rows("take", span)?;
        let per_node = self.keyword("per").is_some();
        if per_node && self.keyword("node").is_none() {
            let next = self.peek();
            self.expected(&next, "`node`");
            return None;
        }
        Some(Verb::Take { n, per_node })
    }

    fn top_verb(&mut self, span: Span) -> Option<Verb> {
        let n = self.rows("top", span)?;
        if self.keyword("by").is_none() {
            let next = self.peek();
            self.expected(&next, "`by` and what to compare");
            return None;
        }
        Some(Verb::Top { n, by: self.expr() })
    }
}

mod aggregates;
mod arguments;
mod deed;
mod habits;
mod save;

/// What to write instead of what stands behind a verb that was read to its end.
fn behind_verb(verb: &str, found: &Lexed, text: &str) -> Option<String> {
    let word = match &found.token {
        Token::Word(word) | Token::Column(word) => word,
        Token::Sym(">") => return Some("`|> save FILE` writes a file".to_owned()),
        Token::Str(_) if text[..found.span.start].ends_with(['\'', '"']) => {
            let other = "a quote inside of text stands in the other kind: `\"it's\"`";
            return Some(other.to_owned());
        }
        Token::Str(_)
        | Token::Number(_)
        | Token::Sym(_)
        | Token::Result(_)
        | Token::Flag(_)
        | Token::Pipe
        | Token::Foreign(_)
        | Token::OpenQuote(_)
        | Token::Backslash
        | Token::Other(_)
        | Token::End => return None,
    };
    let behind = token::next(text, found.span.end).token;
    let goes_on = !matches!(behind, Token::Pipe | Token::End | Token::Sym(","));
    if goes_on && words::find(words::VERBS, word).is_some() {
        return Some(format!("each verb has a `|>` of its own: `|> {word} …`"));
    }
    let written = found.span.of(text);
    if let Some(help) = habits::our_operator(word) {
        return Some(help.to_owned());
    }
    match verb {
        "sort" if word.starts_with("asc") => Some("write `asc`, or leave it out".to_owned()),
        "sort" if word.starts_with("desc") => Some("write `desc`".to_owned()),
        "sort" | "select" | "derive" => Some("a comma stands between several".to_owned()),
        "group" | "count" | "uniq" | "why" => {
            Some(format!("columns stand behind `by`: `{verb} by {written}`"))
        }
        "agg" | "join" | "diff" | "plot" => Some(format!(
            "columns stand behind `by`: `{verb} … by {written}`"
        )),
        _ => None,
    }
}
