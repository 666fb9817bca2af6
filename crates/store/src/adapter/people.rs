//! What people do to rows: steward facts and deletes. Each only while what they saw still stands.

use super::audit::commit_with;
use super::choices::raise_revisions;
use super::merges::LINKS;
use super::{Executor, OrganizationsStore, id_list};
use crate::audit::Deed;
use crate::error::{Conflict, Doing, Error, Result};
use crate::merging::By;
use crate::organizations::Revisions;
use entity::{Family, OrganizationId, RecordId, StewardFact};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

impl OrganizationsStore {
    pub(super) async fn add_facts(&self, facts: &[StewardFact], expected: &Revisions) -> Result<()> {
        let mut transaction = self.pools.begin_write().await?;
        check_revisions(&mut transaction, expected).await?;
        for fact in facts {
            sqlx::query(
                "INSERT INTO steward_fact (id, organization_id, table_name, row_id, field, value, stated_by, stated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(Uuid::now_v7())
            .bind(fact.record_id.0)
            .bind(&fact.table)
            .bind(fact.row_id)
            .bind(&fact.field)
            .bind(fact.value.to_string())
            .bind(&fact.stated_by)
            .bind(fact.stated_at)
            .execute(&mut *transaction)
            .await
            .doing(|| format!("stating {} of {}", fact.field, fact.row_id))?;
        }
        // What is stated of a golden id whose own record is gone raises the members' revisions.
        let of_golden = facts.iter().filter(|fact| fact.table == "organization").map(|fact| fact.record_id);
        let of_golden: BTreeSet<RecordId> = of_golden.collect();
        if !of_golden.is_empty() && !of_golden.iter().any(|id| expected.contains_key(id)) {
            raise_revisions(&mut transaction, [], expected).await?;
        }
        let Some(first) = facts.first() else { return Ok(()) };
        commit_with(transaction, &deed_of_facts(first, facts)).await.map(drop)
    }

    pub(super) async fn remove_members(
        &self,
        id: OrganizationId,
        members: &Revisions,
        by: &By,
    ) -> Result<()> {
        let doing = || format!("deleting {id} with all of its members");
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, LINKS).await?;
        check_revisions(&mut transaction, members).await?;
        let mut ids = BTreeSet::from([RecordId::from(id)]);
        let links = super::read::follow_links(&mut transaction, &mut ids).await?;
        let forest = Family { links, ..Family::default() }.forest();
        if forest.is_absorbed(id.into()) {
            let (absorbed, survivor) = (id.to_string(), forest.root(id.into()).to_string());
            return Err(Conflict::Absorbed { absorbed, survivor }.into());
        }
        let list = id_list(ids.into_iter().map(|id| id.0));
        let living: Vec<Uuid> = sqlx::query_scalar(concat!(
            "SELECT id FROM organization WHERE id IN ",
            ids!("$1"),
            " ORDER BY id"
        ))
        .bind(&list)
        .fetch_all(&mut *transaction)
        .await
        .doing(doing)?;
        if !living.iter().copied().eq(members.keys().map(|member| member.0)) {
            return Err(Conflict::Stale(format!("organization {id}")).into());
        }
        let delete = sqlx::query(concat!("DELETE FROM organization WHERE id IN ", ids!("$1"))).bind(&list);
        delete.execute(&mut *transaction).await.doing(doing)?;
        let subjects = members.keys().map(ToString::to_string).chain([id.to_string()]);
        let detail = json!({ "organization": id, "members": members.keys().collect::<Vec<_>>() });
        let deed = Deed::new(by, "organization.delete", subjects, detail);
        commit_with(transaction, &deed).await.map(drop)
    }
}

/// Facts of one call are one person's word.
fn deed_of_facts(first: &StewardFact, facts: &[StewardFact]) -> Deed {
    let by = By { actor: first.stated_by.clone(), at: first.stated_at };
    let stated = |fact: &StewardFact| {
        json!({
            "table": fact.table, "row": fact.row_id, "record": fact.record_id, "field": fact.field, "value": fact.value,
        })
    };
    let subjects = facts.iter().flat_map(|fact| [fact.row_id.to_string(), fact.record_id.to_string()]);
    Deed::new(&by, "fact", subjects, json!({ "facts": facts.iter().map(stated).collect::<Vec<_>>() }))
}

/// Refuses a write that was decided on what no longer stands.
pub(super) async fn check_revisions(db: Executor<'_>, expected: &Revisions) -> Result<()> {
    if expected.is_empty() {
        return Ok(());
    }
    let standing: Vec<(Uuid, i64)> = sqlx::query_as(concat!(
        "SELECT id, revision FROM organization WHERE id IN ",
        ids!("$1"),
        " ORDER BY id",
        for_update!()
    ))
    .bind(id_list(expected.keys().map(|id| id.0)))
    .fetch_all(db)
    .await
    .doing(|| "checking revisions".into())?;
    let standing: Revisions = standing.into_iter().map(|(id, revision)| (RecordId(id), revision)).collect();
    for (id, revision) in expected {
        match standing.get(id) {
            None => return Err(Error::NotFound(format!("organization {id}"))),
            Some(now) if now != revision => return Err(Conflict::Stale(format!("organization {id}")).into()),
            Some(_) => {}
        }
    }
    Ok(())
}
