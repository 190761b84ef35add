//! Drawing a frame for people.
//!
//! Every text in the picture was made safe first: comfy-table is handed `Fitted` text alone, and
//! that is made of [`Clean`] alone. What is cut says so: a long text ends in `…`, rows and columns
//! that are not drawn are counted below. Node names and numbers are never cut, since half of one
//! is another one; a node set wraps. One row of columns that do not fit stands upright.

mod cell;
mod layout;
mod upright;

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};
use comfy_table::{LineStyle, TableStyle};
use hailer_protocol::clean::Clean;
use hailer_protocol::state::State;
use hailer_protocol::value::DataType;

use crate::column::FrameColumn;
use crate::evaluator;
use crate::frame::Frame;
use cell::{Fitted, Ink};
use layout::{Demand, GAP};

/// How a table is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// Terminal columns there are; `None` where nothing needs to be cut, as in a file.
    pub width: Option<u16>,
    /// Whether colour may be used. It never carries a meaning alone.
    pub color: bool,
    /// Rows to draw at most; how many more there are is said.
    pub max_rows: Option<usize>,
    /// ASCII only; other characters are escaped.
    pub ascii: bool,
}

/// Draws the shown columns; every line ends in a newline.
#[must_use]
pub fn render_table(frame: &Frame, view: &View) -> String {
    let ink = ink(view);
    let n_rows = view
        .max_rows
        .map_or(frame.len(), |max| frame.len().min(max));
    let mut columns: Vec<Drawn> = frame
        .shown_columns()
        .map(|(at, column)| Drawn::new(frame, at, column, n_rows, ink))
        .collect();
    if columns.is_empty() {
        return format!("({} rows without a column that is shown)\n", frame.len());
    }
    if frame.len() == 1 && upright::is_upright(&columns, n_rows, view) {
        return upright::draw(&columns, view);
    }
    mark_keys(&mut columns);
    let demands: Vec<Demand> = columns.iter().map(|c| c.demand(view.width, ink)).collect();
    let widths = layout::share(&demands, view.width.map(usize::from));
    let mut out = draw(&columns, &widths, n_rows, view);
    let left_out: Vec<&str> = columns
        .iter()
        .zip(&widths)
        .filter(|(_, w)| w.is_none())
        .map(|(c, _)| c.heading.as_str())
        .collect();
    if frame.is_empty() {
        out.push_str("(no rows)\n");
    }
    if n_rows < frame.len() {
        out.push_str(&more_rows(frame.len(), n_rows, ink));
    }
    if !left_out.is_empty() {
        out.push_str(&more_columns(&left_out, view.width, ink));
    }
    out
}

const fn ink(view: &View) -> Ink {
    Ink {
        ascii: view.ascii,
        is_terminal: view.width.is_some(),
    }
}

fn more_rows(all: usize, drawn: usize, ink: Ink) -> String {
    let more = all - drawn;
    let (noun, them) = if more == 1 {
        ("row", "it")
    } else {
        ("rows", "them")
    };
    format!(
        "{} {more} more {noun} (|> take {all} shows {them})\n",
        ink.ellipsis()
    )
}

/// Names the columns that are not drawn. The line itself has to fit.
fn more_columns(names: &[&str], width: Option<u16>, ink: Ink) -> String {
    let noun = if names.len() == 1 {
        "column"
    } else {
        "columns"
    };
    let line = format!(
        "{} {} more {noun}: {}",
        ink.ellipsis(),
        names.len(),
        names.join(", ")
    );
    let width = width.map_or(usize::MAX, usize::from);
    let hint = if names.len() == 1 {
        "(|> select shows it)"
    } else {
        "(|> select shows them)"
    };
    let names = Fitted::new(&Clean::line(&line), width, ink);
    let on_one_line = names.width().saturating_add(1 + hint.len()) <= width;
    let mut said = names.into_string();
    if on_one_line || hint.len() <= width {
        said.push(if on_one_line { ' ' } else { '\n' });
        said.push_str(hint);
    }
    said.push('\n');
    said
}

/// Columns by which people know what a row is about, where a tool has them.
const KEYS: [&str; 16] = [
    "name",
    "run",
    "id",
    "pid",
    "unit",
    "mounted_on",
    "target",
    "device",
    "interface",
    "container",
    "pod",
    "package",
    "file",
    "path",
    "command",
    "out",
];

/// Marks the columns that tell rows apart: those which are called so, or else the last text, which
/// is where tools print a name.
fn mark_keys(columns: &mut [Drawn]) {
    for column in columns.iter_mut() {
        column.is_key = KEYS.contains(&column.name.as_str());
    }
    if !columns.iter().any(|c| c.is_key) {
        let last = columns.iter_mut().rev().find(|c| c.kind == Kind::Text);
        last.into_iter().for_each(|c| c.is_key = true);
    }
}

/// How a column may give way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text: cut where it is too long.
    Text,
    /// Numbers, to the right, never cut.
    Number,
    /// Words that mean something else when cut: node names, times, states.
    Word,
    /// Folded node names: wrapped.
    NodeSet,
}

struct Drawn {
    kind: Kind,
    heading: Clean,
    cells: Vec<Clean>,
    name: String,
    /// Whether it stays when the terminal is too narrow for all columns.
    stays: bool,
    /// Whether it tells rows apart.
    is_key: bool,
    is_state: bool,
}

