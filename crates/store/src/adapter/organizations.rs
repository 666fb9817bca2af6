//! The organizations store. Written once, compiled for each database.

use super::{Db, Pools};
use crate::change_log::ChangeRow;
use entity::RecordId;
use policies::LastPolicy;
use uuid::Uuid;

mod access;
mod answers;
mod audit;
mod batches;
mod bulk;
mod capture;
mod choices;
mod import;
mod known_ids;
mod merges;
mod merging_port;
mod people;
mod pointers;
mod policies;
mod port;
mod read;
mod rest_rows;
mod row_set;
mod splits;
mod steps;
mod tables;

/// The organizations data product in a database.
#[derive(Clone, Debug)]
pub struct OrganizationsStore {
    pools: Pools,
    last_policy: LastPolicy,
}

impl OrganizationsStore {
    pub(super) fn pools(&self) -> &Pools {
        &self.pools
    }

    pub(super) fn new(pools: Pools) -> Self {
        Self { pools, last_policy: LastPolicy::default() }
    }
}

/// A row of the change log as selected.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct LogRow {
    pub(super) seq: i64,
    table_name: String,
    op: String,
    row_id: Option<Uuid>,
    owner_before: Option<Uuid>,
    owner_after: Option<Uuid>,
}

impl From<LogRow> for ChangeRow {
    fn from(row: LogRow) -> Self {
        Self {
            seq: row.seq,
            table: row.table_name,
            op: row.op,
            row_id: row.row_id.unwrap_or_default(),
            owner_before: row.owner_before.map(RecordId),
            owner_after: row.owner_after.map(RecordId),
        }
    }
}

/// Ids as the one parameter that `ids!` unfolds.
pub(super) fn id_list(ids: impl IntoIterator<Item = Uuid>) -> String {
    let mut text = String::from("[");
    for id in ids {
        if text.len() > 1 {
            text.push(',');
        }
        text.push('"');
        text.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
        text.push('"');
    }
    text.push(']');
    text
}

type Executor<'a> = &'a mut <Db as sqlx::Database>::Connection;
