//! Choices of the member whose value wins a field: made in a merge or by themselves, ended by an undo.

use super::audit::commit_with;
use super::merges::LINKS;
use super::people::check_revisions;
use super::read::follow_links;
use super::{Executor, OrganizationsStore, id_list};
use crate::audit::Deed;
use crate::error::{Conflict, Doing, Error, Result};
use crate::merging::By;
use crate::organizations::{ChoiceRequest, Revisions};
use chrono::{DateTime, Utc};
use entity::policy::SURVIVING_FIELDS;
use entity::{Choosing, ChosenField, Family, FieldChoice, Forest, MergeId, RecordId};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

impl OrganizationsStore {
    pub(super) async fn add_choices(&self, request: &ChoiceRequest) -> Result<Vec<FieldChoice>> {
        let id = RecordId::from(request.organization_id);
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, LINKS).await?;
        check_revisions(&mut transaction, &request.expected).await?;
        let forest = forest_of(&mut transaction, [id]).await?;
        if forest.is_absorbed(id) {
            let (absorbed, survivor) = (id.to_string(), forest.root(id).to_string());
            return Err(Conflict::Absorbed { absorbed, survivor }.into());
        }
        let made = Choosing {
            organization_id: request.organization_id,
            merge_id: None,
            by: &request.chosen_by,
            at: request.chosen_at,
        };
        let choices = insert_choices(&mut transaction, &forest, &made, &request.choices).await?;
        let about = choices.iter().filter_map(|choice| choice.chosen.record_id).chain([id]);
        raise_revisions(&mut transaction, about, &request.expected).await?;
        let by = By { actor: request.chosen_by.clone(), at: request.chosen_at };
        let chosen = request.choices.iter().filter_map(|choice| choice.record_id);
        let subjects = chosen.chain([id]).map(|id| id.to_string());
        let detail = json!({ "organization": id, "choices": request.choices });
        commit_with(transaction, &Deed::new(&by, "choice", subjects, detail)).await?;
        Ok(choices)
    }
}

/// The forest that these ids stand in.
pub(super) async fn forest_of(db: Executor<'_>, ids: impl IntoIterator<Item = RecordId>) -> Result<Forest> {
    let links = follow_links(db, &mut ids.into_iter().collect()).await?;
    Ok(Family { links, ..Family::default() }.forest())
}

/// Writes choices down with the merges that each of them rests on.
pub(super) async fn insert_choices(
    db: Executor<'_>,
    forest: &Forest,
    made: &Choosing<'_>,
    chosen: &[ChosenField],
) -> Result<Vec<FieldChoice>> {
    let mut choices = Vec::with_capacity(chosen.len());
    let mut fields = BTreeSet::new();
    for chosen in chosen {
        let field = chosen.field.as_str();
        if !SURVIVING_FIELDS.contains(&field) || !fields.insert(field) {
            let problem = "a choice names a field of which one value wins, each field once";
            return Err(Error::Invalid(format!("{field}: {problem}")));
        }
        let choice = match chosen.record_id {
            Some(record) if !is_there(&mut *db, record).await? => None,
            _ => forest.choice(made, chosen),
        };
        let Some(choice) = choice else {
            let record = chosen.record_id.map_or_else(String::new, |record| record.to_string());
            let problem = format!("record {record} is no member of {}", made.organization_id);
            return Err(Error::Invalid(format!("{field}: {problem}: choose one of its members")));
        };
        insert_choice(&mut *db, &choice).await?;
        choices.push(choice);
    }
    Ok(choices)
}

async fn is_there(db: Executor<'_>, record: RecordId) -> Result<bool> {
    let there = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM organization WHERE id = $1)").bind(record.0);
    there.fetch_one(db).await.doing(|| format!("looking for record {record}"))
}

