//! Help on the verbs that compare: what they do with names, keys and small numbers.

/// Returns the help on `join`, `diff` or `why`; `None` for another word.
pub(super) fn of(word: &str) -> Option<&'static str> {
    match word {
        "join" => Some(JOIN),
        "diff" => Some(DIFF),
        "why" => Some(WHY),
        _ => None,
    }
}

const JOIN: &str = "\
join [left] $N|FILE [by COLUMN, …]
  puts each row beside the rows of result N, or of a .csv, .tsv, .ndjson, .json
  or .parquet file here, that are equal in these columns;
  without `by`, of the same node

  $1 |> join $2                      facts ($2) beside what a command wrote ($1)
  $3 |> join left $4 by dc           left keeps rows without a match
  nodes |> join owners.csv           whose column `node` has nodes' names

  Nodes stay those of the left side. A column whose name is taken gets the
  other side's: `value` of $3 becomes `value_3`, of a file `value_file`. Keys
  are of one type on both sides; null equals nothing. Labels are columns
  already, without a join.
";

const DIFF: &str = "\
diff [$N] [by COLUMN, …]      diff $M $N [by COLUMN, …]
  cat /etc/resolv.conf |> diff       each odd answer against that of most nodes
  uname -r |> diff $3                each node against itself in result 3
  diff $3 $7                         what changed from $3 to $7
  df |> parse |> diff $3 by mounted_on
                                     rows by key: which came (+), went (-) and
                                     changed (~)

  - is what most nodes (or $3) have, + what these nodes have. Nodes with equal
  changes are one. What comes out is a table, for verbs and for programs:
  nodes, change (added, removed, changed, note), of, at, line; of rows: nodes,
  change, key, column, before, after. Where two answers are equally frequent
  there is no majority: an error.
";

const WHY: &str = "\
why [by COLUMN, …]
  ranks what tells the odd nodes from the rest: labels, and facts that the rows
  have; or the columns that are named

  systemctl is-active nginx |> why   who does not say what most say
  df |> parse |> where use_pct > 90 |> why
                                     who has a row left, against who has none
  $1 |> join $2 |> why               with facts in $2 beside the answers in $1

  in_odd, in_rest  how many odd nodes, and how many others, have the value
  score            from 0, tells nothing, to 1, tells them apart without a fault:
                   the share of the uncertainty that the value takes away
  chance           how likely one of the values that were tried would have done as
                   well by luck (Fisher's exact test, corrected): a few odd
                   nodes prove little, and this number says how little
";
