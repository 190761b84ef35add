//! Colours while typing, from the parser itself: what is red will not run.

use std::sync::Arc;

use hailer_lang::parse::{KnownNames, Style as Part, parse};
use nu_ansi_term::{Color, Style};
use reedline::{Highlighter, StyledText};

use super::screen::Screen;

/// Longer texts are left plain: a paste of a megabyte is not parsed at every key.
const HIGHLIGHTED_MAX: usize = 8 << 10;

/// Paints a line as the parser understands it.
pub(super) struct LineHighlighter {
    names: KnownNames,
    color: bool,
    screen: Arc<Screen>,
}

impl LineHighlighter {
    pub(super) const fn new(names: KnownNames, color: bool, screen: Arc<Screen>) -> Self {
        Self {
            names,
            color,
            screen,
        }
    }
}

/// Eight colours that can be read on light and on dark.
fn style_of(part: Part) -> Style {
    let plain = Style::new();
    match part {
        Part::Selector | Part::Operator => plain.fg(Color::Cyan),
        Part::NodeName | Part::Label => plain.fg(Color::Cyan).bold(),
        Part::Verb | Part::ShellWord | Part::Function => plain.fg(Color::Blue).bold(),
        Part::Keyword => plain.fg(Color::Blue),
        Part::Number => plain.fg(Color::Magenta),
        Part::String => plain.fg(Color::Green),
        Part::Column => plain,
        Part::Command => plain.bold(),
        Part::Comment => plain.dimmed(),
        Part::Local => plain.fg(Color::Yellow),
        Part::Error => plain.fg(Color::Red).underline(),
    }
}

impl Highlighter for LineHighlighter {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        let mut styled = StyledText::new();
        if self.screen.begin_painting() {
            return styled;
        }
        let plain = |text: &str| (Style::new(), text.to_owned());
        if !self.color || line.len() > HIGHLIGHTED_MAX {
            styled.push(plain(line));
            return styled;
        }
        let parsed = parse(line, &self.names);
        let mut at = 0;
        for (span, part) in parsed.styles {
            let (Some(before), Some(text)) =
                (line.get(at..span.start), line.get(span.start..span.end))
            else {
                continue;
            };
            if !before.is_empty() {
                styled.push(plain(before));
            }
            styled.push((style_of(part), text.to_owned()));
            at = span.end;
        }
        if let Some(rest) = line.get(at..).filter(|r| !r.is_empty()) {
            styled.push(plain(rest));
        }
        styled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn highlighting_changes_no_character() {
        let highlighter = LineHighlighter::new(KnownNames::default(), true, Arc::default());
        for line in [
            "",
            "@all : df |> where use_pct > 90",
            "echo 'ö' |> nope",
            "|> ",
            "@(",
            "!ls",
        ] {
            let styled = highlighter.highlight(line, 0);
            let text: String = styled.buffer.iter().map(|(_, t)| t.as_str()).collect();
            assert_eq!(text, line);
        }
    }
}
