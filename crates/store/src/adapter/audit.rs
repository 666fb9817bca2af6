//! The audit log: entries are appended in the transaction of the write that they tell of, one transaction at a time.

use super::{Executor, OrganizationsStore};
use crate::audit::{AuditEntry, AuditLog, AuditQuery, Deed};
use crate::error::{Doing, Result};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{FromRow, Transaction};

/// The lock under which the chain grows. Always the last one that a transaction takes, so that nobody waits in a
/// circle; imports write no entries and never wait for it.
const CHAIN: i64 = 0x6175_6469;

#[derive(Debug, FromRow)]
struct EntryRow {
    seq: i64,
    at: DateTime<Utc>,
    actor: String,
    action: String,
    subjects: String,
    detail: String,
    previous: String,
    hash: String,
}

impl From<EntryRow> for AuditEntry {
    fn from(row: EntryRow) -> Self {
        let EntryRow { seq, at, actor, action, subjects, detail, previous, hash } = row;
        Self { seq, at, actor, action, subjects, detail, previous, hash }
    }
}

/// Appends an entry and commits: the entry and what it tells of are there together, or neither is.
pub(super) async fn commit_with(
    mut transaction: Transaction<'static, super::Db>,
    deed: &Deed,
) -> Result<AuditEntry> {
    let doing = || format!("writing {} by {} down", deed.action, deed.actor);
    super::super::serialize_writers(&mut transaction, CHAIN).await?;
    let last: Option<(i64, String)> = sqlx::query_as("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut *transaction)
        .await
        .doing(doing)?;
    let entry = AuditEntry::following(last, deed);
    insert(&mut transaction, &entry).await?;
    for subject in &deed.subjects {
        sqlx::query("INSERT INTO audit_subject (subject, seq) VALUES ($1, $2)")
            .bind(subject)
            .bind(entry.seq)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
    }
    transaction.commit().await.doing(doing)?;
    Ok(entry)
}

async fn insert(db: Executor<'_>, entry: &AuditEntry) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit (seq, at, actor, action, subjects, detail, previous, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(entry.seq)
    .bind(entry.at)
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.subjects)
    .bind(&entry.detail)
    .bind(&entry.previous)
    .bind(&entry.hash)
    .execute(db)
    .await
    .map(drop)
    .doing(|| format!("appending audit entry {}", entry.seq))
}

#[async_trait]
impl AuditLog for OrganizationsStore {
    async fn audit(&self, query: &AuditQuery, after: i64, limit: usize) -> Result<Vec<AuditEntry>> {
        // Absent conditions are null, and hold. The subject is looked up by its own index.
        let all = "SELECT seq, at, actor, action, subjects, detail, previous, hash FROM audit
                   WHERE seq > $1 AND ($2 IS NULL OR actor = $2) AND at >= $3 AND at < $4
                   ORDER BY seq LIMIT $5";
        let of_subject = "SELECT audit.seq, at, actor, action, subjects, detail, previous, hash
                          FROM audit_subject JOIN audit ON audit.seq = audit_subject.seq
                          WHERE audit_subject.seq > $1 AND ($2 IS NULL OR actor = $2) AND at >= $3 AND at < $4
                          AND audit_subject.subject = $6 ORDER BY audit_subject.seq LIMIT $5";
        let (end, _) = crate::listing::or_newest(None);
        let mut select = sqlx::query_as(if query.subject.is_some() { of_subject } else { all })
            .bind(after)
            .bind(&query.actor)
            .bind(query.from.unwrap_or(DateTime::UNIX_EPOCH))
            .bind(query.to.unwrap_or(end))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        if let Some(subject) = &query.subject {
            select = select.bind(subject);
        }
        let rows: Vec<EntryRow> =
            select.fetch_all(&self.pools.read).await.doing(|| "reading the audit log".into())?;
        Ok(rows.into_iter().map(AuditEntry::from).collect())
    }

    async fn record_deed(&self, deed: &Deed) -> Result<AuditEntry> {
        commit_with(self.pools.begin_write().await?, deed).await
    }
}
