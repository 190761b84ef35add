//! Verbs and operators of other languages, where ours are expected.

/// Returns our verb for one of another language.
pub(super) fn our_verb(theirs: &str) -> Option<&'static str> {
    Some(match theirs {
        "filter" | "grep" | "having" => "where",
        "head" | "limit" | "first" => "take",
        "order" | "orderby" | "order_by" | "sort_by" | "sort-by" | "order-by" => "sort",
        "group-by" | "group_by" | "groupby" => "group by",
        "uniq-by" | "unique-by" => "uniq by",
        "summarize" | "aggregate" | "stats" | "reduce" => "agg",
        "distinct" | "dedup" | "unique" => "uniq",
        "write" | "export" | "tee" | "to" => "save",
        "project" | "columns" | "get" | "cut" => "select",
        "extend" | "eval" | "mutate" | "insert" | "let" => "derive",
        "from" | "detect" => "parse",
        "wc" | "length" => "count",
        "xargs" | "exec" | "each" => "run each",
        "tail" => "sort … |> take",
        _ => return None,
    })
}

/// Returns what to write for an operator of another language behind an expression.
pub(super) fn our_operator(theirs: &str) -> Option<&'static str> {
    Some(match theirs.to_ascii_lowercase().as_str() {
        "like" | "ilike" | "rlike" | "regexp" | "matches" | "glob" => {
            "text is matched by a regular expression: `x ~ '^/var'`"
        }
        "contains" | "has" | "includes" => "text is searched with `x ~ 'PART'`",
        "startswith" | "starts" => "write `x ~ '^START'`",
        "endswith" | "ends" => "write `x ~ 'END$'`",
        "between" => "write `x >= 1 and x <= 9`",
        "eq" => "write `=`",
        "ne" => "write `!=`",
        "gt" => "write `>`",
        "ge" => "write `>=`",
        "lt" => "write `<`",
        "le" => "write `<=`",
        "order" | "group" | "limit" => "each verb has a `|>` of its own",
        _ => return None,
    })
}
