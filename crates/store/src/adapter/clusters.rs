//! Clusters in and out, and the outbox that carries their events to the topic.

use super::super::organizations::id_list;
use super::{CLUSTERS, Db, Executor, ResolutionStore, corrupt, json_list, limit_of};
use crate::error::{Doing, Result};
use crate::resolution::{ClusterPage, Corpus, OpenOnly, OutboxRow};
use entity::{Cluster, ClusterId};
use sqlx::QueryBuilder;
use uuid::Uuid;

const ROWS_PER_STATEMENT: usize = 128;

/// Runs an insert; a full one is prepared once and found again.
async fn execute(mut insert: QueryBuilder<Db>, rows: usize, db: Executor<'_>) -> sqlx::Result<()> {
    insert.build().persistent(rows == ROWS_PER_STATEMENT).execute(db).await.map(drop)
}

/// Takes off the queue what the resolver is done with.
async fn finish_queued(db: Executor<'_>, seqs: &[i64]) -> Result<()> {
    sqlx::query(concat!("DELETE FROM resolve_queue WHERE seq IN ", numbers!("$1")))
        .bind(json_list(seqs))
        .execute(db)
        .await
        .map(drop)
        .doing(|| "finishing resolved records".into())
}

fn body(cluster: &Cluster) -> Result<String> {
    serde_json::to_string(cluster).map_err(corrupt("writing a cluster"))
}

