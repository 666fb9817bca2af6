//! What the buttons of the pages send.

use super::fields::Fields;
use super::look::choices;
use super::seen::{Seen as SeenState, difference};
use crate::page::{Page, PageProblem, Place};
use crate::problem::{Kind, Problem, Result};
use crate::request::{Caller, Headers, PathId, Raw};
use crate::review::comments::checked;
use crate::review::decide::{Said, Seen, Who, add_comment, decide as write_down, keyed};
use crate::review::decisions::fingerprint;
use crate::review::{Room, clusters, outcome, progress};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use entity::{ClusterId, JudgementVerdict, OrganizationId, ReasonCode, RecordId, Relation};
use maud::html;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use store::review::Teach;
use uuid::Uuid;

/// How long a click waits for its effect before the page shows the decision on its way.
const PATIENCE: Duration = Duration::from_millis(1500);

pub(super) async fn decide(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
    headers: Headers,
    Raw(body): Raw,
) -> Result<Response, PageProblem> {
    let fields = Fields::read(&body);
    let by = caller.or_named(fields.text("user"))?.name;
    let id = ClusterId(id);
    // The page's own key makes a form that is sent twice one decision; a script may give another.
    let key = match headers.idempotency_key()? {
        Some(key) => Some(key.to_owned()),
        None => fields.text("key").map(str::to_owned),
    };
    let before = match &key {
        Some(key) => room.store.decision(keyed(id, &by, key)).await?,
        None => None,
    };
    // By now its cluster may be gone: a form that is sent again is answered all the same.
    let decision = match before.filter(|before| before.notes.fingerprint == Some(fingerprint(&body))) {
        Some(before) => before,
        None => {
            let cluster = clusters::cluster(&room, id).await?;
            let key = key.map(|key| (key, fingerprint(&body)));
            let said = Said { key, ..said(&fields, &cluster, by)? };
            match write_down(&room, id, said).await {
                Ok(decision) => decision,
                Err(problem) if problem.kind == Kind::Stale => return changed(&room, id, &fields).await,
                Err(problem) => return Err(problem.into()),
            }
        }
    };
    if let Some(sample) = decision.notes.blind_sample {
        return Ok(Redirect::to(&format!("/blind/{sample}")).into_response());
    }
    outcome::settled(&room, decision.id, PATIENCE).await?;
    let next = fields.one::<Uuid>("next")?.map(|next| format!("?next={next}")).unwrap_or_default();
    let queue = fields.text("queue").filter(|_| !next.is_empty());
    let queue = queue.map(|queue| {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        format!("&{}", text.append_pair("queue", queue).finish())
    });
    let path = format!("/decisions/{}{next}{}", decision.id, queue.unwrap_or_default());
    Ok(Redirect::to(&path).into_response())
}

fn said(fields: &Fields, cluster: &entity::Cluster, by: String) -> Result<Said> {
    let verdict = fields.text("verdict").unwrap_or_default();
    let words = "is one of match, non_match, partition, related, unsure and needs_data";
    let judged = match verdict {
        "match" => JudgementVerdict::Match,
        "non_match" | "partition" => JudgementVerdict::NonMatch,
        "related" => JudgementVerdict::Related,
        "unsure" | "needs_data" => JudgementVerdict::Unsure,
        _ => return Err(Problem::invalid("verdict", words)),
    };
    let mut codes: Vec<ReasonCode> =
        fields.texts("code").map(|code| word("code", code)).collect::<Result<_>>()?;
    if verdict == "needs_data" && !codes.contains(&ReasonCode::NeedsData) {
        codes.push(ReasonCode::NeedsData);
    }
    let groups = groups(fields)?;
    let who = match verdict {
        "partition" => Who::Parts(groups.into_values().collect()),
        // Whoever was taken out takes no part; all others do, whatever their groups.
        _ if !groups.is_empty() => {
            let all: Vec<RecordId> = groups.into_values().flatten().collect();
            whole(judged, all)
        }
        _ => {
            let named: Vec<OrganizationId> = fields.all("organizations")?;
            if named.is_empty() { Who::All } else { Who::Organizations(named) }
        }
    };
    // A survivor that was taken out of the decision cannot stay; another of those that take part does.
    let survivors: Vec<OrganizationId> = fields.all("survivor")?;
    let survivors = survivors.into_iter().filter(|id| takes_part(&who, cluster, *id)).collect();
    let taught = fields.text("teaching").is_none() || fields.text("teach").is_some();
    let seen = fields.text("seen").and_then(SeenState::read);
    Ok(Said {
        who,
        survivors,
        added: fields.all("add")?,
        choices: choices(fields)?,
        // What no pane of ours wrote is no preview.
        previews: fields.texts("preview").filter_map(|text| serde_json::from_str(text).ok()).collect(),
        relation: fields.text("relation").map(|text| word::<Relation>("relation", text)).transpose()?,
        codes,
        teach: if taught { Teach::Yes } else { Teach::No },
        reason: fields.text("reason").map(str::to_owned),
        seen: Seen { revisions: seen.map(|seen| seen.revision).into_iter().collect(), ..Seen::default() },
        blind_sample: fields.one("blind")?,
        took_ms: fields.one("ms")?,
        ..Said::new(judged, by)
    })
}

