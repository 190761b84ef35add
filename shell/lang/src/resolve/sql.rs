//! `sql`: the results that a query names are there; the query itself is read when it runs.

use super::{Resolver, known_result};
use crate::ast::{Ident, ResultRef};
use crate::diagnostic::{Code, Diagnostic};
use crate::fleet_plan::FleetStep;
use crate::schema::Schema;
use crate::sql::{QUERY_BYTES_MAX, results_in};

impl Resolver<'_> {
    pub(super) fn sql_step(&mut self, query: &Ident) {
        let (results, has_last) = results_in(&query.name);
        for &number in &results {
            known_result(
                ResultRef::Number(number),
                query.span,
                self.last_result,
                self.errors,
            );
        }
        if has_last {
            self.errors.push(
                Diagnostic::new(
                    Code::UnknownResult,
                    query.span,
                    "a query cannot name the last result as `$`",
                )
                .label("which rows?")
                .help("the rows that the verb works on are `self`; others have a number: `$3`"),
            );
        }
        if query.name.len() > QUERY_BYTES_MAX {
            self.errors.push(
                Diagnostic::new(
                    Code::TooMany,
                    query.span,
                    format!(
                        "the query has {} bytes, at most {QUERY_BYTES_MAX} are allowed",
                        query.name.len()
                    ),
                )
                .label("too long"),
            );
        }
        self.fleet(FleetStep::Sql {
            query: query.name.clone(),
            results,
        });
        // What comes out is known when it has run.
        self.schema = Schema::unknown();
    }
}
