//! The merge port: deliberate merges, and their exact undo.

use super::Room;
use super::batches::{BatchView, awaiting, batch_location, item_of};
use super::effects::{DryRun, Effects, Undone};
use super::keys::request_key;
use super::proposal::{Choice, Proposal, Wanted, stale_members};
use super::views::MergeView;
use crate::paging::{NewestQuery, bad_cursor, cut, last_of_more};
use crate::problem::{Kind, Problem, Result};
use crate::request::{Body, Caller, Headers, OptionalBody, Parameters, PathId};
use crate::responses::{MergeProblems, ReadProblems, UndoProblems};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use entity::{Merge, MergeId, Undo};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use store::MergeRequest;
use store::error::{Conflict, Error};
use store::merging::{Answer, Batch, RequestKey};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A merge to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeBody {
    /// The golden id that stays.
    survivor: Uuid,
    /// The golden ids that become one, with or without the survivor. `absorbed` is another name for it.
    #[serde(alias = "absorbed")]
    #[schema(min_items = 1, max_items = 1000)]
    organizations: Vec<Uuid>,
    /// Whose value wins which field, as the preview was asked for.
    #[serde(default)]
    choices: Vec<Choice>,
    /// The `digest` of the preview that the merge was decided on.
    #[serde(default)]
    preview_digest: Option<String>,
    /// The `expected_versions` of that preview: the revision of each member.
    #[serde(default)]
    expected_versions: BTreeMap<Uuid, String>,
    /// Why.
    #[serde(default)]
    reason: Option<String>,
}

impl MergeBody {
    fn wanted<'a>(&'a self, by: &'a str) -> Wanted<'a> {
        Wanted {
            survivor: Some(self.survivor),
            organizations: &self.organizations,
            choices: &self.choices,
            by,
        }
    }

    /// What the request asks for, whatever the order of its organizations. What it was decided on is a condition and no
    /// part of it: whoever repeats a request that was carried out can have no preview of it any more.
    fn said(&self) -> serde_json::Value {
        let organizations: BTreeSet<_> =
            self.organizations.iter().filter(|id| **id != self.survivor).collect();
        json!(["merge", self.survivor, organizations, self.choices, stated(self.reason.as_ref())])
    }

    /// What it was decided on.
    fn decided_on(&self) -> Result<&str> {
        let missing = |what: &str| {
            let detail = format!(
                "{what} is missing: ask POST /v1/merge-previews for a preview of this merge, look at it, and send its \
                 digest as preview_digest and its expected_versions as they are"
            );
            Problem::new(Kind::PreviewRequired, detail)
        };
        let digest = self.preview_digest.as_deref().map(str::trim).filter(|digest| !digest.is_empty());
        let digest = digest.ok_or_else(|| missing("preview_digest"))?;
        if self.expected_versions.is_empty() {
            return Err(missing("expected_versions"));
        }
        Ok(digest)
    }
}

pub(super) fn stated(reason: Option<&String>) -> Option<String> {
    reason.filter(|reason| !reason.trim().is_empty()).cloned()
}

/// Merges organizations: the absorbed ids lead to the survivor until the merge is undone.
///
/// No row is rewritten: the golden record becomes that of all records together. A merge cites the preview that it
/// was decided on. One of more members than one person may merge alone is written down as a batch of one, and made
/// once somebody else approves it.
#[utoipa::path(post, path = "/v1/merges", operation_id = "merge", tag = "merges", request_body = MergeBody,
    params(("Idempotency-Key" = String, Header, description = "New for each merge; the same again gives the same answer"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who decided")),
    responses(
        (status = 201, description = "The merge", body = MergeView, headers(("Location" = String))),
        (status = 202, description = "It waits for a second person: a batch of one", body = BatchView,
            headers(("Location" = String))),
        MergeProblems))]
pub(super) async fn merge(
    State(room): State<Room>,
    headers: Headers,
    Caller { name: caller, .. }: Caller,
    Body(body): Body<MergeBody>,
) -> Result<Response> {
    let key = request_key(&headers, &body.said())?;
    let _turn = room.running.begin(&key)?;
    match room.store.answer_to(&key).await? {
        None => {}
        Some(Answer::Merge(merge)) => return Ok(created(merge)),
        Some(Answer::Batch(batch)) => return Ok(accepted(batch)),
        Some(Answer::Split(_)) => return Err(Error::from(Conflict::KeyReused).into()),
    }
    let proposal = Proposal::read(&*room.store, &body.wanted(&caller)).await?;
    let digest = body.decided_on()?;
    proposal.require(digest, &body.expected_versions)?;
    if room.needs_second_person(proposal.golden.members.len()) {
        let item = item_of(0, &body.choices, &proposal);
        let batch = awaiting(caller, stated(body.reason.as_ref()), vec![item]);
        return Ok(accepted(room.store.create_batch(&batch, &key).await?));
    }
    let request =
        request_of(&proposal, Asked { by: caller, reason: stated(body.reason.as_ref()), batch: None, key });
    let merge = match room.store.merge(&request).await {
        Ok(merge) => merge,
        // Between the look and the lock.
        Err(Error::Conflict(Conflict::Stale(_))) => {
            let now = Proposal::read(&*room.store, &body.wanted(&request.merged_by)).await?;
            now.require(digest, &body.expected_versions)?;
            return Err(stale_members(&now.versions(), &[]));
        }
        Err(error) => return Err(error.into()),
    };
    room.changed();
    Ok(created(merge))
}

