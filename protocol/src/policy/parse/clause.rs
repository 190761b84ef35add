//! The lines below the first line of a rule.

use crate::grant::Grant;
use crate::mistake::Mistake;
use crate::nearest::did_you_mean;
use crate::policy::rule::{Effect, Granted, Share};
use crate::policy::{CommandPattern, Window, labels};

use super::{CLAUSES, Draft, Line, Named, people};

impl Draft {
    /// Takes one clause.
    pub(super) fn clause(&mut self, line: Line<'_>, named: &mut Vec<Named>) -> Result<(), Mistake> {
        let result = self.take(line, named);
        if result.is_err() {
            let keyword = CLAUSES.iter().find(|c| **c == line.keyword.text);
            self.broken.extend(keyword);
        }
        result
    }

    fn take(&mut self, line: Line<'_>, named: &mut Vec<Named>) -> Result<(), Mistake> {
        let keyword = line.keyword.text;
        if line.text.is_empty() {
            let end = line.end();
            return Err(
                Mistake::new(end..end, format!("nothing stands behind `{keyword}`"))
                    .help(example(keyword)),
            );
        }
        match keyword {
            "to" => {
                self.once(self.to.is_some(), line)?;
                self.to = Some(people(&line.tokens(), line.end(), named)?);
            }
            "on" => {
                self.once(self.on.is_some(), line)?;
                self.on = Some(labels::parse(line.text, line.at)?);
            }
            "at" => {
                let window = Window::parse(&line.tokens(), line.end())?;
                if !self.at.contains(&window) {
                    self.at.push(window);
                }
            }
            "command" => self.command(line)?,
            _ => self.need(line, named)?,
        }
        Ok(())
    }

    /// A second `to` or `on` could be meant as `or` and as `and`.
    fn once(&self, is_there: bool, line: Line<'_>) -> Result<(), Mistake> {
        if !is_there {
            return Ok(());
        }
        let keyword = line.keyword.text;
        let help = if keyword == "to" {
            "write everybody behind one `to`, with commas"
        } else {
            "join conditions by `&`, or write another rule"
        };
        Err(Mistake::new(
            line.keyword.span(),
            format!("this rule says `{keyword}` already"),
        )
        .help(help))
    }

    fn command(&mut self, line: Line<'_>) -> Result<(), Mistake> {
        let mistake =
            |message: &str, help: &str| Err(Mistake::new(line.keyword.span(), message).help(help));
        match &self.effect {
            Effect::Allow(Granted::Read(_)) => {}
            Effect::Allow(Granted::Probe) => {
                return mistake(
                    "a probe has no command",
                    "write `allow read as nobody` above for commands",
                );
            }
            Effect::Allow(Granted::Run(_) | Granted::Automate(_)) => {
                return mistake(
                    "`run` and `automate` allow any command: a list would hold back nobody",
                    "write `allow read as nobody` above for a list of commands",
                );
            }
            Effect::Deny { grants, .. } if grants.iter().eq([&Grant::Read]) => {}
            Effect::Deny { .. } => {
                return mistake(
                    "a command can be denied for reads alone: a shell writes it in too many ways",
                    "write `deny read` above, or deny `run` as a whole",
                );
            }
        }
        let is_allowed = matches!(self.effect, Effect::Allow(_));
        let command = CommandPattern::parse(line.text, line.at, is_allowed)?;
        if !self.commands.contains(&command) {
            self.commands.push(command);
        }
        Ok(())
    }

    fn need(&mut self, line: Line<'_>, named: &mut Vec<Named>) -> Result<(), Mistake> {
        let mistake =
            |message: &str, help: &str| Err(Mistake::new(line.keyword.span(), message).help(help));
        match &self.effect {
            Effect::Deny { .. } => {
                return mistake(
                    "a denial demands nothing: nothing lifts it",
                    "put the demand into the rule that allows it",
                );
            }
            Effect::Allow(Granted::Probe) => {
                return mistake(
                    "a probe is not signed: nothing can be demanded of it",
                    "leave it out",
                );
            }
            Effect::Allow(Granted::Read(_) | Granted::Run(_) | Granted::Automate(_)) => {}
        }
        let tokens = line.tokens();
        let words: Vec<&str> = tokens.iter().map(|t| t.text).collect();
        let needs = &mut self.needs;
        let is_there = match words.as_slice() {
            ["reason"] => std::mem::replace(&mut needs.reason, true),
            ["approval", "by", _, ..] => {
                let by = people(&tokens[2..], line.end(), named)?;
                needs.approval.replace(by).is_some()
            }
            ["narrower", "than", share] => {
                let Some(parsed) = Share::parse(share) else {
                    let message = format!("`{share}` is no share of the fleet");
                    return Err(Mistake::new(tokens[2].span(), message)
                        .help("write a share above 0% and up to 100%, like `25%` or `0.5%`"));
                };
                needs.narrower.replace(parsed).is_some()
            }
            ["at", "most", n, "nodes" | "node"] => {
                let n_max = n.parse::<u32>().ok().filter(|n| *n > 0);
                let Some(n_max) = n_max.filter(|_| tokens[2].is_digit_led()) else {
                    return Err(Mistake::new(
                        tokens[2].span(),
                        format!("`{n}` is no number of nodes"),
                    )
                    .help("write a whole number above 0"));
                };
                needs.at_most.replace(n_max).is_some()
            }
            [first, ..] => {
                let at = tokens[0].at..line.end();
                let known = ["reason", "approval", "narrower", "at"];
                let help = if known.contains(first) {
                    None
                } else {
                    did_you_mean(first, known)
                };
                return Err(
                    Mistake::new(at, format!("`{}` cannot be demanded", line.text))
                        .help(help.unwrap_or_else(|| example("needs").to_owned())),
                );
            }
            [] => false,
        };
        if is_there {
            return Err(
                Mistake::new(tokens[0].at..line.end(), "this is demanded already")
                    .help("keep one of the two"),
            );
        }
        Ok(())
    }
}

fn example(keyword: &str) -> &'static str {
    match keyword {
        "to" => "write `to alice, group oncall`, or `to anyone`",
        "on" => "write `on role=web,db & tier!=payments`",
        "at" => "write `at mon-fri 08:00-18:00 UTC`",
        "command" => "write `command systemctl status *`",
        _ => "write `reason`, `approval by group leads`, `narrower than 25%` or `at most 50 nodes`",
    }
}
