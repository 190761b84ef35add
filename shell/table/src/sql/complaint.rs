//! What polars says of a query it cannot carry out, in the language's words. What it said stays, in
//! brackets, for whoever knows it.

/// What is likely meant, and what to do: parts of what polars says, what that is here, and the help.
const KNOWN: &[(&[&str], &str, &str)] = &[
    (
        &["cannot compare string with numeric type"],
        "text is compared with a number",
        "write the number in quotes, or CAST(column AS DOUBLE)",
    ),
    (
        &["cannot compare"],
        "values of two types are compared",
        "bring them to one: CAST(… AS DOUBLE), CAST(… AS VARCHAR); a duration is INTERVAL '5m'",
    ),
    (
        &["arithmetic on dtypes", "str"],
        "this computes with text",
        "CAST(column AS DOUBLE) reads numbers out of it; || puts text together",
    ),
    (
        &["operation not supported for dtype"],
        "this cannot be done with values of that type",
        "CAST(… AS DOUBLE) and CAST(… AS VARCHAR) make others of them",
    ),
    (
        &["conversion from", "failed"],
        "a value is not what CAST is to make of it",
        "TRY_CAST gives null where it does not fit",
    ),
    (
        &["participate in the GROUP BY clause"],
        "a column stands beside an aggregate without being grouped by",
        "add it to GROUP BY, or take one of its values: max(column)",
    ),
    (
        &["lengths don't match"],
        "one column has a value a group here, and another a value a row",
        "add GROUP BY, or take one value of each: max(column)",
    ),
    (
        &["unsupported function"],
        "SQL here has no such function",
        "`derive` has functions of its own: `help functions`",
    ),
    (
        &["duplicate"],
        "two columns would be called the same",
        "give one another name: `x AS y`",
    ),
    (
        &["is not currently supported"],
        "this part of SQL is not carried out here",
        "do that step with a verb: `|> join`, `|> group`, `|> agg`",
    ),
    (
        &["unable to parse", "interval"],
        "this is no interval",
        "write INTERVAL '5m' or INTERVAL '2 hours'",
    ),
];

/// Returns what is wrong and what to do, where that is known.
pub(super) fn of(reason: &str) -> Option<(String, &'static str)> {
    let lower = reason.to_lowercase();
    let fits = |parts: &[&str]| {
        parts
            .iter()
            .all(|part| lower.contains(&part.to_lowercase()))
    };
    let (_, what, help) = KNOWN.iter().find(|(parts, _, _)| fits(parts))?;
    Some((format!("{what} ({reason})"), help))
}
