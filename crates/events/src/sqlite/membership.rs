//! Groups in the file: members, which partitions they own, and how far they have got.
//!
//! Invariant: a position moves only in a transaction that also finds the member to own the partition
//! (`commit_is_fenced_after_takeover`).

use super::assignment::{Share, Subscriber, assign};
use super::connection::failed;
use super::reader;
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::log::{Progress, TopicPartition};
use entity::clock;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Sqlite, SqlitePool, Transaction};
use std::collections::BTreeMap;
use std::time::Duration;

/// A member as its group knows it.
#[derive(Clone, Debug)]
pub(super) struct Membership {
    pub(super) group: String,
    pub(super) group_id: i64,
    pub(super) member: String,
    pub(super) topics: Vec<String>,
    pub(super) session_timeout: Duration,
}

/// Whether a member that the file no longer knows may be written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not been written yet.
    New,
    /// It was there: if it is gone, its time was up and it owns nothing.
    Known,
}

/// What belongs to a member, and where it goes on.
#[derive(Clone, Debug)]
pub(super) struct Ownership {
    pub(super) generation: i64,
    pub(super) partitions: BTreeMap<i64, (TopicPartition, i64)>,
}

/// The group's id; the group is made if it is not there.
pub(super) async fn group_id(writer: &Writer, group: &str) -> Result<i64> {
    let doing = || failed(format!("joining group {group}"));
    let mut connection = writer.connection().await;
    let mut joining = connection.begin().await.map_err(doing())?;
    let id = find_or_make_group(&mut joining, group).await.map_err(doing())?;
    joining.commit().await.map_err(doing())?;
    Ok(id)
}

async fn find_or_make_group(connection: &mut SqliteConnection, group: &str) -> Result<i64, sqlx::Error> {
    // The empty update is there for RETURNING.
    sqlx::query_scalar(
        "INSERT INTO consumer_group (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id",
    )
    .bind(group)
    .fetch_one(connection)
    .await
}

impl Membership {
    /// Shows that the member is alive, buries members that are not, gives back what others should have and
    /// takes what nobody has. `None` when the member itself was buried meanwhile.
    pub(super) async fn sync(&self, writer: &Writer, standing: Standing) -> Result<Option<Ownership>> {
        let doing = || failed(format!("sharing the partitions of group {}", self.group));
        let mut connection = writer.connection().await;
        let mut syncing = connection.begin().await.map_err(doing())?;
        let synced = self.sync_in(&mut syncing, standing).await.map_err(doing())?;
        syncing.commit().await.map_err(doing())?;
        Ok(synced)
    }

    async fn sync_in(
        &self,
        syncing: &mut Transaction<'_, Sqlite>,
        standing: Standing,
    ) -> Result<Option<Ownership>, sqlx::Error> {
        let mut changed = self.bury_others(syncing).await? > 0;
        if !self.refresh(syncing).await? {
            if standing == Standing::Known {
                return Ok(None);
            }
            self.register(syncing).await?;
            changed = true;
        }
        let rows = self.shares(syncing).await?;
        let members = self.members(syncing).await?;
        let shares: Vec<Share> = rows.iter().map(PartitionRow::share).collect();
        let target = assign(&shares, &members);
        let mut partitions = BTreeMap::new();
        for row in rows {
            let wanted = target.get(&row.id) == Some(&self.member);
            let owned = row.owner.as_ref() == Some(&self.member);
            if wanted != owned && (row.owner.is_none() || owned) {
                self.set_owner(syncing, row.id, wanted).await?;
                changed = true;
            }
            if wanted && (owned || row.owner.is_none()) {
                let at = TopicPartition { topic: row.topic, partition: row.number };
                partitions.insert(row.id, (at, row.next_offset.unwrap_or(0)));
            }
        }
        let generation = self.generation(syncing, changed).await?;
        Ok(Some(Ownership { generation, partitions }))
    }

    async fn bury_others(&self, connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
        let buried =
            sqlx::query("DELETE FROM group_member WHERE group_id = ? AND expires_ms < ? AND id <> ?")
                .bind(self.group_id)
                .bind(now_ms())
                .bind(&self.member)
                .execute(connection)
                .await?;
        Ok(buried.rows_affected())
    }

