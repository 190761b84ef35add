//! Tools whose columns say less than their readers know: `free` and `vmstat` print no unit, `lsmod` two
//! columns under one heading.

use crate::parse::typing::CellRule;
use crate::table::Row;
use crate::value::Value;

/// The least memory in kibibytes that a machine with Linux has: 32 MiB.
const LEAST_KIB: i64 = 32 << 10;
/// Pages are this many bytes; all that `free` counts is made of them.
const PAGE: i64 = 4096;

/// What the numbers of `free` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemoryUnit {
    /// It is not `free` that printed them.
    Other,
    /// So many bytes each.
    Bytes(i64),
    /// Mebibytes, gibibytes or something else: the same numbers would be right for each.
    NotSaid,
}

/// Finds out the unit of `free`: whole pages are multiples of 4 in kibibytes and of 4096 in bytes,
/// and all of them are hardly so by chance.
pub(super) fn memory_unit(headings: &[String], rows: &[Row]) -> MemoryUnit {
    let is_free = headings.len() > 4
        && headings[0].is_empty()
        && headings[1..4] == ["total", "used", "free"]
        && rows.first().and_then(|row| row[0].as_str()) == Some("Mem");
    if !is_free {
        return MemoryUnit::Other;
    }
    let cells = rows.iter().flat_map(|row| &row[1..]);
    unit_of_pages(cells.filter_map(Value::as_str))
}

/// Finds out the unit of numbers that count whole pages.
fn unit_of_pages<'a>(texts: impl Iterator<Item = &'a str>) -> MemoryUnit {
    let Some(numbers) = texts
        .map(|text| text.parse::<i64>().ok())
        .collect::<Option<Vec<i64>>>()
    else {
        // `free -h` says it behind each number.
        return MemoryUnit::Other;
    };
    let most = numbers.iter().copied().max().unwrap_or(0);
    let all_are = |unit: i64| numbers.iter().all(|n| n % unit == 0);
    if all_are(PAGE) && most >= LEAST_KIB * 1024 {
        MemoryUnit::Bytes(1)
    } else if all_are(PAGE / 1024) && most >= LEAST_KIB {
        MemoryUnit::Bytes(1024)
    } else {
        MemoryUnit::NotSaid
    }
}

/// The columns of `vmstat` that count memory; without `-S` they are kibibytes.
const VMSTAT_MEMORY: [&str; 4] = ["swpd", "free", "buff", "cache"];
/// The columns of `vmstat` that share out the processor's time.
const VMSTAT_SHARES: [&str; 6] = ["us", "sy", "id", "wa", "st", "gu"];

/// Whether `vmstat` printed the headings.
fn is_vmstat(headings: &[String]) -> bool {
    headings.starts_with(&["r".to_owned(), "b".to_owned()])
        && VMSTAT_MEMORY[..2]
            .iter()
            .all(|h| headings.iter().any(|other| other == h))
}

/// Finds out the unit of the memory columns of `vmstat`: `-S M` prints the same headings.
pub(super) fn vmstat_unit(headings: &[String], rows: &[Row]) -> MemoryUnit {
    if !is_vmstat(headings) {
        return MemoryUnit::Other;
    }
    let memory = |at: &usize| VMSTAT_MEMORY.contains(&headings[*at].as_str());
    let columns: Vec<usize> = (0..headings.len()).filter(memory).collect();
    let cells = rows
        .iter()
        .flat_map(|row| columns.iter().map(|at| &row[*at]));
    unit_of_pages(cells.filter_map(Value::as_str))
}

/// What a column of `vmstat` is, by its heading.
pub(super) fn vmstat_rule(heading: &str, unit: MemoryUnit, rule: CellRule) -> CellRule {
    let bytes = match unit {
        MemoryUnit::Bytes(bytes) if VMSTAT_MEMORY.contains(&heading) => Some(bytes),
        MemoryUnit::Bytes(_) | MemoryUnit::NotSaid => None,
        MemoryUnit::Other => return rule,
    };
    CellRule {
        bytes_per_unit: bytes,
        is_percent: VMSTAT_SHARES.contains(&heading),
        ..rule
    }
}

/// `lsblk -b` and `swapon --bytes` print sizes without a unit, which are bytes.
pub(super) fn is_bytes(headings: &[String], heading: &str) -> bool {
    headings.first().is_some_and(|first| first == "NAME")
        && matches!(heading, "SIZE" | "USED" | "FSSIZE" | "FSUSED" | "FSAVAIL")
}

/// `free` prints a colon behind the names of its rows, and `lvs` a `<` before sizes that are rounded.
pub(super) fn without_signs(headings: &[String], rows: &mut [Row]) {
    let is_free =
        headings.len() > 4 && headings[0].is_empty() && headings[1..4] == ["total", "used", "free"];
    let rounded = |heading: &String| {
        matches!(
            heading.as_str(),
            "LSize" | "VSize" | "VFree" | "PSize" | "PFree"
        )
    };
    let rounded: Vec<bool> = headings.iter().map(rounded).collect();
    for row in rows {
        for (at, cell) in row.iter_mut().enumerate() {
            let Value::Str(text) = cell else { continue };
            if is_free && at == 0 {
                text.truncate(text.trim_end_matches(':').len());
            } else if rounded.get(at) == Some(&true) {
                // Its small letters are powers of 1024.
                *text = text.trim_start_matches('<').to_ascii_uppercase();
            }
        }
    }
}

/// `lsmod` prints how often a module is used, and by which, under `Used by`.
pub(super) fn split_used_by(headings: &mut Vec<String>, rows: &mut [Row]) {
    if headings[..] != ["Module", "Size", "Used by"] {
        return;
    }
    headings[2] = "Used".to_owned();
    headings.push("by".to_owned());
    for row in rows {
        let (count, names) = match row[2].as_str().map(|cell| cell.split_once(' ')) {
            Some(Some((count, names))) => (Value::from(count), Value::from(names.trim_start())),
            Some(None) | None => (row[2].clone(), Value::Null),
        };
        row[2] = count;
        row.push(names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_free_is_told_where_it_can_be() {
        let headings = ["", "total", "used", "free", "shared"].map(str::to_owned);
        let unit = |cells: [&str; 4]| {
            let mut row = vec![Value::from("Mem")];
            row.extend(cells.map(Value::from));
            memory_unit(&headings, &[row])
        };
        let bytes = MemoryUnit::Bytes;
        assert_eq!(
            unit(["24684092", "1237348", "8399160", "8856"]),
            bytes(1024)
        );
        assert_eq!(
            unit(["25276510208", "1267044352", "8600739840", "0"]),
            bytes(1)
        );
        assert_eq!(unit(["24105", "1209", "8201", "8"]), MemoryUnit::NotSaid);
        assert_eq!(unit(["24", "4", "8", "0"]), MemoryUnit::NotSaid);
        assert_eq!(unit(["15Gi", "1.2Gi", "8Gi", "0B"]), MemoryUnit::Other);
    }
}
