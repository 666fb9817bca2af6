//! Taking golden records apart, and taking that back.

use super::answers::{Before, answered, remember};
use super::audit::commit_with;
use super::merges::{LINKS, check_members};
use super::people::check_revisions;
use super::read::follow_links;
use super::steps::{Cause, Changed, name_members, next_seq, rebuild};
use super::{Executor, OrganizationsStore, id_list};
use crate::audit::Deed;
use crate::error::{Conflict, Doing, Error, Result};
use crate::merging::{By, SplitOutcome, SplitRequest};
use chrono::{DateTime, Utc};
use entity::{Family, MergeId, OrganizationId, RecordId, Split, Undo};
use serde_json::json;
use sqlx::FromRow;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

macro_rules! split_columns {
    () => {
        concat!(
            "SELECT id, organization_id, record_groups, split_by, split_at, reason, undone_by, undone_at, undo_reason,
             seq",
            " FROM split"
        )
    };
}
pub(super) use split_columns;

impl OrganizationsStore {
    pub(super) async fn apply_split(&self, request: &SplitRequest) -> Result<SplitOutcome> {
        let split = &request.split;
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, LINKS).await?;
        match answered(&mut transaction, &request.key).await? {
            Before::Nothing => {}
            Before::Answer(outcome) => return Ok(outcome),
            Before::Made(id) => return Err(Error::NotFound(format!("split {id}"))),
        }
        check_groups(&mut transaction, split).await?;
        check_revisions(&mut transaction, &request.expected).await?;
        check_members(&mut transaction, [split.organization], &request.expected).await?;
        insert_split(&mut transaction, split).await?;
        let by = By { actor: split.split_by.clone(), at: split.split_at };
        let cause = Cause { step: split.id, by: by.clone(), reason: split.reason.clone() };
        let changed = rebuild(&mut transaction, ids_of(split), &cause).await?;
        let outcome = outcome(&mut transaction, split.clone()).await?;
        remember(&mut transaction, &request.key, (split.id.0, split.split_at), &outcome).await?;
        let deed = deed(&by, "split", split, (&changed, split.reason.as_deref()));
        commit_with(transaction, &deed).await?;
        Ok(outcome)
    }

    pub(super) async fn apply_split_undo(&self, id: MergeId, undo: &Undo) -> Result<SplitOutcome> {
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, LINKS).await?;
        let mut split = select_split(&mut transaction, id)
            .await?
            .ok_or_else(|| Error::NotFound(format!("split {id}")))?;
        if split.undo.is_some() {
            return outcome(&mut transaction, split).await;
        }
        sqlx::query("UPDATE split SET undone_by = $2, undone_at = $3, undo_reason = $4 WHERE id = $1")
            .bind(id.0)
            .bind(&undo.undone_by)
            .bind(undo.undone_at)
            .bind(&undo.reason)
            .execute(&mut *transaction)
            .await
            .doing(|| format!("taking back split {id}"))?;
        split.undo = Some(undo.clone());
        let by = By { actor: undo.undone_by.clone(), at: undo.undone_at };
        let cause = Cause { step: id, by: by.clone(), reason: undo.reason.clone() };
        let changed = rebuild(&mut transaction, ids_of(&split), &cause).await?;
        let deed = deed(&by, "split.undo", &split, (&changed, undo.reason.as_deref()));
        let outcome = outcome(&mut transaction, split).await?;
        commit_with(transaction, &deed).await?;
        Ok(outcome)
    }

    pub(super) async fn read_split(&self, id: MergeId) -> Result<Option<SplitOutcome>> {
        let mut snapshot = self.pools.begin_snapshot().await?;
        match select_split(&mut snapshot, id).await? {
            Some(split) => outcome(&mut snapshot, split).await.map(Some),
            None => Ok(None),
        }
    }
}

fn ids_of(split: &Split) -> BTreeSet<RecordId> {
    split.groups.iter().flatten().copied().collect()
}

fn deed(by: &By, action: &str, split: &Split, (changed, reason): (&Changed, Option<&str>)) -> Deed {
    let records = split.groups.iter().flatten().map(ToString::to_string);
    let merges =
        changed.ended.iter().chain(&changed.remade).chain(&changed.restored).map(ToString::to_string);
    let own = [split.id.to_string(), split.organization.to_string()];
    let detail = json!({
        "split": split.id, "organization": split.organization, "partition": split.groups, "reason": reason,
        "ended": changed.ended, "remade": changed.remade, "restored": changed.restored,
    });
    Deed::new(by, action, own.into_iter().chain(records).chain(merges), detail)
}

