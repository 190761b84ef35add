//! The keywords of clauses.

/// What a clause is about. In the order in which the canonical form has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Keyword {
    /// The nodes.
    On,
    /// Where, among them, it is in force.
    Version,
    /// The time between two looks.
    Every,
    /// What is looked at.
    When,
    /// What tells the patients apart.
    Key,
    /// How long it has to be so.
    For,
    /// When it is over.
    Clear,
    /// Evidence.
    Collect,
    /// A deed.
    Do,
    /// How long a deed has to show that it helped.
    Verify,
    /// How often and how widely.
    Limit,
    /// When too much fires at once.
    Storm,
    /// Whom to call.
    Else,
    /// How far it goes by itself.
    Mode,
    /// Who answers for it.
    Owner,
    /// Where a person reads on.
    Runbook,
    /// What else a person should know.
    Note,
}

impl Keyword {
    /// Every keyword, in its order.
    pub const ALL: [Self; 17] = [
        Self::On,
        Self::Version,
        Self::Every,
        Self::When,
        Self::Key,
        Self::For,
        Self::Clear,
        Self::Collect,
        Self::Do,
        Self::Verify,
        Self::Limit,
        Self::Storm,
        Self::Else,
        Self::Mode,
        Self::Owner,
        Self::Runbook,
        Self::Note,
    ];

    /// Returns its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Version => "version",
            Self::Every => "every",
            Self::When => "when",
            Self::Key => "key",
            Self::For => "for",
            Self::Clear => "clear",
            Self::Collect => "collect",
            Self::Do => "do",
            Self::Verify => "verify",
            Self::Limit => "limit",
            Self::Storm => "storm",
            Self::Else => "else",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Runbook => "runbook",
            Self::Note => "note",
        }
    }

    /// Finds one by its word.
    #[must_use]
    pub fn by_name(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == word)
    }

    /// Returns how its clause is written.
    #[must_use]
    pub const fn usage(self) -> &'static str {
        match self {
            Self::On => "on @SELECTOR",
            Self::Version => "version LINE",
            Self::Every => "every DURATION",
            Self::When => "when LINE",
            Self::Key => "key node|COLUMN, …",
            Self::For => "for DURATION|M of N",
            Self::Clear => "clear [EXPR] [for DURATION|M of N]",
            Self::Collect => "collect [--timeout DURATION] [--] COMMAND",
            Self::Do => "do [--timeout DURATION] [--as USER] [--repeatable] [--] COMMAND",
            Self::Verify => "verify DURATION",
            Self::Limit => {
                "limit N/DURATION [per key|node|fleet], N attempts, N% [per LABEL], N at once [per LABEL], offline hold|lottery N% every DURATION"
            }
            Self::Storm => "storm off|N% in DURATION [of N]",
            Self::Else => "else page NAME [\"TEXT\"]",
            Self::Mode => "mode observe|ask|act",
            Self::Owner => "owner NAME",
            Self::Runbook => "runbook URL",
            Self::Note => "note TEXT",
        }
    }

    /// Returns what it says, in a few words.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::On => "the nodes that it is for",
            Self::Version => "in force only on nodes where this line has a row",
            Self::Every => "the time between two looks; 1s for a metric and 10s otherwise",
            Self::When => "fires for every row of this line",
            Self::Key => "what tells the patients of a node apart; the node itself otherwise",
            Self::For => "how long it has to be so before it fires; at once otherwise",
            Self::Clear => "when it is over; when there has been no row for as long as `for` says",
            Self::Collect => "evidence that is taken before the first deed",
            Self::Do => "what is done; several are tried one after the other",
            Self::Verify => "how long a deed has to show that it helped; 1m otherwise",
            Self::Limit => "how often and how widely it may act",
            Self::Storm => "holds when so many keys fire at once; 50% in 1m of 4 otherwise",
            Self::Else => "whom to call when there is nothing more to do",
            Self::Mode => "how far it goes by itself; it observes otherwise",
            Self::Owner => "who answers for it",
            Self::Runbook => "where a person reads on",
            Self::Note => "what else a person should know",
        }
    }

    /// Whether there may be several such clauses.
    #[must_use]
    pub const fn may_repeat(self) -> bool {
        match self {
            Self::Collect | Self::Do | Self::Limit | Self::Else | Self::Note => true,
            Self::On
            | Self::Version
            | Self::Every
            | Self::When
            | Self::Key
            | Self::For
            | Self::Clear
            | Self::Verify
            | Self::Storm
            | Self::Mode
            | Self::Owner
            | Self::Runbook => false,
        }
    }

    /// What the text behind it is read as.
    pub(super) const fn value(self) -> ValueKind {
        match self {
            Self::When | Self::Version => ValueKind::Line,
            Self::Do | Self::Collect => ValueKind::Command,
            Self::Note | Self::Owner | Self::Runbook => ValueKind::Text,
            Self::On | Self::Clear => ValueKind::Verbatim,
            Self::Every
            | Self::Key
            | Self::For
            | Self::Verify
            | Self::Limit
            | Self::Storm
            | Self::Else
            | Self::Mode => ValueKind::Pieces,
        }
    }
}

/// What the text behind a keyword is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// A line of the language, kept as it was written.
    Line,
    /// A Linux command behind its flags, kept as it was written.
    Command,
    /// A part of the language, kept as it was written.
    Verbatim,
    /// Words, written anew.
    Pieces,
    /// Text for people.
    Text,
}
