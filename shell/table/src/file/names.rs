//! Names of columns from a file or a query: the language's, each once.

use std::collections::BTreeSet;

use hailer_protocol::parse::name::{column_name, is_column_name};
use hailer_protocol::table::Column;
use hailer_protocol::value::DataType;

use crate::error::Note;

/// Names of columns as they come, so that no two are the same.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
    repeated: usize,
}

impl Names {
    /// Makes a column of the name that a file has for it. What is no name in the language becomes
    /// one, and stays as the heading.
    pub(crate) fn column(&mut self, written: &str, data_type: DataType) -> Column {
        // `label.dc` is a name too.
        let is_name = !written.is_empty() && written.split('.').all(is_column_name);
        let name = if is_name {
            written.to_owned()
        } else {
            column_name(written)
        };
        let mut free = name.clone();
        let mut n = 2;
        while !self.taken.insert(free.clone()) {
            free = format!("{name}_{n}");
            n += 1;
        }
        if n > 2 {
            self.repeated += 1;
        }
        let heading = (free != written && !written.is_empty()).then(|| written.to_owned());
        Column {
            heading,
            ..Column::new(free, data_type)
        }
    }

    /// Says how many names were there before.
    pub(crate) fn note(&self) -> Option<Note> {
        let n = self.repeated;
        (n > 0).then(|| {
            let columns = if n == 1 { "column has" } else { "columns have" };
            Note::new(&format!(
                "{n} {columns} a name that another one has too, and got a number behind it"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_the_languages_and_stay_apart() {
        let mut names = Names::default();
        let mut name = |written| names.column(written, DataType::Int).name;
        assert_eq!(name("use_pct"), "use_pct");
        assert_eq!(name("Use%"), "use_pct_2");
        assert_eq!(name("label.dc"), "label.dc");
        assert_eq!(name(""), "name");
        assert_eq!(name("\x1b[2J"), "_2j");
        assert_eq!(name("a..b"), "a_b");
        let heading = names.column("Größe", DataType::Int).heading;
        assert_eq!(heading.as_deref(), Some("Größe"));
        assert!(
            names
                .note()
                .is_some_and(|n| n.as_str().contains("1 column has"))
        );
    }
}
