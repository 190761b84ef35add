//! `why`: what sets the odd nodes apart from the rest.
//!
//! Who is odd: where verbs have left rows of some of the nodes that answered, those; where every node
//! that answered has rows, those that do not say what most say (by state, rc, out and err where the
//! rows are answers of a command, otherwise by all shown columns).
//!
//! What may set them apart: the inventory's labels, and facts where the rows have them, but for names
//! that every node has of its own; or the columns that are named. A value counts for a node that has it in any of its rows; numbers with
//! many values are split in two where that tells most, by the node's highest. How much a value
//! tells, and what chance would have told, is explained in [`score`].

mod score;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hailer_protocol::clean::Clean;
use hailer_protocol::metrics;
use hailer_protocol::table::Column;
use hailer_protocol::units::{display_value, exact_value};
use hailer_protocol::value::{DataType, Value};

use self::score::{Counts, Factorials, share};
use crate::column::{FrameColumn, Origin, find_or_say};
use crate::diff;
use crate::error::{Note, TableError};
use crate::frame::Frame;
use crate::provenance::{NodeId, Provenance};
use crate::surroundings::Surroundings;

/// Rows that come out.
const ROWS_MAX: usize = 25;

/// Numbers with more values than this are split in two.
const VALUES_MAX: usize = 8;

/// From which chance on a note says that the best value may be nothing.
const DOUBTFUL: f64 = 0.05;

/// `why [by …]`.
pub(crate) fn why(
    frame: &Frame,
    by: &[String],
    around: &dyn Surroundings,
) -> Result<(Frame, Vec<Note>), TableError> {
    let sets = Sets::of(frame, around)?;
    let columns = candidates(frame, by, &sets, around)?;
    let tried: Vec<Tried> = columns
        .iter()
        .flat_map(|column| column.values(&sets))
        .collect();
    let n_tried = tried.len();
    let mut ranked = ranked(tried, &sets);
    ranked.sort_by(|a, b| {
        let by_score = b.score.total_cmp(&a.score);
        by_score.then(a.chance.total_cmp(&b.chance))
    });
    let mut notes = vec![sets.note(around)];
    notes.extend(doubt(&ranked, &sets, n_tried));
    if ranked.len() > ROWS_MAX {
        let text = format!("why: {} more values tell less", ranked.len() - ROWS_MAX);
        notes.push(Note::new(&text));
        ranked.truncate(ROWS_MAX);
    }
    Ok((table(ranked)?, notes))
}

/// Ranks the values that are more frequent among the odd nodes.
fn ranked(tried: Vec<Tried>, sets: &Sets) -> Vec<Ranked> {
    let factorials = Factorials::up_to(sets.odd.len() + sets.rest.len());
    let mut least: Vec<f64> = tried
        .iter()
        .map(|value| value.counts.least_chance(&factorials))
        .collect();
    least.sort_by(f64::total_cmp);
    let marking = tried.into_iter().filter(|v| v.counts.marks_the_odd());
    marking
        .map(|value| {
            let alone = value.counts.chance(&factorials);
            // A hair more, since equal probabilities are summed up in other orders.
            let rivals = least.partition_point(|least| *least <= alone * (1.0 + 1e-9));
            Ranked {
                score: value.counts.score(),
                chance: (alone * rivals.max(1) as f64).min(1.0),
                value,
            }
        })
        .collect()
}

/// The two sets that are compared, each ascending.
struct Sets {
    odd: BTreeSet<NodeId>,
    rest: BTreeSet<NodeId>,
    /// Whether the rest have rows too.
    rest_has_rows: bool,
}

