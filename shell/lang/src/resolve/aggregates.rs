//! `agg`: its columns get their names, and each name is there once.

use super::{Resolver, is_of_the_run};
use crate::aggregate::AggregateCall;
use crate::ast::{Aggregate, Ident};
use crate::diagnostic::{Code, Diagnostic};
use crate::fleet_plan::FleetStep;

impl Resolver<'_> {
    pub(super) fn agg_step(&mut self, calls: &[Aggregate], by: &[Ident]) {
        let by = self.columns(by);
        self.names_are_free(calls, &by);
        let named = calls.iter().filter_map(|c| c.name.as_ref());
        let mut taken: Vec<String> = named.map(|n| n.name.clone()).chain(by.clone()).collect();
        let mut resolved = Vec::with_capacity(calls.len());
        for call in calls {
            let argument = match &call.argument {
                None => None,
                Some(node) => match self.expr(node) {
                    Some(expr) => Some(expr),
                    // The parser has said what is wrong with it.
                    None => return,
                },
            };
            let name = if let Some(name) = &call.name {
                name.name.clone()
            } else {
                let free = free_name(&call.function.default_name(argument.as_ref()), &taken);
                taken.push(free.clone());
                free
            };
            resolved.push(AggregateCall {
                name,
                function: call.function,
                argument,
            });
        }
        let names: Vec<&str> = resolved.iter().map(|c| c.name.as_str()).collect();
        self.schema.grouped(&by, &names);
        self.fleet(FleetStep::Agg {
            calls: resolved,
            by,
        });
    }

    /// Says which of the names that were given are taken.
    fn names_are_free(&mut self, calls: &[Aggregate], by: &[String]) {
        let mut seen: Vec<&str> = by.iter().map(String::as_str).collect();
        for name in calls.iter().filter_map(|c| c.name.as_ref()) {
            if is_of_the_run(&name.name) {
                self.errors.push(reserved(name));
            } else if seen.contains(&name.name.as_str()) {
                self.errors.push(
                    Diagnostic::new(
                        Code::Unexpected,
                        name.span,
                        format!("`{}` is named twice", name.name),
                    )
                    .label("a second time")
                    .help("take another name"),
                );
            }
            seen.push(&name.name);
        }
    }
}

/// What says where a row came from cannot be replaced.
pub(super) fn reserved(name: &Ident) -> Diagnostic {
    Diagnostic::new(
        Code::Unexpected,
        name.span,
        format!(
            "`{}` says where a row came from and cannot be replaced",
            name.name
        ),
    )
    .label("reserved")
    .help("take another name")
}

/// Returns `wanted`, or `wanted_2`, `wanted_3` … where that is taken.
fn free_name(wanted: &str, taken: &[String]) -> String {
    std::iter::once(wanted.to_owned())
        .chain((2_usize..).map(|n| format!("{wanted}_{n}")))
        .find(|name| !taken.contains(name))
        .expect("finitely many names cannot take infinitely many")
}