/// A split names each living member of one golden record once, in two groups or more.
async fn check_groups(db: Executor<'_>, split: &Split) -> Result<()> {
    let mut ids = BTreeSet::from([RecordId::from(split.organization)]);
    let links = follow_links(&mut *db, &mut ids).await?;
    let roots = Family { links, ..Family::default() }.roots();
    if let Some(root) = roots.get(&split.organization.into()).filter(|root| **root != split.organization) {
        let (absorbed, survivor) = (split.organization.to_string(), root.to_string());
        return Err(Conflict::Absorbed { absorbed, survivor }.into());
    }
    let living: Vec<Uuid> =
        sqlx::query_scalar(concat!("SELECT id FROM organization WHERE id IN ", ids!("$1")))
            .bind(id_list(ids.iter().map(|id| id.0)))
            .fetch_all(db)
            .await
            .doing(|| format!("reading the members of {}", split.organization))?;
    let living: BTreeSet<RecordId> = living.into_iter().map(RecordId).collect();
    if living.is_empty() {
        return Err(Error::NotFound(format!("organization {}", split.organization)));
    }
    let mut named: BTreeMap<RecordId, usize> = BTreeMap::new();
    for id in split.groups.iter().flatten() {
        *named.entry(*id).or_default() += 1;
    }
    let problem = if split.groups.len() < 2 || split.groups.iter().any(Vec::is_empty) {
        Some("partition: name two groups of records or more, none of them empty".to_owned())
    } else if let Some((id, _)) = named.iter().find(|(_, times)| **times > 1) {
        Some(format!("partition: {id} is named more than once"))
    } else if let Some(id) = named.keys().find(|id| !living.contains(id)) {
        Some(format!("partition: {id} is no record of organization {}", split.organization))
    } else {
        let missing = living.iter().find(|id| !named.contains_key(id));
        missing.map(|id| format!("partition: {id} is missing: each record of the organization has its place"))
    };
    problem.map_or(Ok(()), |problem| Err(Error::Invalid(problem)))
}

async fn insert_split(db: Executor<'_>, split: &Split) -> Result<()> {
    let seq = next_seq(&mut *db).await?;
    sqlx::query(
        "INSERT INTO split (id, seq, organization_id, record_groups, split_by, split_at, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(split.id.0)
    .bind(seq)
    .bind(split.organization.0)
    .bind(serde_json::to_string(&split.groups).expect("ids are JSON"))
    .bind(&split.split_by)
    .bind(split.split_at)
    .bind(&split.reason)
    .execute(&mut *db)
    .await
    .doing(|| format!("writing split {}", split.id))?;
    name_members(db, split.id, ids_of(split).into_iter().map(|id| id.0)).await
}

async fn select_split(db: Executor<'_>, id: MergeId) -> Result<Option<Split>> {
    let row: Option<SplitRow> = sqlx::query_as(concat!(split_columns!(), " WHERE id = $1"))
        .bind(id.0)
        .fetch_optional(db)
        .await
        .doing(|| format!("reading split {id}"))?;
    row.map(Split::try_from).transpose()
}

/// A split with the merges that are ended by it, and those that it made again and that stand.
async fn outcome(db: Executor<'_>, split: Split) -> Result<SplitOutcome> {
    let doing = || format!("reading the merges of split {}", split.id);
    let ended: Vec<Uuid> = sqlx::query_scalar(
        "SELECT id FROM merge WHERE ended_by = $1 AND (split_id IS NULL OR split_id <> $1) ORDER BY seq, id",
    )
    .bind(split.id.0)
    .fetch_all(&mut *db)
    .await
    .doing(doing)?;
    let remade: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM merge WHERE split_id = $1 AND undone_at IS NULL ORDER BY id")
            .bind(split.id.0)
            .fetch_all(db)
            .await
            .doing(doing)?;
    let ids = |ids: Vec<Uuid>| ids.into_iter().map(MergeId).collect();
    Ok(SplitOutcome { ended: ids(ended), remade: ids(remade), split })
}

#[derive(Debug, FromRow)]
pub(super) struct SplitRow {
    id: Uuid,
    organization_id: Uuid,
    record_groups: String,
    split_by: String,
    split_at: DateTime<Utc>,
    reason: Option<String>,
    undone_by: Option<String>,
    undone_at: Option<DateTime<Utc>>,
    undo_reason: Option<String>,
    seq: i64,
}

impl SplitRow {
    /// Its place among all merges and splits.
    pub(super) fn place(&self) -> (i64, MergeId) {
        (self.seq, self.id.into())
    }
}

impl TryFrom<SplitRow> for Split {
    type Error = Error;
    fn try_from(row: SplitRow) -> Result<Self> {
        let groups = serde_json::from_str(&row.record_groups).map_err(|error| Error::Corrupt {
            doing: format!("reading split {}", row.id),
            source: error.into(),
        })?;
        let undo = row.undone_by.zip(row.undone_at);
        Ok(Self {
            id: row.id.into(),
            organization: OrganizationId(row.organization_id),
            groups,
            split_by: row.split_by,
            split_at: row.split_at,
            reason: row.reason,
            undo: undo.map(|(by, at)| Undo::new(by, at, row.undo_reason)),
        })
    }
}