impl Sets {
    fn of(frame: &Frame, around: &dyn Surroundings) -> Result<Self, TableError> {
        let with_rows: BTreeSet<NodeId> = frame.nodes().into_iter().collect();
        if with_rows.is_empty() && !frame.is_empty() {
            return Err(TableError::NoNodes { verb: "why" });
        }
        let answered = around.answered().iter().copied();
        let rest: BTreeSet<NodeId> = answered
            .filter(|node| around.is_in_scope(*node) && !with_rows.contains(node))
            .collect();
        if !rest.is_empty() || with_rows.is_empty() {
            return Ok(Self {
                odd: with_rows,
                rest,
                rest_has_rows: false,
            });
        }
        let mut groups = match diff::groups_of_answers(frame)? {
            Some(groups) => groups,
            None => groups_of_rows(frame),
        };
        groups.sort_by_key(Vec::len);
        let most = groups.pop().unwrap_or_default();
        if groups.last().is_some_and(|g| g.len() == most.len()) {
            return Err(TableError::NoMajority {
                verb: "why",
                nodes: most.len(),
            });
        }
        Ok(Self {
            odd: groups.into_iter().flatten().collect(),
            rest: most.into_iter().collect(),
            rest_has_rows: true,
        })
    }

    /// Says who was compared with whom: a ranking without its sets cannot be judged.
    fn note(&self, around: &dyn Surroundings) -> Note {
        let nodes = |n: usize| if n == 1 { "node" } else { "nodes" };
        let odd: Vec<NodeId> = self.odd.iter().copied().collect();
        let (n, rest) = (odd.len(), self.rest.len());
        Note::new(&match (n, rest) {
            (0, 0) => "why: there is no node to compare".to_owned(),
            (0, _) => format!("why: no node is odd; {rest} {} agree", nodes(rest)),
            (_, 0) => format!(
                "why: all {n} {} are odd; there is no rest to compare with",
                nodes(n)
            ),
            _ => {
                let names = around.fold(&odd);
                format!("why: {n} odd {}, {names}, compared with {rest}", nodes(n))
            }
        })
    }
}

/// Puts nodes whose rows are equal in all shown columns together.
fn groups_of_rows(frame: &Frame) -> Vec<Vec<NodeId>> {
    let columns: Vec<usize> = frame
        .shown_columns()
        .filter(|(_, c)| !c.is_node() && !c.is_node_set())
        .map(|(at, _)| at)
        .collect();
    let mut rows_of: BTreeMap<NodeId, Vec<Vec<String>>> = BTreeMap::new();
    for row in frame.all_rows() {
        let cells: Vec<String> = columns
            .iter()
            .map(|at| exact_value(&frame.value(row as usize, *at)))
            .collect();
        for node in frame.provenance_of_rows().get(row as usize) {
            rows_of.entry(*node).or_default().push(cells.clone());
        }
    }
    let mut groups: HashMap<Vec<Vec<String>>, Vec<NodeId>> = HashMap::new();
    for (node, mut rows) in rows_of {
        rows.sort_unstable();
        groups.entry(rows).or_default().push(node);
    }
    let mut groups: Vec<Vec<NodeId>> = groups.into_values().collect();
    groups.sort_unstable();
    groups
}

/// One column with what each node has in it.
struct Candidate {
    name: String,
    data_type: DataType,
    values: BTreeMap<NodeId, Vec<Value>>,
}

