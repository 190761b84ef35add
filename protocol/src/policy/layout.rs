//! The layout of a policy's text: what it says, its order and its comments stay.

use super::Policy;

/// Returns the text with every line where the documentation has it: groups and rules at the margin,
/// clauses under them, one empty line at most between two lines, and one before every rule. What is
/// no line of a policy stays as it is, and so does everything if that changed what the policy says.
#[must_use]
pub fn laid_out(text: &str) -> String {
    let mut out = Layout::default();
    for line in text.lines() {
        out.line(line.trim_matches([' ', '\t', '\r']));
    }
    out.comments(false);
    let (before, mistakes) = Policy::parse(text);
    let (after, still) = Policy::parse(&out.text);
    if mistakes.is_empty() && still.is_empty() && before == after {
        out.text
    } else {
        text.to_owned()
    }
}

#[derive(Debug, Default)]
struct Layout {
    text: String,
    /// Comments whose place the next line decides.
    comments: Vec<String>,
    /// An empty line stood before what comes now, or before the comments that wait.
    is_apart: bool,
    /// An empty line stood between the comments that wait and what comes now.
    is_parted: bool,
    in_rule: bool,
}

impl Layout {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            if self.comments.is_empty() {
                self.is_apart = true;
            } else {
                self.is_parted = true;
            }
            return;
        }
        if line.starts_with('#') {
            if self.is_parted {
                self.comments(false);
                self.is_apart = true;
            }
            self.comments.push(line.to_owned());
            return;
        }
        let end = line.find([' ', '\t', '=', ',']).unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        let rest = rest.trim_start_matches([' ', '\t']);
        let is_rule = matches!(word, "allow" | "deny");
        if is_rule || word == "group" {
            self.is_apart |= (is_rule || self.in_rule) && !self.is_parted;
            self.comments(false);
            self.in_rule = is_rule;
            self.put(&format!("{word} {rest}"));
        } else {
            self.is_apart &= !self.in_rule;
            self.comments(self.in_rule);
            self.put(&format!("  {word:<7} {rest}"));
        }
    }

    /// Writes the comments that wait, as far in as what they stand before.
    fn comments(&mut self, is_inside: bool) {
        for comment in std::mem::take(&mut self.comments) {
            self.put(&format!("{}{comment}", if is_inside { "  " } else { "" }));
        }
        self.is_apart |= std::mem::take(&mut self.is_parted) && !is_inside;
    }

    fn put(&mut self, line: &str) {
        if std::mem::take(&mut self.is_apart) && !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_order_stay_and_lines_find_their_place() {
        let text = "# Owners.\n\n\n\ngroup oncall = alice,   bob\r\nallow probe\nto anyone\n\
                    # Restarts.\n# Ask first.\n  deny run as root\n\ton frozen=yes\n\
                    allow   run as root\n # only they\n to group oncall\n\n needs reason\n# end";
        let wanted = "# Owners.\n\ngroup oncall = alice,   bob\n\nallow probe\n  to      anyone\n\n\
                      # Restarts.\n# Ask first.\ndeny run as root\n  on      frozen=yes\n\n\
                      allow run as root\n  # only they\n  to      group oncall\n  needs   reason\n\
                      # end\n";
        assert_eq!(laid_out(text), wanted);
        assert_eq!(laid_out(wanted), wanted, "a second time changes nothing");
    }

    #[test]
    fn the_canonical_form_is_laid_out() {
        let text = "group a = x\ngroup b from certificate\n\nallow run as root\n  to      group a\n  \
                    needs   reason\n\ndeny run as root\n  on      frozen=yes\n";
        let canonical = Policy::parse(text).0.canonical();
        assert_eq!(laid_out(&canonical), canonical);
    }

    #[test]
    fn a_policy_with_mistakes_stays_as_it_is() {
        let text = "alow   run\n";
        assert_eq!(laid_out(text), text);
    }
}