async fn insert_choice(db: Executor<'_>, choice: &FieldChoice) -> Result<()> {
    let doing = || format!("choosing {} of {}", choice.chosen.field, choice.organization_id);
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO field_choice (id, organization_id, field, record_id, merge_id, chosen_by, chosen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(choice.organization_id.0)
    .bind(&choice.chosen.field)
    .bind(choice.chosen.record_id.map(|record| record.0))
    .bind(choice.merge_id.map(|merge| merge.0))
    .bind(&choice.chosen_by)
    .bind(choice.chosen_at)
    .execute(&mut *db)
    .await
    .doing(doing)?;
    for merge in &choice.rests_on {
        sqlx::query("INSERT INTO field_choice_merge (choice_id, merge_id) VALUES ($1, $2)")
            .bind(id)
            .bind(merge.0)
            .execute(&mut *db)
            .await
            .doing(doing)?;
    }
    Ok(())
}

/// Ends the choices that rest on a merge.
pub(super) async fn end_choices(db: Executor<'_>, merge: MergeId, at: DateTime<Utc>) -> Result<()> {
    let ended = sqlx::query(
        "UPDATE field_choice SET ended_at = $2 WHERE ended_at IS NULL
         AND id IN (SELECT choice_id FROM field_choice_merge WHERE merge_id = $1)",
    );
    let ended = ended.bind(merge.0).bind(at).execute(db).await;
    ended.map(drop).doing(|| format!("ending the choices that rest on merge {merge}"))
}

/// Brings the choices back that rest on a merge which a split had ended, where all else that they rest on holds, too.
pub(super) async fn restore_choices(db: Executor<'_>, merge: MergeId) -> Result<()> {
    let restored = sqlx::query(
        "UPDATE field_choice SET ended_at = NULL WHERE ended_at IS NOT NULL
         AND id IN (SELECT choice_id FROM field_choice_merge WHERE merge_id = $1)
         AND NOT EXISTS (SELECT 1 FROM field_choice_merge AS rests JOIN merge ON merge.id = rests.merge_id
                         WHERE rests.choice_id = field_choice.id AND merge.undone_at IS NOT NULL)",
    );
    let restored = restored.bind(merge.0).execute(db).await;
    restored.map(drop).doing(|| format!("bringing the choices back that rest on merge {merge}"))
}

/// A word of a person changes the state that others have seen: the revision of what it is about rises or, where that has
/// no record of its own, the revisions of the members that were seen.
pub(super) async fn raise_revisions(
    db: Executor<'_>,
    about: impl IntoIterator<Item = RecordId>,
    seen: &Revisions,
) -> Result<()> {
    let raise = concat!(
        "UPDATE organization SET revision = revision + 1, stated = stated + 1 WHERE id IN ",
        ids!("$1")
    );
    let doing = || "raising revisions".into();
    let about = id_list(about.into_iter().map(|record| record.0));
    let raised = sqlx::query(raise).bind(about).execute(&mut *db).await.doing(doing)?;
    if raised.rows_affected() == 0 {
        let seen = id_list(seen.keys().map(|record| record.0));
        sqlx::query(raise).bind(seen).execute(db).await.doing(doing)?;
    }
    Ok(())
}

/// The choices that hold, oldest first.
pub(super) async fn load_choices(db: Executor<'_>, list: &str) -> Result<Vec<FieldChoice>> {
    type Row = (Uuid, Uuid, String, Option<Uuid>, Option<Uuid>, String, DateTime<Utc>);
    let doing = || "reading choices".into();
    let rows: Vec<Row> = sqlx::query_as(concat!(
        "SELECT id, organization_id, field, record_id, merge_id, chosen_by, chosen_at
         FROM field_choice WHERE ended_at IS NULL AND organization_id IN ",
        ids!("$1"),
        " ORDER BY chosen_at, id"
    ))
    .bind(list)
    .fetch_all(&mut *db)
    .await
    .doing(doing)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let rests: Vec<(Uuid, Uuid)> = sqlx::query_as(concat!(
        "SELECT choice_id, merge_id FROM field_choice_merge WHERE choice_id IN ",
        ids!("$1"),
        " ORDER BY choice_id, merge_id"
    ))
    .bind(id_list(rows.iter().map(|row| row.0)))
    .fetch_all(db)
    .await
    .doing(doing)?;
    let mut rests_on: HashMap<Uuid, Vec<MergeId>> = HashMap::new();
    for (choice, merge) in rests {
        rests_on.entry(choice).or_default().push(merge.into());
    }
    let choice = |(id, organization, field, record, merge, chosen_by, chosen_at): Row| FieldChoice {
        organization_id: organization.into(),
        chosen: ChosenField { field, record_id: record.map(RecordId) },
        merge_id: merge.map(MergeId),
        rests_on: rests_on.remove(&id).unwrap_or_default(),
        chosen_by,
        chosen_at,
    };
    Ok(rows.into_iter().map(choice).collect())
}