fn candidates(
    frame: &Frame,
    by: &[String],
    sets: &Sets,
    around: &dyn Surroundings,
) -> Result<Vec<Candidate>, TableError> {
    let keys = around.label_keys();
    let label = |key: &str| Candidate {
        name: key.to_owned(),
        data_type: DataType::Str,
        values: sets
            .odd
            .iter()
            .chain(&sets.rest)
            .map(|&node| (node, vec![Value::from(around.label(node, key))]))
            .collect(),
    };
    if by.is_empty() {
        let labels = keys.iter().map(|key| label(key));
        let mut all: Vec<Candidate> = labels.filter(|c| !c.is_a_name()).collect();
        let is_fact = |c: &FrameColumn| {
            let is_named_so = metrics::FACTS.iter().any(|f| f.name == c.column.name);
            c.origin == Origin::Row && is_named_so
        };
        for (at, column) in frame.columns().iter().enumerate() {
            if sets.rest_has_rows && is_fact(column) {
                all.extend(Some(of_column(frame, at)).filter(|c| !c.is_a_name()));
            }
        }
        return Ok(all);
    }
    let mut named = Vec::with_capacity(by.len());
    for name in by {
        let bare = name.strip_prefix("label.").unwrap_or(name);
        let found = find_or_say(frame.columns(), "why", name);
        let is_label = keys.contains(&bare);
        named.push(match found {
            Ok(at) if frame.columns()[at].origin == Origin::Label => label(bare),
            Ok(at) if sets.rest_has_rows => of_column(frame, at),
            Err(_) if is_label => label(bare),
            Ok(_) => {
                return Err(TableError::RestHasNoRows {
                    name: Clean::line(name),
                });
            }
            Err(error) => return Err(error),
        });
    }
    Ok(named)
}

fn of_column(frame: &Frame, at: usize) -> Candidate {
    let mut values: BTreeMap<NodeId, Vec<Value>> = BTreeMap::new();
    for row in frame.all_rows() {
        for node in frame.provenance_of_rows().get(row as usize) {
            let value = frame.value(row as usize, at);
            values.entry(*node).or_default().push(value);
        }
    }
    let column = &frame.columns()[at].column;
    Candidate {
        name: column.name.clone(),
        data_type: column.data_type,
        values,
    }
}

/// One value of one column, and who has it.
struct Tried {
    column: String,
    /// As it is shown; `None` for null.
    text: Option<String>,
    /// The odd nodes that have it.
    nodes: Vec<NodeId>,
    counts: Counts,
}

impl Candidate {
    /// Whether each node has a text of its own, as names are: it would tell every node from every
    /// other and explain none.
    fn is_a_name(&self) -> bool {
        let texts = self.values.values().flatten().filter_map(Value::as_str);
        let mut seen = BTreeSet::new();
        let is_own = texts.clone().all(|text| seen.insert(text));
        self.data_type == DataType::Str && is_own && seen.len() > 1
    }

    /// Returns everything about this column that can be said of a node.
    fn values(&self, sets: &Sets) -> Vec<Tried> {
        let mut having: BTreeMap<Option<String>, (Value, BTreeSet<NodeId>)> = BTreeMap::new();
        for (&node, values) in &self.values {
            if !sets.odd.contains(&node) && !sets.rest.contains(&node) {
                continue;
            }
            for value in values {
                let key = (!value.is_null()).then(|| exact_value(value));
                let entry = having.entry(key);
                let (_, nodes) = entry.or_insert_with(|| (value.clone(), BTreeSet::new()));
                nodes.insert(node);
            }
        }
        if having.len() > VALUES_MAX && is_number(self.data_type) {
            return self.best_split(sets);
        }
        having
            .into_iter()
            .map(|(key, (value, nodes))| {
                // Shown as people read it; the exact text kept values apart.
                self.tried(key.map(|_| display_value(&value)), nodes, sets)
            })
            .collect()
    }

    fn tried(&self, text: Option<String>, having: BTreeSet<NodeId>, sets: &Sets) -> Tried {
        let nodes: Vec<NodeId> = having.intersection(&sets.odd).copied().collect();
        Tried {
            column: self.name.clone(),
            text,
            counts: Counts {
                in_odd: nodes.len(),
                odd: sets.odd.len(),
                in_rest: having.len() - nodes.len(),
                rest: sets.rest.len(),
            },
            nodes,
        }
    }

