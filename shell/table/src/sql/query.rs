//! The text of a query, read before it runs: what it names, that it only selects, and which of its
//! columns keep their units.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use hailer_protocol::clean::Clean;
use hailer_protocol::value::DataType;
use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, JoinConstraint, JoinOperator,
    Query as Ast, SelectItem, SetExpr, Statement, TableFactor, TableWithJoins, Visit, Visitor,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserOptions};
use sqlparser::tokenizer::{Token, Tokenizer, Word};

use super::guarded::Guarded;
use super::whole::Bounds;
use super::{guarded, said};
use crate::column::FrameColumn;
use crate::error::TableError;

/// Functions whose result is of their argument's unit.
const KEEPS_UNIT: [&str; 9] = [
    "min", "max", "sum", "avg", "mean", "median", "first", "last", "abs",
];

/// The most words and signs of a query that may lie within one another: whoever walks the tree of it
/// recurses, polars too.
const OPERATORS_MAX: usize = 128;

/// Whether a token may stand for one more level of the tree. Values, names and the commas between
/// them do not.
fn deepens(token: &Token) -> bool {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the signs of SQL's dialects are many, and each may"
    )]
    match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Placeholder(_)
        | Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::EOF => false,
        _ => true,
    }
}

/// A query that only selects.
#[derive(Debug)]
pub(super) struct Query {
    text: String,
    ast: Box<Ast>,
    results: Vec<u32>,
    words: BTreeSet<String>,
    relations: Relations,
}

impl Query {
    /// Reads a query; `$3` becomes the name of a table.
    #[expect(
        clippy::too_many_lines,
        reason = "what a query has to pass, in its order"
    )]
    pub(super) fn read(text: &str) -> Result<Self, TableError> {
        let unreadable = |e: &dyn std::fmt::Display| {
            let reason = e.to_string();
            said(
                reason.strip_prefix("sql parser error: ").unwrap_or(&reason),
                None,
            )
        };
        let mut tokens = Tokenizer::new(&GenericDialect, text)
            .tokenize()
            .map_err(|e| unreadable(&e))?;
        let operators = tokens.iter().filter(|t| deepens(t)).count();
        if operators > OPERATORS_MAX {
            return Err(said(
                &format!(
                    "the query has {operators} operators, brackets and keywords, at most \
                     {OPERATORS_MAX} are carried out"
                ),
                Some("use IN (…) for many values, or several `|> where`"),
            ));
        }
        let mut results = Vec::new();
        let mut words = BTreeSet::new();
        for token in &mut tokens {
            if let Token::Placeholder(name) = token
                && let Some(number) = name.strip_prefix('$').and_then(|n| n.parse().ok())
            {
                if !results.contains(&number) {
                    results.push(number);
                }
                *token = Token::make_word(name, Some('"'));
            } else if let Token::Word(Word { value, .. }) = token {
                words.insert(value.clone());
            }
        }
        let text: String = tokens.iter().map(ToString::to_string).collect();
        // As polars reads it.
        let options = ParserOptions {
            trailing_commas: true,
            ..ParserOptions::default()
        };
        let statements = Parser::new(&GenericDialect)
            .with_options(options)
            .try_with_sql(&text)
            .and_then(|mut parser| parser.parse_statements())
            .map_err(|e| unreadable(&e))?;
        let mut statements = statements.into_iter();
        let (first, second) = (statements.next(), statements.next());
        let ast = match (first, second) {
            (Some(Statement::Query(ast)), None) => ast,
            (Some(_), Some(_)) => return Err(said("one query at a time", None)),
            (Some(other), None) => {
                let other = other.to_string();
                let word = other.split_whitespace().next().unwrap_or_default();
                return Err(said(
                    &format!("only SELECT is carried out, and not {word}"),
                    Some("as in `sql 'SELECT node, max(size) FROM self GROUP BY node'`"),
                ));
            }
            (None, _) => {
                return Err(said(
                    "the query is empty",
                    Some("`sql 'SELECT … FROM self'`"),
                ));
            }
        };
        let mut relations = Relations::default();
        match ast.visit(&mut relations) {
            ControlFlow::Continue(()) => {}
            ControlFlow::Break(error) => return Err(*error),
        }
        Ok(Self {
            text,
            ast,
            results,
            words,
            relations,
        })
    }

    /// Returns the query as polars is to read it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the query made safe, where there is something to do.
    pub(super) fn guarded(&self) -> Option<Guarded> {
        guarded::guarded(&self.ast)
    }

    /// Refuses what might not fit 64 bits, by what is known of the columns.
    pub(super) fn check_whole(&self, bounds: Bounds) -> Result<(), TableError> {
        bounds.check(&self.ast, self.relations.n_queries)
    }

    /// Returns the numbers of the results that it names.
    pub(super) fn results(&self) -> &[u32] {
        &self.results
    }

    /// Whether it names a column, or anything else so.
    pub(super) fn names(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Whether it has a sum in it.
    pub(super) fn adds_up(&self) -> bool {
        self.words.iter().any(|w| w.eq_ignore_ascii_case("sum"))
    }

    /// Returns the tables that are put together without a condition.
    pub(super) fn put_together(&self) -> &[String] {
        &self.relations.put_together
    }

    /// Says which table is none.
    pub(super) fn check_tables<'a>(
        &self,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), TableError> {
        for name in &self.relations.tables {
            if known.clone().any(|k| k == name) || self.relations.queries.contains(name) {
                continue;
            }
            return Err(said(
                &format!("there is no table `{}`", Clean::line(name)),
                Some("the rows are `self`, and another result is `$3`"),
            ));
        }
        Ok(())
    }

    /// Returns the units of selected columns, by their names, where they can be told: of columns that
    /// are selected from tables as they are, or through a function that keeps its argument's unit.
    pub(super) fn units(&self, sources: &[FrameColumn]) -> HashMap<String, DataType> {
        let mut units = HashMap::new();
        let SetExpr::Select(select) = self.ast.body.as_ref() else {
            return units;
        };
        // What stands for a column of another query is anything.
        if self.ast.with.is_some() || self.relations.n_queries > 1 {
            return units;
        }
        let of = |name: &str| {
            let mut types = sources
                .iter()
                .filter(|c| c.column.name == name)
                .map(|c| c.column.data_type);
            let first = types.next()?;
            types.all(|t| t == first).then_some(first)
        };
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    if let Some(name) = column_of(expr)
                        && let Some(data_type) = of(name)
                    {
                        units.insert(name.to_owned(), data_type);
                    }
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    // An alias says what the column is, whatever others are called so.
                    match column_of(expr).and_then(of) {
                        Some(data_type) => units.insert(alias.value.clone(), data_type),
                        None => units.remove(&alias.value),
                    };
                }
                SelectItem::QualifiedWildcard(..) | SelectItem::Wildcard(_) => {
                    for column in sources {
                        let name = &column.column.name;
                        if let Some(data_type) = of(name) {
                            units.entry(name.clone()).or_insert(data_type);
                        }
                    }
                }
                SelectItem::ExprWithAliases { .. } => {}
            }
        }
        units
    }
}

