//! What the prompt says by itself: of a history that cannot be kept, of nodes that come and go, and of
//! the operator's certificate, before it ends and when the next one is taken up.

use std::time::Duration;

use hailer_protocol::clean::Clean;
use hailer_protocol::time::Wall;

use super::Repl;
use crate::clock;
use crate::fleet::PapersNews;
use crate::login::moment;
use crate::session::Session;

/// So long before a certificate ends the operator is warned.
const WARN_BEFORE: Duration = Duration::from_secs(10 * 60);

/// The ends of certificates that the operator was warned of.
#[derive(Debug, Default)]
pub(super) struct Expiry {
    warned_of: Option<Wall>,
}

impl Expiry {
    /// Returns the warning, once a certificate.
    fn warning(&mut self, end: Wall, now: Wall) -> Option<String> {
        if now + WARN_BEFORE < end || self.warned_of == Some(end) {
            return None;
        }
        self.warned_of = Some(end);
        let at = moment(end);
        let next = "`hailer login` gets the next one, which this shell takes up by itself";
        Some(if now > end {
            format!("your certificate ended at {at}: nodes refuse it; {next}\n")
        } else {
            let minutes = u64::try_from(end.0 - now.0).unwrap_or(0).div_ceil(60_000);
            format!("your certificate ends at {at}, in {minutes} min; {next}\n")
        })
    }
}

/// Says what became of papers that have changed.
fn told(news: PapersNews) -> String {
    match news {
        PapersNews::Renewed(end) => {
            format!(
                "your next certificate is in use; it ends at {}\n",
                moment(end)
            )
        }
        PapersNews::Refused(reason) => format!(
            "certificate, key or authorities have changed, and the last ones hold on: {}\n",
            Clean::line(&reason)
        ),
    }
}

impl Repl {
    /// What is to be said now, if anything is.
    pub(super) fn notices(&mut self, session: &Session) -> Option<String> {
        let (fleet, now) = (session.fleet(), clock::wall());
        let lines = [
            self.trouble(),
            fleet.news().map(told),
            self.expiry.warning(fleet.ends_at(), now),
            self.changes_in_scope(session),
        ];
        let said: String = lines.into_iter().flatten().collect();
        (!said.is_empty()).then_some(said)
    }

    /// What is said, once, of a history that cannot be kept.
    pub(super) fn trouble(&self) -> Option<String> {
        let trouble = self.history.trouble()?.to_string();
        Some(format!(
            "lines are remembered until you leave, and not longer: {}\n",
            Clean::line(&trouble)
        ))
    }

    /// Which nodes of the scope have gone or come back since this was asked last.
    fn changes_in_scope(&mut self, session: &Session) -> Option<String> {
        let scope = session.scope()?;
        let (live, inventory) = (session.live(), session.inventory());
        self.changes
            .seen(&live.up, &scope.nodes, inventory, clock::mono())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Wall = Wall(1_700_000_000_000);

    fn before(seconds: i64) -> Wall {
        Wall(END.0 - seconds * 1_000)
    }

    #[test]
    fn a_certificate_that_ends_soon_is_warned_of_once_and_the_next_one_too() {
        let mut expiry = Expiry::default();
        assert_eq!(expiry.warning(END, before(601)), None);
        let said = expiry.warning(END, before(600)).expect("ten minutes");
        assert!(
            said.starts_with("your certificate ends at 22:13 UTC, in 10 min; `hailer login`"),
            "{said}"
        );
        for seconds in [599, 1, 0, -1] {
            assert_eq!(expiry.warning(END, before(seconds)), None, "{seconds}");
        }
        let next = END + Duration::from_secs(8 * 60 * 60);
        assert_eq!(expiry.warning(next, END), None);
        assert!(expiry.warning(next, next).is_some());
    }

    #[test]
    fn one_that_ended_while_nobody_looked_is_said_to_have_ended() {
        let said = Expiry::default().warning(END, before(-1)).expect("over");
        assert!(
            said.starts_with("your certificate ended at 22:13 UTC"),
            "{said}"
        );
        assert!(said.contains("`hailer login`"), "{said}");
    }

    #[test]
    fn papers_that_cannot_be_taken_up_do_not_command_the_terminal() {
        let said = told(PapersNews::Refused("\x1b[2J".to_owned()));
        assert!(!said.contains('\x1b'), "{said}");
    }
}
