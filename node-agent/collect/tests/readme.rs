//! The README's tables are the catalog's.
//!
//! `HAILER_WRITE_DOCS=1 cargo test -p hailer-collect --test readme` writes them.

use std::fmt::Write as _;
use std::path::Path;

use hailer_protocol::metrics::{Dimension, FACTS, Kind, Metric, catalog};

#[test]
fn the_readme_lists_exactly_the_catalog() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let with_metrics = replaced(&readme, "metrics", &metrics());
    let expected = replaced(&with_metrics, "facts", &facts());
    if std::env::var_os("HAILER_WRITE_DOCS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == expected,
        "the README's tables are not the catalog's: run this test with HAILER_WRITE_DOCS=1"
    );
}

fn replaced(text: &str, section: &str, table: &str) -> String {
    let (start, end) = (
        format!("<!-- {section} -->\n"),
        format!("<!-- end of {section} -->"),
    );
    let (head, rest) = text.split_once(&start).expect("the section starts");
    let (_, tail) = rest.split_once(&end).expect("the section ends");
    format!("{head}{start}{table}{end}{tail}")
}

fn metrics() -> String {
    let mut out = String::from(
        "| metric | short | kind | columns | value | meaning |\n|---|---|---|---|---|---|\n",
    );
    for metric in catalog() {
        writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} |",
            metric.name,
            quoted(metric.short.iter().copied()),
            kind(metric),
            columns(metric),
            value(metric),
            metric.description
        )
        .expect("a string takes all");
    }
    out
}

fn facts() -> String {
    let mut out = String::from("| fact | type | meaning |\n|---|---|---|\n");
    for fact in FACTS {
        writeln!(
            out,
            "| `{}` | {} | {} |",
            fact.name, fact.data_type, fact.description
        )
        .expect("a string takes all");
    }
    out
}

const fn kind(metric: &Metric) -> &'static str {
    match metric.kind {
        Kind::Gauge => "gauge",
        Kind::Counter => "counter",
        Kind::Share => "share",
        Kind::Rate => "rate",
    }
}

fn columns(metric: &Metric) -> String {
    let names = |dimensions: &'static [Dimension]| dimensions.iter().map(|d| d.name);
    quoted(
        names(metric.dimensions)
            .chain(["value"])
            .chain(names(metric.extras)),
    )
}

fn value(metric: &Metric) -> String {
    let (data_type, unit) = (metric.data_type.name(), metric.unit());
    format!("{data_type}, {unit}")
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(" ")
}
