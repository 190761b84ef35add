//! The functions of the language: their names and how many arguments they take.

use serde::{Deserialize, Serialize};

/// A function of the language. Variants are only appended: an agent that does not know one refuses
/// the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Function {
    /// `lower(s)`: in lower case.
    Lower,
    /// `upper(s)`: in upper case.
    Upper,
    /// `len(s)`: how many characters it has.
    Len,
    /// `trim(s)`: without blanks at both ends.
    Trim,
    /// `contains(s, part)`: whether the part is in it.
    Contains,
    /// `starts_with(s, part)`: whether it begins with the part.
    StartsWith,
    /// `ends_with(s, part)`: whether it ends with the part.
    EndsWith,
    /// `replace(s, from, to)`: with every `from` as `to`.
    Replace,
    /// `abs(x)`: without its sign.
    Abs,
    /// `round(x[, digits])`: rounded, halves away from zero.
    Round,
    /// `floor(x)`: rounded down.
    Floor,
    /// `ceil(x)`: rounded up.
    Ceil,
    /// `coalesce(a, b, …)`: the first that is not null.
    Coalesce,
    /// `if(condition, then, else)`: one or the other; null counts as false.
    If,
    /// `int(x)`: a whole number, cut towards zero; bytes of a size, points of a percent.
    Int,
    /// `float(x)`: a number with a fraction.
    Float,
    /// `string(x)`: the text that is printed.
    Str,
    /// `now()`: this moment by the clock of the node, the same for all rows.
    Now,
    /// `age(t[, then])`: how long ago a time is, or was at another.
    Age,
    /// `time(x[, format])`: a time out of text, or out of seconds since 1970.
    Time,
    /// `format_time(t, format)`: a time as text.
    FormatTime,
    /// `date(t)`: its day, as text.
    Date,
    /// `hour(t)`: its hour, 0 to 23.
    Hour,
    /// `weekday(t)`: its day of the week, 1 is Monday and 7 Sunday.
    Weekday,
    /// `duration(x)`: a duration out of text (`5m`, `1-02:03:04`, `3 days`) or seconds.
    Duration,
    /// `size(x)`: a size out of text (`10G`, `1.5 GiB`) or bytes.
    Size,
    /// `percent(x)`: a percent out of text or points.
    Percent,
    /// `substr(s, from[, n])`: n characters from the first on, counted from 1, or from the end if below 0.
    Substr,
    /// `split(s, sep, n)`: the n-th part, or from the end if n is below 0; the separator `''` is any run of blanks.
    Split,
    /// `match(s, 'regex'[, group])`: what the regular expression finds: its first group, or the one by number or name.
    Match,
    /// `replace_regex(s, 'regex', to)`: with every match as `to`, in which `$1` is the first group.
    ReplaceRegex,
    /// `concat(a, b, …)`: all of them as one text.
    Concat,
    /// `trim_start(s)`: without blanks at its beginning.
    TrimStart,
    /// `trim_end(s)`: without blanks at its end.
    TrimEnd,
    /// `lpad(s, n[, fill])`: filled up on the left to n characters; never cut.
    Lpad,
    /// `rpad(s, n[, fill])`: filled up on the right to n characters; never cut.
    Rpad,
    /// `position(s, part)`: where the part begins, from 1; 0 if it is not there.
    Position,
    /// `least(a, b, …)`: the smallest that is not null.
    Least,
    /// `greatest(a, b, …)`: the largest that is not null.
    Greatest,
    /// `null_if(a, b)`: a, but null where it equals b.
    NullIf,
    /// `sqrt(x)`: its square root; null below 0.
    Sqrt,
    /// `ln(x)`: its natural logarithm; null from 0 down.
    Ln,
    /// `log2(x)`: its logarithm to base 2; null from 0 down.
    Log2,
    /// `log10(x)`: its logarithm to base 10; null from 0 down.
    Log10,
    /// `exp(x)`: e to its power.
    Exp,
    /// `pow(x, y)`: x to the power of y; null where that is no number.
    Pow,
    /// `is_ip(s)`: whether it is an IPv4 or IPv6 address.
    IsIp,
    /// `in_cidr(ip, network)`: whether the address is in the network; null where one is none.
    InCidr,
    /// `basename(path)`: its last part.
    Basename,
    /// `dirname(path)`: what is before its last part.
    Dirname,
    /// `hash(s)`: 16 hexadecimal digits that are the same for the same text (BLAKE3).
    Hash,
}

