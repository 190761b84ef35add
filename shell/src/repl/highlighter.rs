//! Colours while typing, from the parser itself: what is red will not run.

use std::sync::Arc;

use hailer_lang::parse::{KnownNames, Style as Part, parse};
use hailer_lang::plan::ResolvedScope;
use hailer_lang::span::Span;
use nu_ansi_term::{Color, Style};
use reedline::{Highlighter, StyledText};

use super::complete::World;
use super::screen::Screen;
use super::unknown::unknown_names;

/// Longer texts are left plain: a paste of a megabyte is not parsed at every key.
const HIGHLIGHTED_MAX: usize = 8 << 10;

/// Paints a line as the parser understands it.
pub(super) struct LineHighlighter {
    names: KnownNames,
    color: bool,
    screen: Arc<Screen>,
    world: World,
    /// Any scope, to look names up by.
    all: ResolvedScope,
}

impl LineHighlighter {
    pub(super) fn new(names: KnownNames, color: bool, screen: Arc<Screen>, world: World) -> Self {
        Self {
            names,
            color,
            screen,
            all: ResolvedScope::all(&world.inventory),
            world,
        }
    }

    /// What each part of a line is, with names that stand for nothing as mistakes; the word that is
    /// being typed is none yet.
    fn parts(&self, line: &str, cursor: usize) -> Vec<(Span, Part)> {
        let parsed = parse(line, &self.names);
        let (inventory, known) = (&self.world.inventory, self.world.known());
        let marks = unknown_names(line, cursor, &parsed, inventory, &known, &self.all);
        let mut parts = parsed.styles;
        parts.retain(|(span, part)| *part != Part::Error || !marks.unfinished.contains(span));
        for &mark in &marks.unknown {
            // What lies within the mark is a part of it.
            parts.retain(|(span, _)| span.end <= mark.start || mark.end <= span.start);
            parts.push((mark, Part::Error));
        }
        parts.sort_by_key(|(span, _)| *span);
        parts
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
    fn highlight(&self, line: &str, cursor: usize) -> StyledText {
        let mut styled = StyledText::new();
        if self.screen.begin_painting() {
            return styled;
        }
        let plain = |text: &str| (Style::new(), text.to_owned());
        if !self.color || line.len() > HIGHLIGHTED_MAX {
            styled.push(plain(line));
            return styled;
        }
        let mut at = 0;
        for (span, part) in self.parts(line, cursor) {
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
    use hailer_lang::inventory::Inventory;
    use hailer_lang::inventory::file::FleetFile;

    use super::super::complete::{Names, Sample};
    use super::*;

    fn highlighter() -> LineHighlighter {
        let text = "fleet = 't'\n[[nodes]]\nnames = 'web[1-2]'\naddress = '{name}:1'\n";
        let file = FleetFile::parse(text).expect("parses");
        let inventory = Arc::new(Inventory::from_fleet_file(&file).expect("is a fleet"));
        let world = World {
            names: Arc::new(Names::of(Arc::clone(&inventory))),
            known: Arc::default(),
            sample: Sample::new().0,
            inventory,
        };
        let names = world.inventory.known_names();
        LineHighlighter::new(names, true, Arc::default(), world)
    }

    #[test]
    fn an_unknown_name_is_red_once_it_is_typed() {
        let red = |line: &str, cursor: usize| -> Vec<String> {
            let styled = highlighter().highlight(line, cursor).buffer;
            let is_red = |style: &Style| *style == style_of(Part::Error);
            let red = styled.into_iter().filter(|(style, _)| is_red(style));
            red.map(|(_, text)| text).collect()
        };
        assert_eq!(red("@web9", 5), Vec::<String>::new());
        assert_eq!(red("@web9 : df", 10), ["web9"]);
        assert_eq!(red("@web9 : df", 5), Vec::<String>::new());
        assert_eq!(red("df |> wher", 10), Vec::<String>::new());
        assert_eq!(red("df |> wher x", 12), ["wher"]);
    }

    #[test]
    fn highlighting_changes_no_character() {
        let highlighter = highlighter();
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
