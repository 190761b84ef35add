//! `/etc/os-release`: the distribution.

/// What os-release says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OsRelease {
    /// `PRETTY_NAME`, else `NAME`.
    pub name: Option<String>,
    /// `ID`.
    pub id: Option<String>,
    /// `VERSION_ID`; rolling distributions have none.
    pub version: Option<String>,
}

/// Parses os-release: shell assignments, without anything that a shell would expand.
#[must_use]
pub fn parse(text: &str) -> OsRelease {
    let mut pretty_name = None;
    let mut name = None;
    let mut release = OsRelease::default();
    for line in text.lines() {
        let Some((key, text)) = line.trim().split_once('=') else {
            continue;
        };
        let field = match key {
            "PRETTY_NAME" => &mut pretty_name,
            "NAME" => &mut name,
            "ID" => &mut release.id,
            "VERSION_ID" => &mut release.version,
            _ => continue,
        };
        *field = Some(unquoted(text)).filter(|t| !t.is_empty());
    }
    release.name = pretty_name.or(name);
    release
}

/// Takes one pair of quotes off and, within double ones, the backslash before a special sign.
fn unquoted(text: &str) -> String {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(literal) = inner('\'') {
        return literal.to_owned();
    }
    let Some(escaped) = inner('"') else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(escaped.len());
    let mut chars = escaped.chars().peekable();
    while let Some(c) = chars.next() {
        let special = c == '\\'
            && chars
                .peek()
                .is_some_and(|next| matches!(next, '"' | '\\' | '$' | '`'));
        out.extend(if special { chars.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_both_kinds_and_none_are_read() {
        let release = parse(
            "# a comment\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=x\nID=debian\n\
             VERSION_ID='12'\n",
        );
        assert_eq!(
            release.name.as_deref(),
            Some("Debian GNU/Linux 12 (bookworm)")
        );
        assert_eq!(release.id.as_deref(), Some("debian"));
        assert_eq!(release.version.as_deref(), Some("12"));
    }

    #[test]
    fn a_rolling_distribution_has_no_version() {
        let release = parse("NAME=\"Arch \\\"btw\\\" \\x\"\nID=arch\n");
        assert_eq!(release.name.as_deref(), Some("Arch \"btw\" \\x"));
        assert_eq!(release.version, None);
        assert_eq!(parse("PRETTY_NAME=\"\"\n").name, None);
        assert_eq!(parse("PRETTY_NAME=\"\n").name.as_deref(), Some("\""));
    }
}