impl Function {
    /// Every function with its name, least and most number of arguments.
    pub const ALL: &'static [(Self, &'static str, usize, usize)] = &[
        (Self::Lower, "lower", 1, 1),
        (Self::Upper, "upper", 1, 1),
        (Self::Len, "len", 1, 1),
        (Self::Trim, "trim", 1, 1),
        (Self::Contains, "contains", 2, 2),
        (Self::StartsWith, "starts_with", 2, 2),
        (Self::EndsWith, "ends_with", 2, 2),
        (Self::Replace, "replace", 3, 3),
        (Self::Abs, "abs", 1, 1),
        (Self::Round, "round", 1, 2),
        (Self::Floor, "floor", 1, 1),
        (Self::Ceil, "ceil", 1, 1),
        (Self::Coalesce, "coalesce", 1, 16),
        (Self::If, "if", 3, 3),
        (Self::Int, "int", 1, 1),
        (Self::Float, "float", 1, 1),
        (Self::Str, "string", 1, 1),
        (Self::Now, "now", 0, 0),
        (Self::Age, "age", 1, 2),
        (Self::Time, "time", 1, 2),
        (Self::FormatTime, "format_time", 2, 2),
        (Self::Date, "date", 1, 1),
        (Self::Hour, "hour", 1, 1),
        (Self::Weekday, "weekday", 1, 1),
        (Self::Duration, "duration", 1, 1),
        (Self::Size, "size", 1, 1),
        (Self::Percent, "percent", 1, 1),
        (Self::Substr, "substr", 2, 3),
        (Self::Split, "split", 3, 3),
        (Self::Match, "match", 2, 3),
        (Self::ReplaceRegex, "replace_regex", 3, 3),
        (Self::Concat, "concat", 1, 16),
        (Self::TrimStart, "trim_start", 1, 1),
        (Self::TrimEnd, "trim_end", 1, 1),
        (Self::Lpad, "lpad", 2, 3),
        (Self::Rpad, "rpad", 2, 3),
        (Self::Position, "position", 2, 2),
        (Self::Least, "least", 1, 16),
        (Self::Greatest, "greatest", 1, 16),
        (Self::NullIf, "null_if", 2, 2),
        (Self::Sqrt, "sqrt", 1, 1),
        (Self::Ln, "ln", 1, 1),
        (Self::Log2, "log2", 1, 1),
        (Self::Log10, "log10", 1, 1),
        (Self::Exp, "exp", 1, 1),
        (Self::Pow, "pow", 2, 2),
        (Self::IsIp, "is_ip", 1, 1),
        (Self::InCidr, "in_cidr", 2, 2),
        (Self::Basename, "basename", 1, 1),
        (Self::Dirname, "dirname", 1, 1),
        (Self::Hash, "hash", 1, 1),
    ];

    /// Finds a function by its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|f| f.1 == name).map(|f| f.0)
    }

    /// Finds the function that other languages call so.
    #[must_use]
    pub fn known_elsewhere_as(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if let Some(same) = Self::by_name(&name) {
            return Some(same);
        }
        Some(match name.as_str() {
            "length" | "lenght" | "strlen" | "char_length" | "size_of" => Self::Len,
            "substring" | "mid" | "slice" => Self::Substr,
            "regex" | "regexp" | "extract" | "regexp_extract" | "regexp_match" => Self::Match,
            "gsub" | "regexp_replace" | "sub" => Self::ReplaceRegex,
            "min" | "min_of" => Self::Least,
            "max" | "max_of" => Self::Greatest,
            "ceiling" => Self::Ceil,
            "nvl" | "ifnull" | "isnull" | "default" => Self::Coalesce,
            "iif" | "case" | "ifelse" => Self::If,
            "str" | "text" | "tostring" | "to_string" => Self::Str,
            "integer" | "toint" | "to_int" | "number" | "tonumber" => Self::Int,
            "double" | "real" | "tofloat" => Self::Float,
            "strftime" | "date_format" | "to_char" => Self::FormatTime,
            "strptime" | "to_time" | "timestamp" | "datetime" | "todatetime" => Self::Time,
            "log" => Self::Ln,
            "power" => Self::Pow,
            "lstrip" | "ltrim" => Self::TrimStart,
            "rstrip" | "rtrim" => Self::TrimEnd,
            "strip" => Self::Trim,
            "index" | "instr" | "strpos" | "indexof" => Self::Position,
            "split_part" => Self::Split,
            "join" | "concat_ws" => Self::Concat,
            "md5" | "sha1" | "sha256" | "checksum" => Self::Hash,
            "dayofweek" | "dow" => Self::Weekday,
            "in_subnet" | "cidr" | "ipv4_is_in_range" => Self::InCidr,
            "ago" | "since" => Self::Age,
            "startswith" => Self::StartsWith,
            "endswith" => Self::EndsWith,
            "nullif" => Self::NullIf,
            "bytes" => Self::Size,
            _ => return None,
        })
    }

    /// Returns the function's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|f| f.0 == self).map_or("?", |f| f.1)
    }
}
