//! Automations: files that say what a node watches, what it does about it, and within which limits.
//!
//! A file is one automation and has its name. It begins with `automation NAME`; every other line is
//! a clause, indented, with its keyword first ([`Keyword`] has them all). A clause goes on where
//! the language's own lines go on (an open quote, a trailing `|>` or `\`), and in lines that are
//! indented deeper than it. `#` begins a comment.
//!
//! ```text
//! automation disk-full
//!   on      @role=db
//!   every   10s
//!   when    df --output=pcent,target -x tmpfs |> parse |> where use_pct > 90
//!   key     mounted_on
//!   for     30s
//!   do      journalctl --vacuum-size=200M
//!   verify  2m
//!   limit   1/30m per node, 5% per dc, 3 at once
//!   else    page db-oncall "still full"
//!   mode    act
//! ```
//!
//! Without `mode` an automation observes: one that acts says so in a word of its own, so that a file
//! which was cut short, or merged badly, does nothing. [`read`] goes the whole way from text to an
//! [`AutomationSpec`]; [`laid_out`] gives the one spelling that is kept and signed.

mod clause;
mod command;
mod difference;
mod file;
mod keyword;
mod limit;
mod lower;
mod pieces;
mod promote;
mod quantity;
mod split;
mod truth;
mod watched;
mod write;

use hailer_protocol::automation::AutomationSpec;

pub use difference::{Change, difference};
pub use file::AutomationFile;
pub use keyword::Keyword;
pub use promote::{Chain, PROMOTE_FLAGS, PromoteError, promote};

use crate::diagnostic::Diagnostic;
use crate::inventory::Inventory;
use crate::parse::KnownNames;

/// Reads a file and lowers it.
///
/// The names of nodes in `on` are looked up by whoever applies it. Labels of the inventory are told
/// from columns of rows; an empty inventory is fine.
///
/// # Errors
/// Every mistake, in the order of the text.
pub fn read(text: &str, inventory: &Inventory) -> Result<AutomationSpec, Vec<Diagnostic>> {
    let (file, mut errors) = file::parse(text, &inventory.known_names());
    let spec = lower::lower(&file, inventory, &mut errors);
    if !errors.is_empty() {
        errors.sort_by_key(|d| d.span);
        errors.dedup();
        return Err(errors);
    }
    // What is signed is made of the canonical text alone, so that two spellings of one automation
    // are one version.
    let canonical = write::canonical(&file);
    let (again, mut errors) = file::parse(&canonical, &inventory.known_names());
    let spec_again = lower::lower(&again, inventory, &mut errors);
    match spec_again.or(spec) {
        Some(spec) if errors.is_empty() => Ok(AutomationSpec {
            source: canonical,
            ..spec
        }),
        Some(_) | None => Err(errors),
    }
}

/// Reads a file without lowering it; returns every mistake of its form.
#[must_use]
pub fn parse(text: &str, words: &KnownNames) -> (AutomationFile, Vec<Diagnostic>) {
    file::parse(text, words)
}

/// Returns a file's canonical form: its clauses in one order and one spelling, comments before the
/// clause that they stand at. A file with mistakes of its form stays as it is.
#[must_use]
pub fn laid_out(text: &str) -> String {
    let (file, mistakes) = file::parse(text, &KnownNames::default());
    if mistakes.is_empty() {
        write::canonical(&file)
    } else {
        text.to_owned()
    }
}
