//! The first line of a rule, and the declaration of a group.

use std::collections::BTreeSet;

use crate::grant::Grant;
use crate::ids::Name;
use crate::mistake::Mistake;
use crate::nearest::did_you_mean;
use crate::policy::rule::{Effect, Granted, Group, User};
use crate::policy::token::Token;

use super::{Line, items, name};

/// Reads `allow GRANT [as USERS]` or `deny GRANTS [as USERS]`.
pub(super) fn parse(line: Line<'_>) -> Result<Effect, Mistake> {
    let tokens = line.tokens();
    let split = tokens.iter().position(|t| t.text == "as");
    let (what, users) = match split {
        Some(at) => (&tokens[..at], Some(&tokens[at + 1..])),
        None => (&tokens[..], None),
    };
    let users = users
        .map(|tokens| self::users(tokens, line.end()))
        .transpose()?;
    let (keyword, end) = (line.keyword.text, line.end());
    if what.is_empty() {
        let at = tokens.first().map_or(end, |t| t.at);
        return Err(
            Mistake::new(at..at, format!("what to {keyword} is missing"))
                .help("grants are probe, read, run and automate"),
        );
    }
    if keyword == "deny" {
        return deny(what, users, &line);
    }
    let grant = grant(&what[0])?;
    if let Some(extra) = what.get(1) {
        let message = format!("`{}` is unexpected here", extra.text);
        return Err(Mistake::new(extra.span(), message)
            .help("write one `allow` for each grant, `as` before users"));
    }
    allow(grant, users, &line)
}

fn allow(grant: Grant, users: Option<Users>, line: &Line<'_>) -> Result<Effect, Mistake> {
    let span = line.keyword.at..line.end();
    let granted = match (grant, users) {
        (Grant::Probe, None) => Granted::Probe,
        (Grant::Probe, Some(users)) => {
            return Err(
                Mistake::new(users.span, "a probe runs no command, as nobody")
                    .help("leave `as …` out"),
            );
        }
        (Grant::Read | Grant::Run | Grant::Automate, None) => {
            let example = if grant == Grant::Read {
                "nobody"
            } else {
                "deploy"
            };
            return Err(Mistake::new(
                span,
                format!("the rule does not say as which user to {grant}"),
            )
            .help(format!("write `allow {grant} as {example}`")));
        }
        (Grant::Read, Some(users)) => match users.users.as_slice() {
            [user] if user.is_root() => {
                return Err(
                    Mistake::new(users.span, format!("reads never run as `{user}`"))
                        .help("name an unprivileged user, like `nobody`"),
                );
            }
            [user] => Granted::Read(user.clone()),
            _ => {
                return Err(Mistake::new(users.span, "reads run as one user")
                    .help("write one rule for each user"));
            }
        },
        (Grant::Run, Some(users)) => Granted::Run(users.users),
        (Grant::Automate, Some(users)) => Granted::Automate(users.users),
    };
    Ok(Effect::Allow(granted))
}