/// Who asks for a merge, and as what.
pub(super) struct Asked {
    pub(super) by: String,
    pub(super) reason: Option<String>,
    pub(super) batch: Option<Uuid>,
    pub(super) key: RequestKey,
}

pub(super) fn request_of(proposal: &Proposal, asked: Asked) -> MergeRequest {
    MergeRequest {
        id: MergeId(Uuid::now_v7()),
        survivor: proposal.survivor,
        absorbed: proposal.absorbed.clone(),
        expected: proposal.revisions(),
        merged_by: asked.by,
        merged_at: entity::clock::now(),
        reason: asked.reason,
        choices: proposal.choices.clone(),
        batch: asked.batch,
        key: asked.key,
    }
}

fn created(merge: Merge) -> Response {
    let location =
        HeaderValue::from_str(&format!("/v1/merges/{}", merge.id)).expect("a path of ours is ASCII");
    (StatusCode::CREATED, [(header::LOCATION, location)], Json(MergeView::from(merge))).into_response()
}

/// A batch that was written down.
pub(super) fn accepted(batch: Batch) -> Response {
    let location = [(header::LOCATION, batch_location(batch.id))];
    (StatusCode::ACCEPTED, location, Json(BatchView::from(batch))).into_response()
}

/// Merges.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MergeList {
    merges: Vec<MergeView>,
    /// The cursor of the next page; absent at the end.
    next: Option<String>,
}

/// Which merges.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MergesQuery {
    /// `next` of the page before; the newest without it.
    cursor: Option<String>,
    /// At most so many, 50 unless told, 1000 at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// Instead of a cursor: merges made after this one, oldest first; from the first on where it is empty.
    after: Option<String>,
}

/// Lists merges, undone ones too: newest first, or with `after` oldest first.
#[utoipa::path(get, path = "/v1/merges", operation_id = "list_merges", tag = "merges", params(MergesQuery),
    responses((status = 200, description = "A page", body = MergeList), ReadProblems))]
pub(super) async fn list(
    State(room): State<Room>,
    Parameters(MergesQuery { cursor, limit, after }): Parameters<MergesQuery>,
) -> Result<Json<MergeList>> {
    let query = NewestQuery { cursor, limit };
    let limit = query.limit()?;
    if let Some(after) = after {
        let after = Some(after.trim()).filter(|after| !after.is_empty());
        let after = after.map(|id| id.parse::<MergeId>().map_err(|_| bad_cursor(id))).transpose()?;
        let mut merges = room.store.merges_since(after, limit + 1).await?;
        let next = last_of_more(&mut merges, limit).map(|merge| merge.id.to_string());
        return Ok(Json(MergeList { merges: merges.into_iter().map(MergeView::from).collect(), next }));
    }
    let mut merges = room.store.merges(query.after()?, limit + 1).await?;
    let next = cut(&mut merges, limit, |merge| (merge.merged_at, merge.id.0));
    Ok(Json(MergeList { merges: merges.into_iter().map(MergeView::from).collect(), next }))
}

/// Reads a merge.
#[utoipa::path(get, path = "/v1/merges/{id}", operation_id = "get_merge", tag = "merges",
    params(("id" = Uuid, Path, description = "The merge")),
    responses((status = 200, description = "The merge", body = MergeView), ReadProblems))]
pub(super) async fn get(State(room): State<Room>, PathId(id): PathId) -> Result<Json<MergeView>> {
    let merge = room.store.merge_by_id(MergeId(id)).await?;
    merge.map(|merge| Json(merge.into())).ok_or_else(|| Problem::not_found(format!("merge {id}")))
}

/// Why it is taken back.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UndoBody {
    /// In the decider's words.
    pub(crate) reason: Option<String>,
}

/// Undoes a merge: as if it had never happened, whatever was edited or merged since.
///
/// A second undo changes nothing and gives the same answer. With `dry_run=true` nothing is done; the answer says what
/// would be: golden records before and after, children that go home, redirects that end, later merges that stay and
/// where they hang then, and what people stated since and where that stays.
#[utoipa::path(post, path = "/v1/merges/{id}/undo", operation_id = "undo_merge", tag = "merges",
    params(("id" = Uuid, Path, description = "The merge"), DryRun,
        ("X-Orgloop-User" = Option<String>, Header, description = "Who undoes")),
    request_body(content = Option<UndoBody>),
    responses((status = 200, description = "The merge with its undo, or the effects", body = Undone<MergeView>), UndoProblems))]
pub(super) async fn undo(
    State(room): State<Room>,
    PathId(id): PathId,
    Parameters(query): Parameters<DryRun>,
    Caller { name: undone_by, .. }: Caller,
    OptionalBody(UndoBody { reason }): OptionalBody<UndoBody>,
) -> Result<Json<Undone<MergeView>>> {
    if query.dry_run {
        let merge = room.store.merge_by_id(MergeId(id)).await?;
        let merge = merge.ok_or_else(|| Problem::not_found(format!("merge {id}")))?;
        let history = room.store.history_of_step(merge.id).await?;
        let effects = Effects::without(&history, &[merge.id].into(), merge.merged_at);
        return Ok(Json(Undone::Effects(Box::new(effects))));
    }
    let undo = Undo::new(undone_by, entity::clock::now(), stated(reason.as_ref()));
    let merge = room.store.undo(MergeId(id), &undo).await?;
    room.changed();
    Ok(Json(Undone::Done(merge.into())))
}