/// One group of all, or each by itself: as the verdict means it.
fn whole(verdict: JudgementVerdict, all: Vec<RecordId>) -> Who {
    match verdict {
        JudgementVerdict::Match => Who::Parts(vec![all]),
        JudgementVerdict::NonMatch | JudgementVerdict::Related | JudgementVerdict::Unsure => {
            Who::Parts(all.into_iter().map(|id| vec![id]).collect())
        }
    }
}

fn takes_part(who: &Who, cluster: &entity::Cluster, id: OrganizationId) -> bool {
    match who {
        Who::All => true,
        Who::Organizations(named) => named.contains(&id),
        Who::Parts(parts) => {
            let organization = |record: &RecordId| {
                let member = cluster.members.iter().find(|member| member.record_id == *record);
                member.map_or(OrganizationId(record.0), |member| member.organization_id)
            };
            parts.iter().flatten().any(|record| organization(record) == id)
        }
    }
}

/// The groups of the table, by their numbers; whoever is out is in none.
fn groups(fields: &Fields) -> Result<BTreeMap<u8, Vec<RecordId>>> {
    let mut groups: BTreeMap<u8, Vec<RecordId>> = BTreeMap::new();
    for (record, number) in fields.beginning("group.") {
        let field = || format!("group.{record}");
        let record = record.parse().map_err(|_| Problem::invalid(field(), "is not an id"))?;
        match number {
            "out" => {}
            number => {
                let number = number.parse().map_err(|_| Problem::invalid(field(), "is a number, or out"))?;
                groups.entry(number).or_default().push(record);
            }
        }
    }
    Ok(groups)
}

/// A word of a list.
fn word<T: DeserializeOwned>(field: &str, text: &str) -> Result<T> {
    serde_json::from_value(text.into())
        .map_err(|_| Problem::invalid(field, format!("{text:?} is not on the list")))
}

/// The cluster changed since the page was opened: just what differs, and the way back to it.
async fn changed(room: &Room, id: ClusterId, fields: &Fields) -> Result<Response, PageProblem> {
    let cluster = clusters::cluster(room, id).await?;
    let ids: Vec<RecordId> = cluster.members.iter().map(|member| member.record_id).collect();
    let records = room.organizations.records(&ids).await.unwrap_or_default();
    let names: HashMap<RecordId, String> =
        records.into_iter().map(|record| (record.id, record.shown_name().to_owned())).collect();
    // What was to be answered blindly is void now, and stays hidden.
    let seen = fields.text("seen").filter(|_| fields.text("blind").is_none()).and_then(SeenState::read);
    let queue = fields.text("queue").unwrap_or_default();
    let content = html! {
        h1 { "It has changed since you opened it" }
        p.lead role="alert" { "Your decision was not taken. Just this is different now:" }
        @if let Some(seen) = seen { (difference(&seen, &cluster, &names)) }
        p { a.button.merge href={ "/clusters/" (id) "?" (queue) } data-key="b" { "Look again " kbd { "b" } } }
    };
    let page = Page::new("It has changed", Place::Clusters, content);
    Ok((Kind::Stale.status(), page).into_response())
}

pub(super) async fn undo(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Redirect, PageProblem> {
    let fields = Fields::read(&body);
    let by = caller.or_named(fields.text("user"))?.name;
    outcome::undo(&room, id, &by, fields.text("reason")).await?;
    Ok(Redirect::to(&format!("/decisions/{id}")))
}

/// Takes back the newest decision of one's own; the page of the decision says what was.
pub(super) async fn undo_last(
    State(room): State<Room>,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Redirect, PageProblem> {
    let fields = Fields::read(&body);
    let by = caller.or_named(fields.text("user"))?.name;
    let undone = outcome::undo_last(&room, &by, None).await?;
    let undone = undone.ok_or_else(|| progress::nothing(&by))?;
    Ok(Redirect::to(&format!("/decisions/{}", undone.id)))
}

pub(super) async fn comment(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Redirect, PageProblem> {
    let fields = Fields::read(&body);
    let by = caller.or_named(fields.text("user"))?.name;
    let text = checked("comment", fields.text("comment").unwrap_or_default())?;
    let cluster = clusters::cluster(&room, ClusterId(id)).await?;
    add_comment(&room, cluster.id, text, &by).await?;
    Ok(Redirect::to(&format!("/clusters/{id}#history")))
}