/// Returns the column whose unit an expression has.
fn column_of(expr: &Expr) -> Option<&str> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "SQL has a hundred kinds of expressions, and of all others the unit is not known"
    )]
    match expr {
        Expr::Identifier(name) => Some(&name.value),
        Expr::CompoundIdentifier(names) => names.last().map(|n| n.value.as_str()),
        Expr::Nested(inner) => column_of(inner),
        Expr::Function(function) if function.over.is_none() => {
            let name = function.name.to_string().to_lowercase();
            let FunctionArguments::List(list) = &function.args else {
                return None;
            };
            match list.args.as_slice() {
                [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))]
                    if KEEPS_UNIT.contains(&name.as_str()) =>
                {
                    column_of(argument)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a query reads from.
#[derive(Debug, Default)]
struct Relations {
    tables: BTreeSet<String>,
    /// Names that the query itself gives to queries.
    queries: BTreeSet<String>,
    n_queries: usize,
    put_together: Vec<String>,
}

impl Visitor for Relations {
    type Break = Box<TableError>;

    fn pre_visit_query(&mut self, query: &Ast) -> ControlFlow<Self::Break> {
        self.n_queries += 1;
        for named in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.queries.insert(named.alias.name.value.clone());
        }
        if let SetExpr::Select(select) = query.body.as_ref() {
            if select.into.is_some() {
                return ControlFlow::Break(Box::new(said(
                    "a query writes no tables",
                    Some("its rows become a result, and `|> save FILE` writes them"),
                )));
            }
            self.free_products(&select.from);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the kinds of tables grow with SQL, and polars says which it does not know"
        )]
        match factor {
            TableFactor::Table { name, args, .. } => {
                if args.is_some() {
                    return ControlFlow::Break(Box::new(said(
                        &format!(
                            "a query reads no files and makes no tables: `{}(…)`",
                            Clean::line(&name.to_string())
                        ),
                        Some("`open FILE` reads a file; `|> sql` goes on from its rows"),
                    )));
                }
                let last = name.0.last().and_then(|part| part.as_ident());
                if let Some(ident) = last {
                    self.tables.insert(ident.value.clone());
                }
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

impl Relations {
    /// Notes the tables that are put together without a condition: `FROM a, b` and `CROSS JOIN`.
    fn free_products(&mut self, from: &[TableWithJoins]) {
        let name_of = |factor: &TableFactor| {
            let TableFactor::Table { name, .. } = factor else {
                return None;
            };
            let last = name.0.last().and_then(|part| part.as_ident());
            last.map(|ident| ident.value.clone())
        };
        let mut names: Vec<String> = Vec::new();
        for table in from {
            if from.len() > 1 {
                names.extend(name_of(&table.relation));
            }
            for join in &table.joins {
                let is_free = matches!(
                    &join.join_operator,
                    JoinOperator::CrossJoin(_)
                        | JoinOperator::Join(JoinConstraint::None)
                        | JoinOperator::Inner(JoinConstraint::None)
                );
                if is_free {
                    if from.len() == 1 && names.is_empty() {
                        names.extend(name_of(&table.relation));
                    }
                    names.extend(name_of(&join.relation));
                }
            }
        }
        self.put_together.extend(names);
    }
}
