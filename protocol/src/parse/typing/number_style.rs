//! Numbers as other locales print them: `1,5` and `1.234.567`, `1 234` and `1'234`.
//!
//! A column has one style, and it is only taken for one where no other could be meant: all of its
//! cells are numbers in it, and at least one is a number in no other.

use crate::table::Row;

use super::texts;

/// Blanks and signs between groups of three digits that can mean nothing else.
const GROUPING: [char; 3] = ['\u{a0}', '\u{202f}', '\''];

/// How a column writes its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberStyle {
    /// `1,5`.
    DecimalComma,
    /// `1,234,567.8`, with this sign between the groups.
    Groups(char),
}

/// What a comma within numbers is, in all of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Comma {
    /// Not certain: a number with one is text, unless a unit behind it leaves no doubt.
    #[default]
    Unknown,
    /// Before the fraction.
    Decimal,
    /// Between groups of three digits.
    Thousands,
}

impl Comma {
    /// Finds out from all columns of a table; `is_fraction` says which hold percents and sizes. A list
    /// as `254,1` looks like a fraction too: one column alone says nothing.
    pub(crate) fn of_table(
        rows: &[Row],
        columns: usize,
        is_fraction: impl Fn(usize) -> bool,
    ) -> Self {
        let (mut decimal, mut thousands) = (0, 0);
        for at in 0..columns {
            let cells = texts(rows, at);
            if !cells.clone().any(|text| text.contains(',')) {
                continue;
            }
            if fraction_digits(cells.clone()).is_some() {
                decimal += if is_fraction(at) { 2 } else { 1 };
            } else if cells.clone().nth(1).is_some() && is_grouped(cells, true) {
                thousands += 1;
            }
        }
        match (decimal >= 2, thousands > 0) {
            (true, false) => Self::Decimal,
            (false, true) => Self::Thousands,
            (true, true) | (false, false) => Self::Unknown,
        }
    }
}

/// Returns how many digits stand behind the comma, where every cell has one and as many.
fn fraction_digits<'a>(mut cells: impl Iterator<Item = &'a str>) -> Option<usize> {
    let digits = |text: &str| {
        let (whole, fraction) = unsigned(text).0.split_once(',')?;
        let fits = all_digits(whole) && all_digits(fraction) && fraction.len() < 3;
        fits.then_some(fraction.len())
    };
    let first = digits(cells.next()?)?;
    cells
        .all(|text| digits(text) == Some(first))
        .then_some(first)
}

/// Whether all cells are numbers with commas between groups of three digits; if it must be `certain`,
/// one has two commas or a fraction.
fn is_grouped<'a>(mut cells: impl Iterator<Item = &'a str>, certain: bool) -> bool {
    let mut is_certain = !certain;
    cells.all(|text| {
        let fits = NumberStyle::Groups(',').fits(text);
        is_certain |= fits == Some(true);
        fits.is_some()
    }) && is_certain
}

/// Splits a number from its sign and its unit.
fn unsigned(text: &str) -> (&str, &str) {
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = number
        .find(|c: char| c.is_ascii_alphabetic() || c == '%')
        .unwrap_or(number.len());
    number.split_at(end)
}

impl NumberStyle {
    /// Returns the style of a column; `None` where it is the usual one, or cannot be told.
    pub(super) fn of_column(rows: &[Row], at: usize, comma: Comma) -> Option<Self> {
        let cells = texts(rows, at);
        if !cells
            .clone()
            .any(|text| text.contains(',') || text.contains(GROUPING))
        {
            return None;
        }
        if let Some(sign) = GROUPING
            .into_iter()
            .find(|sign| Self::Groups(*sign).is_of(cells.clone()))
        {
            return Some(Self::Groups(sign));
        }
        let is_decimal = match comma {
            Comma::Decimal => {
                fraction_digits(cells.clone()).is_some() || Self::DecimalComma.is_of(cells.clone())
            }
            Comma::Unknown => Self::DecimalComma.is_of(cells.clone()),
            Comma::Thousands => false,
        };
        if is_decimal {
            return Some(Self::DecimalComma);
        }
        (comma == Comma::Thousands && is_grouped(cells, false)).then_some(Self::Groups(','))
    }

