//! Who gets how much of a line's width.

/// Blanks between two columns.
pub(super) const GAP: usize = 2;

/// What one column asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// Everything is seen at this width.
    pub(super) natural: usize,
    /// Below this width the column would mislead.
    pub(super) least: usize,
    /// Whether it is drawn in any case.
    pub(super) stays: bool,
    /// Whether it tells the rows of a node apart, and goes after those that do not.
    pub(super) is_key: bool,
}

/// Returns each column's width, `None` for one that is left out.
///
/// The widest columns give way first. Where even that is not enough, columns are left out from the
/// right, those that tell rows apart after all others; those that stay may then be wider than the line, which is better than half a name.
pub(super) fn share(demands: &[Demand], available: Option<usize>) -> Vec<Option<usize>> {
    let Some(available) = available else {
        return demands.iter().map(|d| Some(d.natural)).collect();
    };
    let mut is_drawn = vec![true; demands.len()];
    loop {
        let least = total(
            demands
                .iter()
                .zip(&is_drawn)
                .filter(|d| *d.1)
                .map(|d| d.0.least),
        );
        if least <= available {
            break;
        }
        let n_drawn = is_drawn.iter().filter(|d| **d).count();
        let may_go = |at: &usize| is_drawn[*at] && !demands[*at].stays;
        let from_right = || (0..demands.len()).rev().filter(may_go);
        let next = from_right()
            .find(|&at| !demands[at].is_key)
            .or_else(|| from_right().next());
        match next {
            Some(at) if n_drawn > 1 => is_drawn[at] = false,
            _ => break,
        }
    }
    let mut widths: Vec<Option<usize>> = demands
        .iter()
        .zip(is_drawn)
        .map(|(d, drawn)| drawn.then_some(d.natural.min(available.max(d.least))))
        .collect();
    while total(widths.iter().copied().flatten()) > available {
        let widest = widths
            .iter_mut()
            .zip(demands)
            .filter_map(|(w, d)| w.as_mut().filter(|w| **w > d.least))
            .max_by_key(|w| **w);
        match widest {
            Some(width) => *width -= 1,
            None => break,
        }
    }
    widths
}

fn total(widths: impl Iterator<Item = usize>) -> usize {
    let (sum, n) = widths.fold((0_usize, 0_usize), |(sum, n), w| {
        (sum.saturating_add(w), n + 1)
    });
    sum.saturating_add(n.saturating_sub(1) * GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(demands: &[(usize, usize, bool)], available: usize, expected: &[Option<usize>]) {
        let demands: Vec<Demand> = demands
            .iter()
            .map(|&(natural, least, stays)| Demand {
                natural,
                least,
                stays,
                is_key: false,
            })
            .collect();
        assert_eq!(share(&demands, Some(available)), expected, "{demands:?}");
    }

    #[test]
    fn the_widest_column_gives_way_first() {
        check(
            &[(6, 6, true), (50, 8, false), (10, 8, false)],
            40,
            &[Some(6), Some(20), Some(10)],
        );
    }

    #[test]
    fn columns_are_left_out_from_the_right_and_names_never() {
        check(
            &[(6, 6, true), (50, 8, false), (10, 8, false)],
            20,
            &[Some(6), Some(12), None],
        );
        check(&[(50, 50, true), (10, 8, false)], 20, &[Some(50), None]);
    }

    #[test]
    fn what_tells_rows_apart_goes_last() {
        let demand = |natural, is_key| Demand {
            natural,
            least: natural,
            stays: false,
            is_key,
        };
        let demands = [
            demand(6, false),
            demand(8, true),
            demand(6, false),
            demand(6, true),
        ];
        for (available, expected) in [
            (40, [Some(6), Some(8), Some(6), Some(6)]),
            (30, [Some(6), Some(8), None, Some(6)]),
            (20, [None, Some(8), None, Some(6)]),
            (10, [None, Some(8), None, None]),
        ] {
            assert_eq!(share(&demands, Some(available)), expected, "{available}");
        }
    }

    #[test]
    fn one_column_is_always_left() {
        check(&[(30, 8, false)], 4, &[Some(8)]);
    }
}
