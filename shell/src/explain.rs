//! Says what a line would do, and within which bounds: the language's part, and what a session adds.

use std::time::Duration;

use hailer_lang::explain::explain;
use hailer_lang::plan::{LinePlan, Query, ResolvedScope, Source, resolve_scope};
use hailer_lang::preview::preview;
use hailer_protocol::limits;
use hailer_protocol::units::display_value;
use hailer_protocol::value::Value;

use crate::error::ShellError;
use crate::fleet::Wish;
use crate::fleet::policy::MAX_IN_FLIGHT_DEFAULT;
use crate::session::Session;
use crate::settings::Settings;

impl Session {
    /// Describes a plan: whom it is for, what runs where, within which bounds, and what the prompt
    /// would ask first.
    #[must_use]
    pub fn explain(&self, plan: &LinePlan) -> String {
        let mut out = explain(plan, self.inventory());
        if let LinePlan::Query(query) = plan
            && query.source.asks_nodes()
        {
            if let Some(number) = query.retries {
                let into = format!("${number}: the new answers take the place of the earlier ones");
                out.push_str(&rows("into", &[into]));
            }
            let mut bounds = bounds(query, &self.settings);
            bounds.extend(self.settings.answers_in.as_ref().map(|folder| {
                format!(
                    "answers are also written to a folder of their own in {folder} (set out_dir)"
                )
            }));
            out.push_str(&rows("within", &bounds));
            out.push_str(&rows("signed", &signed(query, &self.settings.wish)));
        }
        if let LinePlan::Query(query) = plan {
            out.push_str(&rows("spread", &spread(query, &self.settings)));
        }
        if let Some(question) = self.question(plan) {
            out.push_str(&rows("asks first", &[question]));
        }
        out
    }

    /// Answers `? LINE`: whom the line is for, and what it would do there. Nothing runs.
    ///
    /// # Errors
    /// Every mistake in the line.
    pub(crate) fn preview(&self, text: &str) -> Result<String, ShellError> {
        if let Some(scope) = self.named_without_sign(text) {
            let what = format!("`{text}` as a selector is `@{text}`; as a line it is a command\n");
            return Ok(what + &self.preview_of(&scope));
        }
        let plan = self.plan(text)?;
        let scope = match &plan {
            LinePlan::SetScope(scope) => return Ok(self.preview_of(scope)),
            LinePlan::Query(query) if query.source.asks_nodes() => &query.scope,
            LinePlan::Query(_) | LinePlan::Nothing | LinePlan::Local(_) | LinePlan::Shell(_) => {
                return Ok(self.explain(&plan));
            }
        };
        let mut out = self.preview_of(scope);
        // Whom it is for has just been said.
        let what = self.explain(&plan);
        let what = what.lines().skip_while(|l| !l.starts_with("on each node"));
        what.for_each(|line| {
            out.push_str(line);
            out.push('\n');
        });
        Ok(out)
    }

    /// `? web01`: nodes whose `@` was forgotten. Nobody asks what running a node would do.
    fn named_without_sign(&self, text: &str) -> Option<ResolvedScope> {
        let is_word = |c: char| !c.is_whitespace() && !"@$|>;:!&'\"".contains(c);
        if !text.chars().all(is_word) {
            return None;
        }
        let live = self.live();
        resolve_scope(text, &self.context(&live)).ok()
    }

    fn preview_of(&self, scope: &ResolvedScope) -> String {
        let live = self.live();
        preview(scope, &self.context(&live))
    }
}

/// What a node's owner is told beside the request: what its policy may want to know.
fn signed(query: &Query, wish: &Wish) -> Vec<String> {
    if !matches!(query.source, Source::Command(_) | Source::Each(_)) {
        return Vec::new();
    }
    let mut said = Vec::new();
    said.extend(wish.reason.as_ref().map(|why| format!("reason: {why}")));
    said.extend(
        wish.run_as
            .as_ref()
            .map(|user| format!("as the user {user}")),
    );
    if wish.reads_only {
        said.push("only as a reading: what a node lists, in its sandbox".to_owned());
    }
    said
}

/// What a run may take: of time, of output, of the fleet at once.
fn bounds(query: &Query, settings: &Settings) -> Vec<String> {
    let time = |d: Duration| {
        let ns = i64::try_from(d.as_nanos()).unwrap_or(i64::MAX);
        display_value(&Value::Duration(ns))
    };
    let killed = settings.timeout.map_or_else(
        || "no timeout on a node (`set timeout 30s`)".to_owned(),
        |t| format!("{} on a node, then it is killed there", time(t)),
    );
    let deadline = settings
        .deadline
        .map(|d| format!(", and {} for the whole run", time(d)));
    let kept = if query.returns_rows() {
        format!("{} rows of a node", limits::ROWS_PER_NODE_MAX)
    } else {
        let bytes = i64::try_from(limits::OUTPUT_KEPT_DEFAULT).unwrap_or(i64::MAX);
        format!("{} of a node's output", display_value(&Value::Size(bytes)))
    };
    let at_once = settings.max_in_flight.unwrap_or(MAX_IN_FLIGHT_DEFAULT);
    vec![
        format!("{killed}{}", deadline.unwrap_or_default()),
        format!("{kept}; what is cut says so"),
        format!("{at_once} nodes at once"),
    ]
}

/// How what the line does is spread by what the line itself does not say.
fn spread(query: &Query, settings: &Settings) -> Vec<String> {
    let (all, own) = match &query.deed {
        Some(deed) => (settings.spread_of_deed(&deed.spread), deed.spread.flags()),
        None => (settings.spread_of(&query.source), Vec::new()),
    };
    let given = settings.spread.flags();
    let mut lines: Vec<String> = all
        .flags()
        .into_iter()
        .filter(|flag| !own.contains(flag))
        .map(|flag| {
            let by = if given.contains(&flag) {
                "a flag of the program"
            } else {
                "set"
            };
            format!("{flag} ({by})")
        })
        .collect();
    if all.has_stages() && all.max_failures.is_none() {
        lines.push("the first failure halts, since there are stages".to_owned());
    }
    if all.gate.is_some() {
        let ns = i64::try_from(settings.gate_timeout().as_nanos()).unwrap_or(i64::MAX);
        lines.push(format!(
            "each gate has {} on a node (`set timeout`); silence halts",
            display_value(&Value::Duration(ns))
        ));
    }
    lines
}

/// A place and what is there, as the language's explanation has them.
fn rows(place: &str, lines: &[String]) -> String {
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        let place = if at == 0 { place } else { "" };
        out.push_str(&format!("{place:<17}{line}\n"));
    }
    out
}
