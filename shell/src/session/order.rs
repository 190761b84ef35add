//! Orders to automations that are in force: to be quiet, to stop, to act this once.

use std::time::Duration;

use hailer_lang::context::ResolvedScope;
use hailer_lang::plan::{Query, Source};
use hailer_protocol::automation::{AutomationName, Control, Muted};
use hailer_protocol::clean::Clean;
use hailer_protocol::message::Probe;
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::units::parse_quantity;
use hailer_protocol::value::Value;

use super::automate::query;
use super::{Answered, Begun, Session};
use crate::clock;
use crate::deed::count;
use crate::error::ShellError;
use crate::fleet::Job;

impl Session {
    /// Gives an order to all nodes in scope; without a scope, and for what stops everything, to all.
    pub(super) fn order(&mut self, word: &str, args: &[String]) -> Result<Begun, ShellError> {
        let control = control(word, args)?;
        let is_for_all = matches!(control, Control::Pause { .. } | Control::Resume);
        let all = ResolvedScope::all(&self.inventory);
        let scope = match &self.scope {
            Some(scope) if !is_for_all => scope.clone(),
            Some(_) | None => all,
        };
        if self.settings.dry_run {
            let nodes = count(scope.nodes.len());
            let text = control.to_string();
            let said = format!("would tell {nodes}: {}\n", Clean::line(&text));
            return Ok(Begun::Answered(Answered::Said(said)));
        }
        let text = format!("{word} {}", args.join(" "));
        // What nodes answer is that it is done, and no rows.
        let query = Query {
            source: Source::Command(text.clone()),
            ..query(scope, text)
        };
        let run = self.run(Probe::Control(control), RowPlan::default())?;
        let job = Job::new(&query.scope.nodes, run);
        Ok(Begun::Running(Box::new(self.launch(job, query))))
    }
}

/// Reads an order.
fn control(word: &str, args: &[String]) -> Result<Control, ShellError> {
    let usage = |text: &str| Err(ShellError::usage(text).hint("`help` lists the words"));
    let until = |text: Option<&String>| match text {
        None => Ok(None),
        Some(text) => match duration(text) {
            Some(d) => Ok(Some(clock::wall() + d)),
            None => Err(
                ShellError::usage(format!("`{}` is no duration", Clean::line(text)))
                    .hint("for how long? `30m`, `2h`"),
            ),
        },
    };
    let name = || -> Result<AutomationName, ShellError> {
        let text = args.first().cloned().unwrap_or_default();
        AutomationName::new(text).map_err(|e| ShellError::usage(e.to_string()))
    };
    let of = || -> Result<Muted, ShellError> {
        Ok(Muted {
            automation: name()?,
            key: None,
        })
    };
    match (word, args.first().map(String::as_str)) {
        ("mute", Some(_)) => Ok(Control::Mute {
            of: of()?,
            until: until(args.get(1))?,
        }),
        ("unmute", Some(_)) => Ok(Control::Unmute(of()?)),
        ("settle", Some(_)) => Ok(Control::Settle(Muted {
            key: args.get(1).cloned(),
            ..of()?
        })),
        ("approve" | "reject", Some(_)) => Ok(Control::Answer {
            automation: name()?,
            key: args.get(1).cloned().unwrap_or_default(),
            yes: word == "approve",
        }),
        ("pause", Some("--all")) => Ok(Control::Pause {
            until: until(args.get(1))?,
        }),
        ("resume", Some("--all")) => Ok(Control::Resume),
        ("pause", _) => usage("`pause --all` stops every deed of every automation on the fleet"),
        ("resume", _) => usage("`resume --all` lets deeds be done again"),
        _ => usage("which automation?"),
    }
}

/// Reads a span of time.
pub(super) fn duration(text: &str) -> Option<Duration> {
    match parse_quantity(text) {
        Some(Value::Duration(ns)) => u64::try_from(ns).ok().map(Duration::from_nanos),
        _ => None,
    }
}
