//! One row whose columns do not fit side by side: they stand below one another, each behind its name.

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table};

use super::cell::Fitted;
use super::layout::GAP;
use super::{Drawn, View, ink};

/// Fewer columns than this stay side by side: a cut text would be cut here too.
const COLUMNS_MIN: usize = 3;

/// Whether a table is drawn so: a terminal has not the width for its one row.
pub(super) fn is_upright(columns: &[Drawn], n_rows: usize, view: &View) -> bool {
    let Some(width) = view.width else {
        return false;
    };
    if n_rows != 1 || columns.len() < COLUMNS_MIN {
        return false;
    }
    let natural = columns
        .iter()
        .map(|c| c.demand(view.width, ink(view)).natural)
        .fold(0_usize, |sum, w| sum.saturating_add(w + GAP));
    natural.saturating_sub(GAP) > usize::from(width)
}

/// Draws the one row; a value that is longer than its line ends in an ellipsis, as in a table.
pub(super) fn draw(columns: &[Drawn], view: &View) -> String {
    let ink = ink(view);
    let width = view.width.map_or(usize::MAX, usize::from);
    let names: Vec<Fitted> = columns
        .iter()
        .map(|c| Fitted::new(&c.heading, (width / 2).max(1), ink))
        .collect();
    let named = names.iter().map(Fitted::width).max().unwrap_or(0);
    let left = width.saturating_sub(named + GAP).max(1);
    let mut table = Table::new();
    table
        .force_no_tty()
        .load_style(comfy_table::TableStyle::new())
        .set_content_arrangement(ContentArrangement::Disabled);
    if view.color {
        table.enforce_styling();
    }
    for (column, name) in columns.iter().zip(&names) {
        let name = Cell::new_owned(name.as_str().to_owned());
        let name = if view.color {
            name.add_attribute(Attribute::Bold)
        } else {
            name
        };
        let value = column.cell(0, left, view.color, ink);
        table.add_row(vec![name, value.set_alignment(CellAlignment::Left)]);
    }
    let gap = u16::try_from(GAP).unwrap_or(u16::MAX);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if at == 0 { gap } else { 0 }));
    }
    let mut out = table.trim_fmt();
    out.push('\n');
    out
}