    /// Returns the two sides of the split of a number that tells most.
    fn best_split(&self, sets: &Sets) -> Vec<Tried> {
        let mut highest: Vec<(Value, NodeId)> = Vec::new();
        for (&node, values) in &self.values {
            let is_set = sets.odd.contains(&node) || sets.rest.contains(&node);
            let values = values.iter().filter(|v| is_set && !v.is_null());
            let most = values.max_by(|a, b| a.sort_order(b));
            highest.extend(most.map(|value| (value.clone(), node)));
        }
        highest.sort_by(|a, b| a.0.sort_order(&b.0));
        let mut best: Option<(f64, usize)> = None;
        let mut counts = Counts {
            in_odd: 0,
            odd: sets.odd.len(),
            in_rest: 0,
            rest: sets.rest.len(),
        };
        for (at, pair) in highest.windows(2).enumerate() {
            if sets.odd.contains(&pair[0].1) {
                counts.in_odd += 1;
            } else {
                counts.in_rest += 1;
            }
            let is_step = pair[0].0.sort_order(&pair[1].0).is_lt();
            if is_step && best.is_none_or(|(score, _)| counts.score() > score) {
                best = Some((counts.score(), at + 1));
            }
        }
        let Some((_, at)) = best else {
            return Vec::new();
        };
        let edge = display_value(&highest[at].0);
        let side = |part: &[(Value, NodeId)]| part.iter().map(|(_, node)| *node).collect();
        vec![
            self.tried(Some(format!("< {edge}")), side(&highest[..at]), sets),
            self.tried(Some(format!(">= {edge}")), side(&highest[at..]), sets),
        ]
    }
}

const fn is_number(data_type: DataType) -> bool {
    match data_type {
        DataType::Int
        | DataType::Float
        | DataType::Duration
        | DataType::Size
        | DataType::Percent
        | DataType::Time => true,
        DataType::Null | DataType::Bool | DataType::Str => false,
    }
}

/// A value with what it tells.
struct Ranked {
    value: Tried,
    score: f64,
    chance: f64,
}

/// Says when the ranking is worth little: nothing marks the odd nodes, or chance would do as well.
fn doubt(ranked: &[Ranked], sets: &Sets, n_tried: usize) -> Option<Note> {
    if sets.odd.is_empty() || sets.rest.is_empty() {
        return None;
    }
    let least = ranked.iter().map(|r| r.chance).min_by(f64::total_cmp);
    match least {
        None => Some(Note::new(
            "why: no value is more frequent among the odd nodes; a result of `facts` joined to these rows has more columns",
        )),
        Some(chance) if chance > DOUBTFUL => Some(Note::new(&format!(
            "why: with {} odd and {n_tried} values tried, chance alone may explain all of this",
            sets.odd.len()
        ))),
        Some(_) => None,
    }
}

fn table(ranked: Vec<Ranked>) -> Result<Frame, TableError> {
    let mut columns: [Vec<Value>; 8] = Default::default();
    let mut provenance = Provenance::with_capacity(ranked.len());
    for Ranked {
        value,
        score,
        chance,
    } in ranked
    {
        let Counts {
            in_odd,
            odd,
            in_rest,
            rest,
        } = value.counts;
        let count = |n: usize| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let percent = |x: f64| Value::Percent(rounded(x * 100.0, 1));
        let row = [
            Value::Str(value.column),
            Value::from(value.text),
            count(in_odd),
            percent(share(in_odd, odd)),
            count(in_rest),
            percent(share(in_rest, rest)),
            Value::Float(rounded(score, 3)),
            percent(chance),
        ];
        columns.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
        provenance.push(value.nodes);
    }
    let names = [
        ("column", DataType::Str),
        ("value", DataType::Str),
        ("in_odd", DataType::Int),
        ("odd_share", DataType::Percent),
        ("in_rest", DataType::Int),
        ("rest_share", DataType::Percent),
        ("score", DataType::Float),
        ("chance", DataType::Percent),
    ];
    let column = |(name, data_type)| FrameColumn::shown(Column::new(name, data_type));
    let columns = names.map(column).into_iter().zip(columns).collect();
    Ok(Frame::from_values(columns, provenance)?.0)
}

fn rounded(x: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (x * scale).round() / scale
}