impl ResolutionStore {
    pub(super) async fn write_clusters(
        &self,
        changed: &[Cluster],
        ended: &[ClusterId],
        seqs: &[i64],
    ) -> Result<()> {
        let doing = || "writing clusters".to_owned();
        // Many changes leave all clusters as they are.
        if changed.is_empty() && ended.is_empty() {
            let mut connection = self.pools.write.acquire().await.doing(doing)?;
            return finish_queued(&mut connection, seqs).await;
        }
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, CLUSTERS).await?;
        let live = self.is_live(&mut transaction).await?;
        // What people do not see has no history.
        if live {
            self.note_transitions(&mut transaction, (changed, ended), seqs).await?;
        }
        let gone = changed.iter().map(|cluster| cluster.id.0).chain(ended.iter().map(|id| id.0));
        self.delete_members(&mut transaction, &id_list(gone)).await?;
        self.delete_clusters(&mut transaction, ended).await?;
        self.insert_clusters(&mut transaction, changed).await?;
        if live {
            self.send(&mut transaction, changed, ended).await?;
        }
        finish_queued(&mut transaction, seqs).await?;
        transaction.commit().await.doing(doing)
    }

    async fn delete_members(&self, db: Executor<'_>, clusters: &str) -> Result<()> {
        sqlx::query(concat!(
            "DELETE FROM cluster_member WHERE generation = $1 AND cluster_id IN ",
            ids!("$2")
        ))
        .bind(self.generation())
        .bind(clusters)
        .execute(db)
        .await
        .map(drop)
        .doing(|| "deleting cluster members".into())
    }

    async fn delete_clusters(&self, db: Executor<'_>, ended: &[ClusterId]) -> Result<()> {
        if ended.is_empty() {
            return Ok(());
        }
        let doing = || "withdrawing clusters".to_owned();
        let list = id_list(ended.iter().map(|id| id.0));
        sqlx::query(concat!("DELETE FROM cluster WHERE generation = $1 AND id IN ", ids!("$2")))
            .bind(self.generation())
            .bind(list)
            .execute(&mut *db)
            .await
            .doing(doing)?;
        Ok(())
    }

    async fn insert_clusters(&self, db: Executor<'_>, clusters: &[Cluster]) -> Result<()> {
        let doing = || "writing clusters".to_owned();
        let now = entity::clock::now().timestamp_millis();
        for chunk in clusters.chunks(ROWS_PER_STATEMENT) {
            let bodies: Vec<String> = chunk.iter().map(body).collect::<Result<_>>()?;
            let mut insert = QueryBuilder::new(
                "INSERT INTO cluster (generation, id, body, probability, size, open, revision, review_value, opened_at_ms) ",
            );
            insert.push_values(chunk.iter().zip(bodies), |mut values, (cluster, body)| {
                values.push_bind(self.generation()).push_bind(cluster.id.0).push_bind(body);
                values.push_bind(cluster.probability).push_bind(limit_of(cluster.members.len()));
                values.push_bind(cluster.is_open()).push_bind(cluster.revision());
                values.push_bind(cluster.review_value()).push_bind(now);
            });
            insert.push(
                " ON CONFLICT (generation, id) DO UPDATE SET body = excluded.body,
                  probability = excluded.probability, size = excluded.size, open = excluded.open,
                  revision = excluded.revision, review_value = excluded.review_value, opened_at_ms =
                      CASE WHEN cluster.open AND excluded.open THEN cluster.opened_at_ms ELSE excluded.opened_at_ms END",
            );
            execute(insert, chunk.len(), &mut *db).await.doing(doing)?;
        }
        let members: Vec<_> = clusters
            .iter()
            .flat_map(|cluster| cluster.members.iter().map(|member| (member.record_id, cluster.id)))
            .collect();
        // A record stands in one cluster, so no row is met twice in a statement.
        for chunk in members.chunks(ROWS_PER_STATEMENT) {
            let mut insert =
                QueryBuilder::new("INSERT INTO cluster_member (generation, record_id, cluster_id) ");
            insert.push_values(chunk, |mut values, (record, cluster)| {
                values.push_bind(self.generation()).push_bind(record.0).push_bind(cluster.0);
            });
            insert
                .push(" ON CONFLICT (generation, record_id) DO UPDATE SET cluster_id = excluded.cluster_id");
            execute(insert, chunk.len(), &mut *db).await.doing(doing)?;
        }
        Ok(())
    }

    /// Only the live generation publishes.
    async fn is_live(&self, db: Executor<'_>) -> Result<bool> {
        sqlx::query_scalar("SELECT live FROM generation WHERE id = $1")
            .bind(self.generation())
            .fetch_one(db)
            .await
            .doing(|| "asking whether the generation is live".into())
    }

    async fn send(&self, db: Executor<'_>, changed: &[Cluster], ended: &[ClusterId]) -> Result<()> {
        let mut events: Vec<(ClusterId, Option<String>)> = ended.iter().map(|id| (*id, None)).collect();
        for cluster in changed {
            events.push((cluster.id, Some(body(cluster)?)));
        }
        for chunk in events.chunks(ROWS_PER_STATEMENT) {
            let mut send = QueryBuilder::new("INSERT INTO cluster_outbox (generation, cluster_id, body) ");
            send.push_values(chunk, |mut values, (id, body)| {
                values.push_bind(self.generation()).push_bind(id.0).push_bind(body.clone());
            });
            let sent = execute(send, chunk.len(), &mut *db).await;
            sent.doing(|| "queueing events of clusters".into())?;
        }
        Ok(())
    }

    /// One outbox for all generations, in the order of its numbers; it is the live one's to empty.
    pub(super) async fn outbox_head(&self, limit: usize) -> Result<Vec<OutboxRow>> {
        let rows: Vec<(i64, Uuid, Option<String>)> = sqlx::query_as(
            "SELECT seq, cluster_id, body FROM cluster_outbox
             WHERE EXISTS (SELECT 1 FROM generation WHERE id = $1 AND live) ORDER BY seq LIMIT $2",
        )
        .bind(self.generation())
        .bind(limit_of(limit))
        .fetch_all(&self.pools.read)
        .await
        .doing(|| "reading the outbox".into())?;
        rows.into_iter()
            .map(|(seq, id, body)| {
                let cluster = body.map(|body| serde_json::from_str(&body)).transpose();
                Ok(OutboxRow { seq, id: id.into(), cluster: cluster.map_err(corrupt("reading the outbox"))? })
            })
            .collect()
    }

    pub(super) async fn empty_outbox(&self, seq: i64) -> Result<()> {
        sqlx::query(
            "DELETE FROM cluster_outbox WHERE seq <= $2 AND EXISTS (SELECT 1 FROM generation WHERE id = $1 AND live)",
        )
            .bind(self.generation())
            .bind(seq)
            .execute(&self.pools.write)
            .await
            .map(drop)
            .doing(|| format!("emptying the outbox up to {seq}"))
    }

    pub(super) async fn read_corpus(&self) -> Result<Corpus> {
        let (count, event_epoch): (i64, i64) =
            sqlx::query_as("SELECT record_count, event_epoch FROM generation WHERE id = $1")
                .bind(self.generation())
                .fetch_one(&self.pools.read)
                .await
                .doing(|| "reading the corpus".into())?;
        Ok(Corpus { record_count: u64::try_from(count).unwrap_or(0), event_epoch })
    }

    pub(super) async fn write_event_epoch(&self, epoch: i64) -> Result<()> {
        // Of all generations: their events share a topic.
        sqlx::query("UPDATE generation SET event_epoch = $1")
            .bind(epoch)
            .execute(&self.pools.write)
            .await
            .map(drop)
            .doing(|| format!("beginning epoch {epoch} of clusters"))
    }

    pub(super) async fn cluster_page(&self, page: &ClusterPage) -> Result<Vec<Cluster>> {
        let (probability, after) =
            page.after.map_or((2.0, Uuid::nil()), |(probability, id)| (probability, id.0));
        let bodies: Vec<String> = sqlx::query_scalar(
            "SELECT body FROM cluster WHERE generation = $1 AND (open OR $2)
               AND (probability < $3 OR (probability = $3 AND id > $4))
             ORDER BY probability DESC, id LIMIT $5",
        )
        .bind(self.generation())
        .bind(page.open_only == OpenOnly::All)
        .bind(probability)
        .bind(after)
        .bind(limit_of(page.limit))
        .fetch_all(&self.pools.read)
        .await
        .doing(|| "listing clusters".into())?;
        bodies.iter().map(|body| serde_json::from_str(body).map_err(corrupt("reading a cluster"))).collect()
    }

    /// These clusters, sorted by id.
    pub(super) async fn read_clusters_of(&self, db: Executor<'_>, ids: &[ClusterId]) -> Result<Vec<Cluster>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let bodies: Vec<String> = sqlx::query_scalar(concat!(
            "SELECT body FROM cluster WHERE generation = $1 AND id IN ",
            ids!("$2"),
            " ORDER BY id"
        ))
        .bind(self.generation())
        .bind(id_list(ids.iter().map(|id| id.0)))
        .fetch_all(db)
        .await
        .doing(|| "reading clusters by their ids".into())?;
        let read = |body: &String| serde_json::from_str(body).map_err(corrupt("reading a cluster"));
        bodies.iter().map(read).collect()
    }

    pub(super) async fn count_clusters(&self) -> Result<(u64, u64)> {
        let (open, all): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(CASE WHEN open THEN 1 END), COUNT(*) FROM cluster WHERE generation = $1",
        )
        .bind(self.generation())
        .fetch_one(&self.pools.read)
        .await
        .doing(|| "counting clusters".into())?;
        Ok((u64::try_from(open).unwrap_or(0), u64::try_from(all).unwrap_or(0)))
    }
}
