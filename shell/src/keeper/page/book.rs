//! The file that says whom to call how: names that automations page, and the channels of each.
//!
//! ```toml
//! [pages.db-oncall]
//! channels = ["pagerduty", "chat"]
//!
//! [channels.pagerduty]
//! kind = "pagerduty"
//! key_file = "pagerduty.key"
//!
//! [channels.chat]
//! kind = "slack"
//! url_file = "slack.url"
//! ```
//!
//! Keys, passwords and addresses that are secrets stand in files of their own, so that this one can be
//! in git.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// Pages and their channels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// By the name that automations use.
    #[serde(default)]
    pub pages: BTreeMap<String, Page>,
    /// By the name that pages use.
    #[serde(default)]
    pub channels: BTreeMap<String, Channel>,
}

/// Whom a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// All of them are told: one may fail with the thing it reports.
    pub channels: Vec<String>,
}

/// One way to tell somebody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "lowercase",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum Channel {
    /// JSON by POST.
    Webhook {
        /// Where.
        url: String,
        /// A file with what stands after `Authorization: Bearer`.
        token_file: Option<PathBuf>,
    },
    /// PagerDuty's Events API, version 2.
    Pagerduty {
        /// A file with the integration's routing key.
        key_file: PathBuf,
        /// Another address than PagerDuty's own.
        url: Option<String>,
    },
    /// A webhook that speaks as Slack's do.
    Slack {
        /// A file with its address, which is its secret.
        url_file: PathBuf,
    },
    /// Alertmanager's API, version 2.
    Alertmanager {
        /// Where it is, without `/api/v2/alerts`.
        url: String,
    },
    /// Mail by SMTP.
    Email {
        /// The server's name.
        server: String,
        /// 465 (TLS from the start) where it is not set; with 587 TLS is asked for, and required.
        port: Option<u16>,
        /// Whose mail it is.
        from: String,
        /// Who gets it.
        to: Vec<String>,
        /// As whom to log in.
        user: Option<String>,
        /// A file with the password.
        password_file: Option<PathBuf>,
    },
    /// A program of the keeper's machine, which is handed the webhook's JSON on its standard input.
    Command {
        /// The program and its arguments, for no shell.
        argv: Vec<String>,
    },
}

/// Why a file says nothing.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// It is not what it should be.
    #[error("{0}")]
    Text(#[from] toml::de::Error),
    /// A page without anybody.
    #[error("page `{0}` has no channels, so nobody would be called")]
    NoChannels(String),
    /// A page with a channel that is not there.
    #[error(
        "page `{page}` has the channel `{channel}`, which the file does not have; it has {known}"
    )]
    UnknownChannel {
        /// The page.
        page: String,
        /// What it names.
        channel: String,
        /// Those there are.
        known: String,
    },
    /// A channel that would reach nobody.
    #[error("channel `{channel}`: {what}")]
    Channel {
        /// Which.
        channel: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl Book {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, BookError> {
        let book: Self = toml::from_str(text)?;
        for (name, page) in &book.pages {
            if page.channels.is_empty() {
                return Err(BookError::NoChannels(name.clone()));
            }
            let is_known = |channel: &&String| book.channels.contains_key(*channel);
            if let Some(channel) = page.channels.iter().find(|c| !is_known(c)) {
                let known: Vec<&str> = book.channels.keys().map(String::as_str).collect();
                return Err(BookError::UnknownChannel {
                    page: name.clone(),
                    channel: channel.clone(),
                    known: known.join(", "),
                });
            }
        }
        for (name, channel) in &book.channels {
            if let Some(what) = channel.mistake() {
                let channel = name.clone();
                return Err(BookError::Channel { channel, what });
            }
        }
        Ok(book)
    }
}

impl Channel {
    fn mistake(&self) -> Option<&'static str> {
        const NOT_HTTP: &str = "the url does not begin with https:// or http://";
        let is_http = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        match self {
            Self::Webhook { url, .. } | Self::Alertmanager { url } if !is_http(url) => {
                Some(NOT_HTTP)
            }
            // A token or a key would be readable by everybody on the way.
            Self::Webhook {
                url,
                token_file: Some(_),
            } if !url.starts_with("https://") => Some("a token is only sent to an https:// url"),
            Self::Pagerduty { url: Some(url), .. } if !is_http(url) => Some(NOT_HTTP),
            Self::Email { to, .. } if to.is_empty() => Some("`to` names nobody"),
            Self::Email {
                user: Some(_),
                password_file: None,
                ..
            } => Some("`user` wants a `password_file`"),
            Self::Command { argv } if argv.is_empty() => Some("`argv` names no program"),
            Self::Webhook { .. }
            | Self::Pagerduty { .. }
            | Self::Slack { .. }
            | Self::Alertmanager { .. }
            | Self::Email { .. }
            | Self::Command { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_channels_of_every_kind() {
        let text = r#"
            [pages.db-oncall]
            channels = ["a", "b", "c", "d", "e", "f"]
            [channels.a]
            kind = "pagerduty"
            key_file = "pagerduty.key"
            [channels.b]
            kind = "slack"
            url_file = "slack.url"
            [channels.c]
            kind = "webhook"
            url = "https://example.com/hook"
            token_file = "hook.token"
            [channels.d]
            kind = "alertmanager"
            url = "http://127.0.0.1:9093"
            [channels.e]
            kind = "email"
            server = "mail.example.com"
            from = "hailer@example.com"
            to = ["oncall@example.com"]
            [channels.f]
            kind = "command"
            argv = ["/usr/local/bin/ring", "--loud"]
        "#;
        let book = Book::parse(text).expect("it is right");
        assert_eq!(book.pages["db-oncall"].channels.len(), 6);
        let argv = vec!["/usr/local/bin/ring".to_owned(), "--loud".to_owned()];
        assert_eq!(book.channels["f"], Channel::Command { argv });
    }

    #[test]
    fn a_file_that_would_call_nobody_is_an_error() {
        let hook = "[channels.x]\nkind = \"webhook\"\nurl = \"https://a\"\n";
        for (text, expected) in [
            (
                "[pages.p]\nchannels = []\n".to_owned(),
                "page `p` has no channels",
            ),
            (
                format!("[pages.p]\nchannels = [\"y\"]\n{hook}"),
                "has the channel `y`, which the file does not have; it has x",
            ),
            (hook.replace("https://a", "ftp://a"), "channel `x`: the url"),
            (
                hook.replace("https://a", "http://a") + "token_file = \"t\"\n",
                "only sent to an https:// url",
            ),
            (
                hook.replace("webhook", "pigeon"),
                "unknown variant `pigeon`",
            ),
            (
                format!("{hook}tokn_file = \"t\"\n"),
                "unknown field `tokn_file`",
            ),
            (
                "[channels.x]\nkind = \"command\"\nargv = []\n".to_owned(),
                "names no program",
            ),
            (
                "[channels.x]\nkind = \"email\"\nserver = \"s\"\nfrom = \"f\"\nto = []\n"
                    .to_owned(),
                "`to` names nobody",
            ),
        ] {
            let error = Book::parse(&text).expect_err("it is wrong").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