    /// Whether all cells are numbers of this style, and one can be nothing else.
    fn is_of<'a>(self, mut cells: impl Iterator<Item = &'a str>) -> bool {
        let mut is_certain = false;
        let all_fit = cells.all(|text| {
            let fits = self.fits(text);
            is_certain |= fits == Some(true);
            fits.is_some()
        });
        all_fit && is_certain
    }

    /// Whether a text is a number in this style (`Some`), and whether it is one in this style only.
    fn fits(self, text: &str) -> Option<bool> {
        let (number, unit) = unsigned(text);
        if !unit.bytes().all(|b| b.is_ascii_alphabetic() || b == b'%') {
            return None;
        }
        match self {
            Self::DecimalComma => match number.split_once(',') {
                None => all_digits(number).then_some(false),
                Some((whole, fraction)) if all_digits(whole) && all_digits(fraction) => {
                    Some(!unit.is_empty())
                }
                Some(_) => None,
            },
            Self::Groups(sign) => {
                let (whole, fraction) = match number.rsplit_once('.') {
                    Some((whole, fraction)) => (whole, Some(fraction)),
                    None => (number, None),
                };
                if !fraction.is_none_or(all_digits) {
                    return None;
                }
                let mut groups = whole.split(sign);
                let first = groups.next().unwrap_or_default();
                let mut n = 0;
                let fits = groups.all(|group| {
                    n += 1;
                    group.len() == 3 && all_digits(group)
                });
                let is_grouped = fits && (n == 0 || first.len() <= 3) && all_digits(first);
                let needs_no_doubt = GROUPING.contains(&sign);
                is_grouped.then_some(n > 1 || n == 1 && (needs_no_doubt || fraction.is_some()))
            }
        }
    }

    /// Writes a number of this style the usual way.
    pub(super) fn plain(self, text: &str) -> String {
        match self {
            Self::DecimalComma => text.replace(',', "."),
            Self::Groups(sign) => text.replace(sign, ""),
        }
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether all are numbers, and those with a comma could be thousands or fractions.
pub(super) fn is_ambiguous<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> bool {
    let mut commas = 0;
    let all_fit = cells.clone().all(|text| {
        commas += text.matches(',').count();
        NumberStyle::Groups(',').fits(text).is_some()
    });
    commas > 0 && all_fit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn rows(cells: &[&str]) -> Vec<Row> {
        cells.iter().map(|c| vec![Value::from(*c)]).collect()
    }

    #[test]
    fn a_column_has_a_style_only_where_it_is_certain() {
        use Comma::{Decimal, Thousands, Unknown};
        use NumberStyle::{DecimalComma, Groups};
        for (cells, comma, expected) in [
            (&["2,1G", "40G", "-"][..], Unknown, Some(DecimalComma)),
            (&["95,5%", "1%"], Unknown, Some(DecimalComma)),
            (&["1,5", "2,5"], Unknown, None),
            (&["1,5", "2,5"], Decimal, Some(DecimalComma)),
            (&["1,5", "2,25"], Decimal, None),
            (&["254,1", "18442"], Decimal, None),
            (&["1,234", "2,345"], Unknown, None),
            (&["1,234", "12"], Thousands, Some(Groups(','))),
            (&["1,23", "12"], Thousands, None),
            (&["1\u{202f}234", "12"], Unknown, Some(Groups('\u{202f}'))),
            (&["1'234"], Unknown, Some(Groups('\''))),
            (&["192.168.100.200"], Thousands, None),
            (&["1.2.3"], Decimal, None),
            (&["1,2,3"], Decimal, None),
            (&["a,b"], Decimal, None),
            (&["12", "13"], Thousands, None),
            (&["", "-"], Decimal, None),
        ] {
            let found = NumberStyle::of_column(&rows(cells), 0, comma);
            assert_eq!(found, expected, "{cells:?} {comma:?}");
        }
        assert!(super::super::is_ambiguous(&rows(&["1,234", "12"]), 0));
        assert!(!super::super::is_ambiguous(&rows(&["12", "13"]), 0));
        assert!(!super::super::is_ambiguous(&rows(&["a,b"]), 0));
    }

    #[test]
    fn a_table_says_what_its_commas_are() {
        let table = |rows: &[[&str; 2]]| -> Vec<Row> {
            rows.iter().map(|r| r.map(Value::from).into()).collect()
        };
        for (rows, expected) in [
            (&[["1,5", "0,00"], ["2,5", "1,25"]][..], Comma::Decimal),
            (&[["254,1", "18442"], ["0,2", "1"]], Comma::Unknown),
            (&[["1,234,567", "x"], ["12", "y"]], Comma::Thousands),
            (&[["1,234", "x"], ["12", "y"]], Comma::Unknown),
            (&[["100,101,102", "x"]], Comma::Unknown),
            (&[["a", "b"]], Comma::Unknown),
        ] {
            let found = Comma::of_table(&table(rows), 2, |_| false);
            assert_eq!(found, expected, "{rows:?}");
        }
        let percents = Comma::of_table(&table(&[["0,5", "x"]]), 2, |at| at == 0);
        assert_eq!(percents, Comma::Decimal);
    }
}
