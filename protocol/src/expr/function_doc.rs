//! The functions of the language in words.
//!
//! `functions.md` beside this crate's manifest is written from these, and so is `help functions`.

use super::Function;

/// What a function is about; `help functions` goes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Text.
    Text,
    /// Numbers.
    Number,
    /// Moments and how far apart they are.
    Time,
    /// From one type to another.
    Unit,
    /// One of several values.
    Choice,
    /// Addresses and paths.
    Name,
}

/// A function in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionDoc {
    /// What it is about.
    pub topic: Topic,
    /// How it is written.
    pub usage: &'static str,
    /// What it yields.
    pub help: &'static str,
    /// A call, and what it comes to as printed; both empty where that depends on the clock.
    pub example: (&'static str, &'static str),
}

impl Topic {
    /// Every topic in the order of the help.
    pub const ALL: [Self; 6] = [
        Self::Text,
        Self::Number,
        Self::Time,
        Self::Unit,
        Self::Choice,
        Self::Name,
    ];

    /// Returns its heading.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "numbers",
            Self::Time => "times (UTC)",
            Self::Unit => "types",
            Self::Choice => "choices",
            Self::Name => "addresses and paths",
        }
    }
}

impl Function {
    /// Explains the function.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one flat table")]
    pub const fn doc(self) -> FunctionDoc {
        use Topic::{Choice, Name, Number, Text, Time, Unit};
        let (topic, usage, help, example) = match self {
            Self::Lower => (Text, "lower(s)", "in lower case", ("lower('Web')", "web")),
            Self::Upper => (Text, "upper(s)", "in upper case", ("upper('Web')", "WEB")),
            Self::Len => (
                Text,
                "len(s)",
                "how many characters it has",
                ("len('web')", "3"),
            ),
            Self::Trim => (
                Text,
                "trim(s)",
                "without blanks at both ends",
                ("trim('  a ')", "a"),
            ),
            Self::Contains => (
                Text,
                "contains(s, part)",
                "whether the part is in it",
                ("contains('nginx', 'gin')", "true"),
            ),
            Self::StartsWith => (
                Text,
                "starts_with(s, part)",
                "whether it begins with the part",
                ("starts_with('/var/log', '/var')", "true"),
            ),
            Self::EndsWith => (
                Text,
                "ends_with(s, part)",
                "whether it ends with the part",
                ("ends_with('a.log', '.log')", "true"),
            ),
            Self::Replace => (
                Text,
                "replace(s, from, to)",
                "with every `from` as `to`",
                ("replace('a-b-c', '-', '.')", "a.b.c"),
            ),
            Self::Abs => (Number, "abs(x)", "without its sign", ("abs(-3)", "3")),
            Self::Round => (
                Number,
                "round(x[, digits])",
                "rounded, halves away from zero",
                ("round(2.345, 1)", "2.3"),
            ),
            Self::Floor => (Number, "floor(x)", "rounded down", ("floor(2.7)", "2")),
            Self::Ceil => (Number, "ceil(x)", "rounded up", ("ceil(2.1)", "3")),
            Self::Coalesce => (
                Choice,
                "coalesce(a, b, …)",
                "the first that is not null",
                ("coalesce(null, 5)", "5"),
            ),
            Self::If => (
                Choice,
                "if(condition, then, else)",
                "one or the other; null counts as false",
                ("if(2 > 1, 'yes', 'no')", "yes"),
            ),
            Self::Int => (
                Unit,
                "int(x)",
                "a whole number, cut towards zero; bytes of a size, points of a percent",
                ("int('42')", "42"),
            ),
            Self::Float => (
                Unit,
                "float(x)",
                "a number with a fraction",
                ("float('1.5')", "1.5"),
            ),
            Self::Str => (
                Unit,
                "string(x)",
                "the text that is printed",
                ("string(10GiB)", "10GiB"),
            ),
            Self::Now => (
                Time,
                "now()",
                "this moment by the clock of the node, the same for all rows",
                ("", ""),
            ),
            Self::Age => (
                Time,
                "age(t[, then])",
                "how long ago a time is, or was at another",
                ("age('2026-01-01', '2026-01-02')", "1d"),
            ),
            Self::Time => (
                Time,
                "time(x[, format])",
                "a time out of text, or out of seconds since 1970",
                (
                    "time('23.11.2026 15:10', '%d.%m.%Y %H:%M')",
                    "2026-11-23T15:10:00Z",
                ),
            ),
            Self::FormatTime => (
                Time,
                "format_time(t, format)",
                "a time as text",
                ("format_time(time('2026-11-23'), '%d.%m.')", "23.11."),
            ),
            Self::Date => (
                Time,
                "date(t)",
                "its day, as text",
                ("date(time('2026-11-23 15:10:00'))", "2026-11-23"),
            ),
            Self::Hour => (
                Time,
                "hour(t)",
                "its hour, 0 to 23",
                ("hour(time('2026-11-23 15:10:00'))", "15"),
            ),
            Self::Weekday => (
                Time,
                "weekday(t)",
                "its day of the week, 1 is Monday and 7 Sunday",
                ("weekday(time('2026-11-23'))", "1"),
            ),
            Self::Duration => (
                Unit,
                "duration(x)",
                "a duration out of text (`5m`, `1-02:03:04`, `3 days`) or seconds",
                ("duration('1-02:03:04')", "1d2h3m4s"),
            ),
            Self::Size => (
                Unit,
                "size(x)",
                "a size out of text (`10G`, `1.5 GiB`) or bytes",
                ("size('1.5G')", "1.5GiB"),
            ),
            Self::Percent => (
                Unit,
                "percent(x)",
                "a percent out of text or points",
                ("percent('95')", "95%"),
            ),
            Self::Substr => (
                Text,
                "substr(s, from[, n])",
                "n characters from the first on, counted from 1, or from the end if below 0",
                ("substr('nginx', 2, 3)", "gin"),
            ),
            Self::Split => (
                Text,
                "split(s, sep, n)",
                "the n-th part, or from the end if n is below 0; the separator `''` is any run of blanks",
                ("split('a:b:c', ':', 2)", "b"),
            ),
            Self::Match => (
                Text,
                "match(s, 'regex'[, group])",
                "what the regular expression finds: its first group, or the one by number or name",
                ("match('port=80', 'port=([0-9]+)')", "80"),
            ),
            Self::ReplaceRegex => (
                Text,
                "replace_regex(s, 'regex', to)",
                "with every match as `to`, in which `$1` is the first group",
                ("replace_regex('a1b22', '[0-9]+', '#')", "a#b#"),
            ),
            Self::Concat => (
                Text,
                "concat(a, b, …)",
                "all of them as one text",
                ("concat('port ', 80)", "port 80"),
            ),
            Self::TrimStart => (
                Text,
                "trim_start(s)",
                "without blanks at its beginning",
                ("trim_start('  a')", "a"),
            ),
            Self::TrimEnd => (
                Text,
                "trim_end(s)",
                "without blanks at its end",
                ("trim_end('a  ')", "a"),
            ),
            Self::Lpad => (
                Text,
                "lpad(s, n[, fill])",
                "filled up on the left to n characters; never cut",
                ("lpad('7', 3, '0')", "007"),
            ),
            Self::Rpad => (
                Text,
                "rpad(s, n[, fill])",
                "filled up on the right to n characters; never cut",
                ("rpad('a', 3, '.')", "a.."),
            ),
            Self::Position => (
                Text,
                "position(s, part)",
                "where the part begins, from 1; 0 if it is not there",
                ("position('nginx', 'gin')", "2"),
            ),
            Self::Least => (
                Choice,
                "least(a, b, …)",
                "the smallest that is not null",
                ("least(3, 1, 2)", "1"),
            ),
            Self::Greatest => (
                Choice,
                "greatest(a, b, …)",
                "the largest that is not null",
                ("greatest(3, 1, 2)", "3"),
            ),
            Self::NullIf => (
                Choice,
                "null_if(a, b)",
                "a, but null where it equals b",
                ("null_if(5, 0)", "5"),
            ),
            Self::Sqrt => (
                Number,
                "sqrt(x)",
                "its square root; null below 0",
                ("sqrt(9)", "3"),
            ),
            Self::Ln => (
                Number,
                "ln(x)",
                "its natural logarithm; null from 0 down",
                ("ln(1)", "0"),
            ),
            Self::Log2 => (
                Number,
                "log2(x)",
                "its logarithm to base 2; null from 0 down",
                ("log2(8)", "3"),
            ),
            Self::Log10 => (
                Number,
                "log10(x)",
                "its logarithm to base 10; null from 0 down",
                ("log10(1000)", "3"),
            ),
            Self::Exp => (Number, "exp(x)", "e to its power", ("exp(0)", "1")),
            Self::Pow => (
                Number,
                "pow(x, y)",
                "x to the power of y; null where that is no number",
                ("pow(2, 10)", "1024"),
            ),
            Self::IsIp => (
                Name,
                "is_ip(s)",
                "whether it is an IPv4 or IPv6 address",
                ("is_ip('10.0.0.17')", "true"),
            ),
            Self::InCidr => (
                Name,
                "in_cidr(ip, network)",
                "whether the address is in the network; null where one is none",
                ("in_cidr('10.0.0.17', '10.0.0.0/8')", "true"),
            ),
            Self::Basename => (
                Name,
                "basename(path)",
                "its last part",
                ("basename('/var/log/syslog')", "syslog"),
            ),
            Self::Dirname => (
                Name,
                "dirname(path)",
                "what is before its last part",
                ("dirname('/var/log/syslog')", "/var/log"),
            ),
            Self::Hash => (
                Text,
                "hash(s)",
                "16 hexadecimal digits that are the same for the same text (BLAKE3)",
                ("hash('')", "af1349b9f5f9a1a6"),
            ),
        };
        FunctionDoc {
            topic,
            usage,
            help,
            example,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_found_by_its_name_and_explained_under_it() {
        for (function, name, least, most) in Function::ALL {
            assert_eq!(Function::by_name(name), Some(*function));
            let doc = function.doc();
            assert!(doc.usage.starts_with(&format!("{name}(")), "{name}");
            let has_example = !doc.example.0.is_empty();
            assert_eq!(has_example, *function != Function::Now, "{name}");
            assert!(least <= most, "{name}");
        }
    }

    #[test]
    fn the_table_of_functions_is_written_from_the_code() {
        let mut text = String::from(include_str!("../../functions-head.md"));
        for topic in Topic::ALL {
            text.push_str(&format!("\n## {}\n\n", topic.name()));
            text.push_str("| function | yields | for example |\n|---|---|---|\n");
            for (function, ..) in Function::ALL {
                let doc = function.doc();
                if doc.topic != topic {
                    continue;
                }
                let example = match doc.example {
                    ("", _) => String::new(),
                    (call, value) => format!("`{call}` is `{value}`"),
                };
                text.push_str(&format!("| `{}` | {} | {example} |\n", doc.usage, doc.help));
            }
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/functions.md");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::write(path, &text).expect("the table can be written");
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(found, text, "UPDATE_EXPECTED=1 writes functions.md anew");
    }
}
