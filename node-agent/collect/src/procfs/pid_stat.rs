//! `/proc/PID/stat`: one process's name, status, processor time and memory.

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PidStat<'a> {
    /// The process's id.
    pub pid: i64,
    /// The name that the process gave itself, at most 15 bytes: anything may stand in it.
    pub command: &'a str,
    /// The kernel's letter for its status: `R`, `S`, `D`, `Z`, `T`, `t`, `I` …
    pub status: char,
    /// Processor ticks in user and kernel mode since its start.
    pub cpu_ticks: Option<u64>,
    /// When it started, in ticks since boot; tells two processes of one id apart.
    pub start_ticks: Option<u64>,
    /// Resident memory, in pages.
    pub rss_pages: Option<u64>,
}

/// Parses `/proc/PID/stat`; none where id, name or status are absent.
#[must_use]
pub fn parse(text: &str) -> Option<PidStat<'_>> {
    // The name may hold blanks and parentheses itself: it ends with the last one.
    let (head, rest) = text.rsplit_once(')')?;
    let (pid, command) = head.split_once('(')?;
    let mut words = rest.split_ascii_whitespace();
    let status = words.next()?.chars().next()?;
    // Field 3 was the status; `nth` counts from the field behind the last one taken.
    let mut skip_and_take = |skipped: usize| words.nth(skipped)?.parse::<u64>().ok();
    let user = skip_and_take(10); // field 14
    let system = skip_and_take(0); // field 15
    let start_ticks = skip_and_take(6); // field 22
    let rss_pages = skip_and_take(1); // field 24
    Some(PidStat {
        pid: pid.trim().parse().ok()?,
        command,
        status,
        cpu_ticks: user.zip(system).map(|(u, s)| u.saturating_add(s)),
        start_ticks,
        rss_pages,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "R 9516 9516 7674 0 -1 4194304 100 0 0 0 31 11 0 0 20 0 1 0 90561 \
                        3133440 412 18446744073709551615 1 1 0 0 0 0\n";

    #[test]
    fn fields_are_counted_behind_the_name() {
        let text = format!("9529 (cat) {REST}");
        let expected = PidStat {
            pid: 9529,
            command: "cat",
            status: 'R',
            cpu_ticks: Some(42),
            start_ticks: Some(90561),
            rss_pages: Some(412),
        };
        assert_eq!(parse(&text), Some(expected));
    }

    #[test]
    fn a_name_may_hold_blanks_parentheses_and_lines() {
        for name in ["(a) b)", "tmux: server", ") R 1 1", "a\nb", "", "(("] {
            let text = format!("7 ({name}) {REST}");
            let stat = parse(&text).expect("it is whole");
            assert_eq!(stat.command, name);
            assert_eq!(stat.start_ticks, Some(90561), "{name}");
        }
    }

    #[test]
    fn a_cut_line_has_none_where_it_ends() {
        let stat = parse("7 (x) S 1 2").expect("id, name and status are there");
        assert_eq!(stat.cpu_ticks, None);
        assert_eq!(stat.rss_pages, None);
        assert_eq!(parse("7 (x)"), None);
        assert_eq!(parse("x (x) S"), None);
        assert_eq!(parse(""), None);
    }
}