impl Drawn {
    fn new(frame: &Frame, at: usize, column: &FrameColumn, n_rows: usize, ink: Ink) -> Self {
        let data_type = column.column.data_type;
        let name = column.column.name.as_str();
        let is_state = name.trim_start_matches("run.") == "state" && data_type == DataType::Str;
        let kind = if column.is_node_set() {
            Kind::NodeSet
        } else if column.is_node() {
            Kind::Word
        } else if data_type.is_numeric() {
            Kind::Number
        } else if matches!(data_type, DataType::Bool | DataType::Time) {
            Kind::Word
        } else {
            Kind::Text
        };
        Self {
            kind,
            heading: ink.clean(column.column.heading()),
            cells: (0..n_rows)
                .map(|row| ink.clean(&evaluator::display(&frame.value(row, at))))
                .collect(),
            stays: column.is_node() || column.is_node_set() || name == "count",
            name: name.to_owned(),
            is_key: false,
            is_state,
        }
    }

    /// Returns how wide the column would be, and how narrow it can be.
    fn demand(&self, width: Option<u16>, ink: Ink) -> Demand {
        // Nothing is ever drawn wider than the terminal, so nothing longer needs measuring.
        let enough = match (self.kind, width) {
            (Kind::Text, Some(width)) => usize::from(width).max(1),
            _ => usize::MAX,
        };
        let heading = Fitted::new(&self.heading, enough, ink).width();
        let widest = |measure: &dyn Fn(&Clean) -> usize| self.cells.iter().map(measure).max();
        let whole = |c: &Clean| Fitted::new(c, enough, ink).width();
        let natural = widest(&whole).unwrap_or(0).max(heading).max(1);
        let least = match self.kind {
            Kind::Text if self.is_key && natural <= KEY_WIDTH => natural,
            Kind::Text => natural.min(TEXT_WIDTH_MIN),
            Kind::Number | Kind::Word => widest(&whole).unwrap_or(0).max(heading.min(HEADING_MIN)),
            Kind::NodeSet => widest(&|c| cell::longest_piece(c, ink))
                .unwrap_or(0)
                .max(heading.min(HEADING_MIN)),
        };
        Demand {
            natural,
            least: least.clamp(1, natural),
            stays: self.stays,
            is_key: self.is_key,
        }
    }

    fn heading_cell(&self, width: usize, color: bool, ink: Ink) -> Cell {
        let cell = draw_cell(&[Fitted::new(&self.heading, width, ink)]).set_alignment(self.side());
        if color {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }

    fn cell(&self, row: usize, width: usize, color: bool, ink: Ink) -> Cell {
        let text = &self.cells[row];
        let lines = match self.kind {
            Kind::Text => vec![Fitted::new(text, width, ink)],
            Kind::Number | Kind::Word => vec![Fitted::new(text, usize::MAX, ink)],
            Kind::NodeSet => cell::wrap_at_commas(text, width, ink),
        };
        let cell = draw_cell(&lines).set_alignment(self.side());
        match State::by_name(text.as_str()).filter(|_| self.is_state && color) {
            Some(state) => cell.fg(state_color(state)),
            None => cell,
        }
    }

    const fn side(&self) -> CellAlignment {
        match self.kind {
            Kind::Number => CellAlignment::Right,
            Kind::Text | Kind::Word | Kind::NodeSet => CellAlignment::Left,
        }
    }
}

/// The one way to comfy-table.
fn draw_cell(lines: &[Fitted]) -> Cell {
    let lines: Vec<&str> = lines.iter().map(Fitted::as_str).collect();
    Cell::new_owned(lines.join("\n"))
}

const fn state_color(state: State) -> Color {
    match state {
        State::Ok => Color::Green,
        State::Failed | State::Lost | State::Denied => Color::Red,
        State::Unreachable
        | State::Undeliverable
        | State::Cancelled
        | State::TimedOut
        | State::NotStarted => Color::Yellow,
    }
}

fn draw(columns: &[Drawn], widths: &[Option<usize>], n_rows: usize, view: &View) -> String {
    let ink = ink(view);
    let kept: Vec<(&Drawn, usize)> = columns
        .iter()
        .zip(widths)
        .filter_map(|(c, w)| Some((c, (*w)?)))
        .collect();
    let mut table = Table::new();
    table
        .force_no_tty()
        .load_style(rule(view.ascii))
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(
            kept.iter()
                .map(|(c, w)| c.heading_cell(*w, view.color, ink))
                .collect::<Vec<Cell>>(),
        );
    if view.color {
        table.enforce_styling();
    }
    for row in 0..n_rows {
        table.add_row(
            kept.iter()
                .map(|(c, w)| c.cell(row, *w, view.color, ink))
                .collect::<Vec<Cell>>(),
        );
    }
    let last = kept.len().saturating_sub(1);
    let gap = u16::try_from(GAP).unwrap_or(u16::MAX);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if at == last { 0 } else { gap }));
    }
    let mut out = table.trim_fmt();
    out.push('\n');
    out
}

/// One line under the headings and nothing else.
const fn rule(ascii: bool) -> TableStyle {
    let fill = if ascii { '-' } else { '─' };
    TableStyle::new().header_separator(LineStyle::none().fill(fill))
}

/// A text column is not made narrower than this: less says nothing.
const TEXT_WIDTH_MIN: usize = 8;

/// A column that tells rows apart is not cut up to this width.
const KEY_WIDTH: usize = 20;

/// The heading of a narrow column is not cut below this.
const HEADING_MIN: usize = 4;