    /// Whether the member is there; if so, it has its full time again.
    async fn refresh(&self, connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        let refreshed = sqlx::query("UPDATE group_member SET expires_ms = ? WHERE id = ?")
            .bind(self.expires_ms())
            .bind(&self.member)
            .execute(connection)
            .await?;
        Ok(refreshed.rows_affected() > 0)
    }

    async fn register(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO group_member (id, group_id, topics, expires_ms) VALUES (?, ?, ?, ?)")
            .bind(&self.member)
            .bind(self.group_id)
            .bind(sqlx::types::Json(&self.topics))
            .bind(self.expires_ms())
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn shares(&self, connection: &mut SqliteConnection) -> Result<Vec<PartitionRow>, sqlx::Error> {
        sqlx::query_as(
            "SELECT p.id, t.name AS topic, p.number, o.member_id AS owner, n.next_offset
             FROM topic t JOIN topic_partition p ON p.topic_id = t.id
             LEFT JOIN group_owner o ON o.group_id = ?1 AND o.partition_id = p.id
             LEFT JOIN group_position n ON n.group_id = ?1 AND n.partition_id = p.id
             WHERE t.name IN
                 (SELECT one.value FROM group_member m, json_each(m.topics) one WHERE m.group_id = ?1)
             ORDER BY t.name, p.number",
        )
        .bind(self.group_id)
        .fetch_all(connection)
        .await
    }

    async fn members(&self, connection: &mut SqliteConnection) -> Result<Vec<Subscriber>, sqlx::Error> {
        let rows: Vec<(String, sqlx::types::Json<Vec<String>>)> =
            sqlx::query_as("SELECT id, topics FROM group_member WHERE group_id = ? ORDER BY id")
                .bind(self.group_id)
                .fetch_all(connection)
                .await?;
        Ok(rows.into_iter().map(|(member, topics)| Subscriber { member, topics: topics.0 }).collect())
    }

    async fn set_owner(
        &self,
        connection: &mut SqliteConnection,
        partition_id: i64,
        mine: bool,
    ) -> Result<(), sqlx::Error> {
        let sql = if mine {
            "INSERT INTO group_owner (group_id, partition_id, member_id) VALUES (?, ?, ?)"
        } else {
            "DELETE FROM group_owner WHERE group_id = ? AND partition_id = ? AND member_id = ?"
        };
        let change = sqlx::query(sql).bind(self.group_id).bind(partition_id).bind(&self.member);
        change.execute(connection).await.map(|_| ())
    }

    async fn generation(&self, connection: &mut SqliteConnection, changed: bool) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(
            "UPDATE consumer_group SET generation = generation + ? WHERE id = ? RETURNING generation",
        )
        .bind(changed)
        .bind(self.group_id)
        .fetch_one(connection)
        .await
    }

    /// Shows that the member is alive, if it still is one.
    pub(super) async fn heartbeat(&self, writer: &Writer) -> Result<()> {
        let doing = || failed(format!("staying in group {}", self.group));
        let mut connection = writer.connection().await;
        let mut beating = connection.begin().await.map_err(doing())?;
        self.refresh(&mut beating).await.map_err(doing())?;
        beating.commit().await.map_err(doing())
    }

    /// Moves the positions of the partitions that the member owns; whether it owned them all.
    pub(super) async fn commit(&self, writer: &Writer, positions: &[(i64, i64)]) -> Result<bool> {
        let doing = || failed(format!("committing positions of group {}", self.group));
        let mut connection = writer.connection().await;
        let mut committing = connection.begin().await.map_err(doing())?;
        let mut owned = self.refresh(&mut committing).await.map_err(doing())?;
        for (partition_id, next_offset) in positions {
            let moved = sqlx::query(
                "INSERT INTO group_position (group_id, partition_id, next_offset)
                 SELECT group_id, partition_id, ? FROM group_owner
                 WHERE group_id = ? AND partition_id = ? AND member_id = ?
                 ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset",
            )
            .bind(next_offset)
            .bind(self.group_id)
            .bind(partition_id)
            .bind(&self.member)
            .execute(&mut *committing)
            .await
            .map_err(doing())?;
            owned &= moved.rows_affected() > 0;
        }
        committing.commit().await.map_err(doing())?;
        Ok(owned)
    }