fn deny(what: &[Token<'_>], users: Option<Users>, line: &Line<'_>) -> Result<Effect, Mistake> {
    let mut grants = BTreeSet::new();
    for item in items(what, line.end(), "a grant")? {
        match item {
            [one] if one.text == "anything" => grants.extend(Grant::ALL),
            [one] => {
                grants.insert(grant(one)?);
            }
            [_, extra, ..] => {
                let message = format!("`{}` is unexpected here", extra.text);
                return Err(Mistake::new(extra.span(), message).help("put commas between grants"));
            }
            [] => {}
        }
    }
    let has_user = |g: &Grant| matches!(g, Grant::Run | Grant::Automate);
    if let Some(users) = &users
        && !grants.iter().all(has_user)
    {
        return Err(Mistake::new(
            users.span.clone(),
            "only run and automate are denied by user",
        )
        .help("leave `as …` out, or write two rules"));
    }
    Ok(Effect::Deny {
        grants,
        users: users.map(|u| u.users).unwrap_or_default(),
    })
}

fn grant(token: &Token<'_>) -> Result<Grant, Mistake> {
    let known = Grant::ALL.into_iter().find(|g| g.as_str() == token.text);
    known.ok_or_else(|| {
        let mistake = Mistake::new(token.span(), format!("`{}` is no grant", token.text));
        if matches!(token.text, "anything" | "all" | "any" | "*") {
            return mistake.help("each grant is given by itself: probe, read, run, automate");
        }
        let help = did_you_mean(token.text, Grant::ALL.map(Grant::as_str));
        mistake.help(help.unwrap_or_else(|| "grants are probe, read, run and automate".to_owned()))
    })
}

struct Users {
    users: Vec<User>,
    span: std::ops::Range<usize>,
}

fn users(tokens: &[Token<'_>], end: usize) -> Result<Users, Mistake> {
    let start = tokens.first().map_or(end, |t| t.at);
    let mut users = Vec::new();
    for item in items(tokens, end, "a user")? {
        let [one] = item else {
            let extra = item[1];
            let message = format!("`{}` is unexpected here", extra.text);
            return Err(Mistake::new(extra.span(), message)
                .help("put commas between users, and what is demanded below"));
        };
        let Some(user) = User::new(one.text) else {
            let message = format!("`{}` cannot be a user's name", one.text);
            let help = "name each user; names have lower-case letters, digits, `_` and `-`, at most 32 bytes";
            return Err(Mistake::new(one.span(), message).help(help));
        };
        if !users.contains(&user) {
            users.push(user);
        }
    }
    Ok(Users {
        users,
        span: start..end,
    })
}

/// Reads `group NAME = A, B` or `group NAME from certificate`. A mistake comes with the name where
/// that much could be read.
pub(super) fn group(line: Line<'_>) -> Result<(Name, Group), (Option<Name>, Mistake)> {
    let tokens = line.tokens();
    let end = line.end();
    let form = |at: std::ops::Range<usize>| {
        Mistake::new(at, "expected the members of the group")
            .help("write `group oncall = alice, bob`, or `group oncall from certificate`")
    };
    let Some(first) = tokens.first() else {
        return Err((None, Mistake::new(end..end, "the group's name is missing")));
    };
    let name = name(first).map_err(|mistake| (None, mistake))?;
    if name.as_str().len() > crate::limits::GROUP_NAME_MAX {
        let message = format!(
            "the group's name has {} bytes, at most {} are allowed",
            name.as_str().len(),
            crate::limits::GROUP_NAME_MAX
        );
        return Err((Some(name), Mistake::new(first.span(), message)));
    }
    match &tokens[1..] {
        [from, certificate] if from.text == "from" && certificate.text == "certificate" => {
            Ok((name, Group::Certificate))
        }
        [is, list @ ..] if is.text == "=" => match members(list, end) {
            Ok(members) => Ok((name, Group::Members(members))),
            Err(mistake) => Err((Some(name), mistake)),
        },
        [other, ..] => Err((Some(name), form(other.at..end))),
        [] => Err((Some(name), form(end..end))),
    }
}

fn members(list: &[Token<'_>], end: usize) -> Result<BTreeSet<Name>, Mistake> {
    let mut members = BTreeSet::new();
    for item in items(list, end, "a member")? {
        match item {
            [one] if matches!(one.text, "anyone" | "group") => {
                return Err(
                    Mistake::new(one.span(), format!("`{}` is no operator", one.text))
                        .help("a group has operators for members"),
                );
            }
            [one] => {
                members.insert(name(one)?);
            }
            [first, ..] if first.text == "group" => {
                return Err(
                    Mistake::new(first.span(), "a group cannot hold another group")
                        .help("name the operators"),
                );
            }
            [_, extra, ..] => {
                let message = format!("`{}` is unexpected here", extra.text);
                return Err(Mistake::new(extra.span(), message).help("put commas between names"));
            }
            [] => {}
        }
    }
    Ok(members)
}
