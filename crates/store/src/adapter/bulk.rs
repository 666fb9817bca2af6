//! The one way rows are written: many in a statement, and only where something differs.

use super::tables::TableRow;
use super::{Db, Executor, id_list};
use crate::error::{Doing, Error, Result};
use sqlx::{AssertSqlSafe, QueryBuilder};
use std::collections::HashSet;
use uuid::Uuid;

/// Rows in a statement: few sizes, so that each statement is prepared once and found again.
const ROWS: [usize; 3] = [64, 8, 1];

/// Which rows may be there already.
#[derive(Debug)]
pub(super) enum Standing {
    /// These at most.
    Only(HashSet<Uuid>),
    /// Any.
    Any,
}

impl Standing {
    fn may_hold(&self, id: Uuid) -> bool {
        match self {
            Self::Only(ids) => ids.contains(&id),
            Self::Any => true,
        }
    }
}

/// A statement made ready, with all its rows.
pub(super) struct Statement {
    table: &'static str,
    query: QueryBuilder<Db>,
}

impl Statement {
    pub(super) async fn execute(mut self, db: Executor<'_>) -> Result<()> {
        let done = self.query.build().execute(db).await;
        done.map(drop).doing(|| format!("writing rows of {}", self.table))
    }
}

/// Makes statements ready that insert rows; of those that stand, update the ones whose content differs (an equal row
/// fires no trigger). No id may be among them twice.
pub(super) fn make_ready<R: TableRow>(
    rows: Vec<R>,
    standing: &Standing,
    statements: &mut Vec<Statement>,
) -> Result<()> {
    let with_nul = rows.iter().find_map(|row| row.column_with_nul().map(|column| (row.told_as(), column)));
    if let Some((told_as, column)) = with_nul {
        let row = format!("{} {told_as}", R::TABLE);
        return Err(Error::Invalid(format!("{row}: {column} holds a NUL character: remove it")));
    }
    let (standing, new): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| standing.may_hold(row.id()));
    // A plain insert is a fifth faster: SQLite keeps no copies of pages to undo the statement alone.
    statements.extend(inserts(insert_new!(), new, ""));
    statements.extend(inserts("INSERT", standing, &on_conflict::<R>()));
    Ok(())
}

fn inserts<R: TableRow>(verb: &str, rows: Vec<R>, on_conflict: &str) -> impl Iterator<Item = Statement> {
    let insert = format!("{verb} INTO {} ({}) ", R::TABLE, R::COLUMNS.join(", "));
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let count = ROWS.into_iter().find(|count| *count <= rows.len())?;
        let mut query = QueryBuilder::<Db>::new(&insert);
        query.push_values(rows.by_ref().take(count), |mut values, row| row.bind(&mut values));
        query.push(on_conflict);
        Some(Statement { table: R::TABLE, query })
    })
}

fn on_conflict<R: TableRow>() -> String {
    let changing: Vec<_> = R::COLUMNS.iter().filter(|column| !R::KEPT.contains(column)).collect();
    let list = |prefix: &str| {
        changing.iter().map(|column| format!("{prefix}{column}")).collect::<Vec<_>>().join(", ")
    };
    let assignments: Vec<_> = changing.iter().map(|column| format!("{column} = excluded.{column}")).collect();
    format!(
        " ON CONFLICT (id) DO UPDATE SET {} WHERE ({}) IS DISTINCT FROM ({})",
        assignments.join(", "),
        list(&format!("{}.", R::TABLE)),
        list("excluded.")
    )
}

/// Deletes the rows that hang on a place or service (by this column) and are not told of any more.
pub(super) async fn delete_other_children<R: TableRow>(
    db: Executor<'_>,
    (column, parent): (&'static str, Uuid),
    told: &[R],
) -> Result<()> {
    let delete = format!("DELETE FROM {} WHERE {column} = $1 AND id NOT IN {}", R::TABLE, ids!("$2"));
    let told = id_list(told.iter().map(TableRow::id));
    let deleted = sqlx::query(AssertSqlSafe(delete)).bind(parent).bind(told).execute(db).await;
    deleted.map(drop).doing(|| format!("deleting rows of {} that are gone", R::TABLE))
}

/// Deletes the rows of a source's records (a list of ids) that the source no longer tells of.
pub(super) async fn delete_others<R: TableRow>(
    db: Executor<'_>,
    (source, records): (&str, &str),
    told: &[Uuid],
) -> Result<()> {
    // Not `source = $3`: that would make SQLite walk through all rows of the source.
    let delete = format!(
        "DELETE FROM {} WHERE organization_id IN {} AND id NOT IN {} AND NOT (source <> $3)",
        R::TABLE,
        ids!("$1"),
        ids!("$2")
    );
    let told = id_list(told.iter().copied());
    let deleted = sqlx::query(AssertSqlSafe(delete)).bind(records).bind(told).bind(source).execute(db).await;
    deleted.map(drop).doing(|| format!("deleting rows of {} that are gone", R::TABLE))
}