    /// Ends the membership; harmless when it has ended already.
    pub(super) async fn leave(&self, writer: &Writer) -> Result<()> {
        let doing = || failed(format!("leaving group {}", self.group));
        let mut connection = writer.connection().await;
        let mut leaving = connection.begin().await.map_err(doing())?;
        sqlx::query("DELETE FROM group_member WHERE id = ?")
            .bind(&self.member)
            .execute(&mut *leaving)
            .await
            .map_err(doing())?;
        self.generation(&mut leaving, true).await.map_err(doing())?;
        leaving.commit().await.map_err(doing())
    }

    /// The group's generation and how far each of the member's partitions reaches.
    pub(super) async fn glance(&self, readers: &SqlitePool) -> Result<(i64, BTreeMap<i64, i64>)> {
        let rows: Vec<(i64, Option<i64>, Option<i64>)> = sqlx::query_as(
            "SELECT g.generation, p.id, p.next_offset FROM consumer_group g
             LEFT JOIN group_owner o ON o.group_id = g.id AND o.member_id = ?2
             LEFT JOIN topic_partition p ON p.id = o.partition_id
             WHERE g.id = ?1",
        )
        .bind(self.group_id)
        .bind(&self.member)
        .fetch_all(readers)
        .await
        .map_err(failed(format!("looking at group {}", self.group)))?;
        let generation = rows.first().map_or(0, |row| row.0);
        Ok((generation, rows.into_iter().filter_map(|(_, id, end)| id.zip(end)).collect()))
    }

    fn expires_ms(&self) -> i64 {
        now_ms().saturating_add(i64::try_from(self.session_timeout.as_millis()).unwrap_or(i64::MAX))
    }
}

fn now_ms() -> i64 {
    clock::now().timestamp_millis()
}

#[derive(sqlx::FromRow)]
struct PartitionRow {
    id: i64,
    topic: String,
    number: i32,
    owner: Option<String>,
    next_offset: Option<i64>,
}

impl PartitionRow {
    fn share(&self) -> Share {
        Share { partition_id: self.id, topic: self.topic.clone(), owner: self.owner.clone() }
    }
}

/// How far a group has got in every partition of these topics.
pub(super) async fn progress(readers: &SqlitePool, group: &str, topics: &[String]) -> Result<Vec<Progress>> {
    let doing = || failed(format!("reading the progress of group {group}"));
    let rows: Vec<(i64, String, i32, Option<i64>)> = sqlx::query_as(
        "SELECT p.id, t.name, p.number, n.next_offset FROM topic t JOIN topic_partition p ON p.topic_id = t.id
         LEFT JOIN consumer_group g ON g.name = ?1
         LEFT JOIN group_position n ON n.group_id = g.id AND n.partition_id = p.id
         WHERE t.name IN (SELECT value FROM json_each(?2)) ORDER BY t.name, p.number",
    )
    .bind(group)
    .bind(sqlx::types::Json(topics))
    .fetch_all(readers)
    .await
    .map_err(doing())?;
    let mut progress = Vec::with_capacity(rows.len());
    for (id, topic, partition, committed) in rows {
        let (start, end) = reader::range(readers, id).await.map_err(doing())?;
        progress.push(Progress { at: TopicPartition { topic, partition }, committed, start, end });
    }
    Ok(progress)
}

/// Moves a group's positions; refused while it has members, who would move them back.
pub(super) async fn reset(writer: &Writer, group: &str, places: &[(i64, i64)]) -> Result<()> {
    let doing = || failed(format!("resetting group {group}"));
    let mut connection = writer.connection().await;
    let mut resetting = connection.begin().await.map_err(doing())?;
    let group_id = find_or_make_group(&mut resetting, group).await.map_err(doing())?;
    let members: i64 =
        sqlx::query_scalar("SELECT count(*) FROM group_member WHERE group_id = ? AND expires_ms >= ?")
            .bind(group_id)
            .bind(now_ms())
            .fetch_one(&mut *resetting)
            .await
            .map_err(doing())?;
    if members > 0 {
        return Err(Error::Invalid(format!("group {group} has {members} members: stop them, then reset")));
    }
    for (partition_id, next_offset) in places {
        sqlx::query(
            "INSERT INTO group_position (group_id, partition_id, next_offset) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset",
        )
        .bind(group_id)
        .bind(partition_id)
        .bind(next_offset)
        .execute(&mut *resetting)
        .await
        .map_err(doing())?;
    }
    resetting.commit().await.map_err(doing())
}
