//! What was decided: the history, and one decision with its undo.

use super::fields::Fields;
use super::look::{Asked, QUEUE_FIELDS, queue_filter};
use super::why::words;
use crate::page::{Page, PageProblem, Place, Refresh, ago, sentence};
use crate::request::{Parameters, PathId};
use crate::review::client::MemberRecord;
use crate::review::{Room, outcome};
use axum::extract::State;
use entity::{JudgementVerdict, OrganizationId, RecordId};
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::HashMap;
use store::resolution::{Decision, DecisionState};
use store::review::Teach;
use uuid::Uuid;

const SHOWN: usize = 100;

type Names = HashMap<RecordId, String>;

pub(super) async fn list(State(room): State<Room>) -> Result<Page, PageProblem> {
    let decisions = room.store.decisions(None, SHOWN).await?;
    let names = names(&room, &decisions).await;
    let now = entity::clock::now();
    let content = html! {
        h1 { "Decisions" }
        p.lead { "What was decided, newest first. Each can be taken back at any time." }
        @if decisions.is_empty() { p.empty { "Nothing is decided yet. " a href="/clusters" { "To the clusters" } } } @else {
            div.scroll { table.history {
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "Decision" } th scope="col" { "Organizations" }
                    th scope="col" { "By" } th scope="col" { "State" } th scope="col" { span.unseen { "Undo" } }
                } }
                tbody { @for decision in &decisions { tr {
                    td { time datetime=(decision.decided_at.to_rfc3339()) { (ago(decision.decided_at, now)) } }
                    td { a href={ "/decisions/" (decision.id) } { (verdict(decision.verdict)) } }
                    td { (organizations(decision, &names)) }
                    td { (decision.decided_by) }
                    td { (state(decision)) }
                    td { @if decision.state == DecisionState::Applied { (undo_form(decision, None)) } }
                } } }
            } }
        }
    };
    Ok(Page::new("Decisions", Place::Decisions, content))
}

/// Where to go on from a decision.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NextQuery {
    next: Option<Uuid>,
    queue: Option<String>,
}

pub(super) async fn show(
    State(room): State<Room>,
    PathId(id): PathId,
    Parameters(query): Parameters<NextQuery>,
) -> Result<Page, PageProblem> {
    let decision = outcome::decision(&room, id).await?;
    let names = names(&room, std::slice::from_ref(&decision)).await;
    let refresh = if outcome::is_final(&decision) { Refresh::Never } else { Refresh::Milliseconds(300) };
    let (open, _) = room.store.cluster_counts().await?;
    let next = onward(&query, decision.cluster_id)?;
    let content = html! {
        p.crumbs { a href="/decisions" { "All decisions" } }
        h1 { (headline(&decision)) }
        p.lead role="status" { (happened(&decision)) }
        (concerned(&decision, &names))
        (because(&decision))
        @if let Some(reason) = &decision.reason { p { "Why: " q { (reason) } } }
        p.hint { "By " (decision.decided_by) ", " (ago(decision.decided_at, entity::clock::now())) "." }
        div.verdicts {
            a.button.merge href=(next) data-key="j" rel="next" { "Next cluster " kbd { "j" } }
            @match decision.state {
                DecisionState::Applied => (undo_form(&decision, Some("z"))),
                DecisionState::Refused | DecisionState::Undone => {
                    a.button href={ "/clusters/" (decision.cluster_id) } data-key="b" { "Look again " kbd { "b" } }
                },
                DecisionState::Decided | DecisionState::Applying => {},
            }
            span.hint { (open) " waiting" }
        }
    };
    Ok(Page { refresh, ..Page::new(headline(&decision), Place::Decisions, content) })
}

/// The next cluster of the same part of the queue, or the queue.
fn onward(query: &NextQuery, from: entity::ClusterId) -> Result<String, PageProblem> {
    let fields = Fields::read(query.queue.as_deref().unwrap_or_default().as_bytes());
    let filter = queue_filter(&fields.query(&QUEUE_FIELDS))?;
    let asked = Asked { filter, ..Asked::default() };
    Ok(match query.next {
        Some(next) => asked.onward(next.into(), from),
        None => format!("/clusters?{}", asked.filter.text()),
    })
}

/// Who becomes one, and who was told from whom.
fn concerned(decision: &Decision, names: &Names) -> Markup {
    let parts = decision.merges();
    let merged = |id: &OrganizationId| parts.iter().any(|part| part.organizations.contains(id));
    html! {
        @for part in &parts { ul.concerned { @for id in &part.organizations { li {
            (name(*id, names)) @if part.survivor == *id { " " span.tag { "stays" } }
        } } } }
        @let apart: Vec<_> = decision.organizations.iter().filter(|id| !merged(id)).collect();
        @if !apart.is_empty() { ul.concerned { @for id in apart { li { (name(*id, names)) } } } }
    }
}

/// Why, from the list, and whether models learn from it.
fn because(decision: &Decision) -> Markup {
    let notes = &decision.notes;
    html! {
        @if let Some(relation) = notes.relation { p { "Related as: " (relation.as_str().replace('_', " ")) "." } }
        @if !notes.codes.is_empty() { p { "Why: " (words(&notes.codes)) "." } }
        @if notes.teach == Teach::No { p.hint { "Models do not learn from it." } }
    }
}

/// The names of the organizations concerned; without them, ids are shown.
async fn names(room: &Room, decisions: &[Decision]) -> Names {
    let ids = decisions.iter().flat_map(|decision| &decision.organizations).map(|id| RecordId(id.0));
    let mut ids: Vec<RecordId> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let records = room.organizations.records(&ids).await.unwrap_or_default();
    let name = |record: MemberRecord| (record.id, record.shown_name().to_owned());
    records.into_iter().map(name).collect()
}

fn name(id: OrganizationId, names: &Names) -> Markup {
    html! {
        @match names.get(&RecordId(id.0)) {
            Some(name) => a href={ "/v1/organizations/" (id) } { (name) },
            None => code { (id) },
        }
    }
}

fn organizations(decision: &Decision, names: &Names) -> Markup {
    html! {
        @for (number, id) in decision.organizations.iter().enumerate() {
            @if number > 0 { " · " }
            (name(*id, names))
            @if decision.survivor == Some(*id) { " " span.tag { "stays" } }
        }
    }
}

pub(super) fn verdict(verdict: JudgementVerdict) -> &'static str {
    match verdict {
        JudgementVerdict::Match => "Merge",
        JudgementVerdict::NonMatch => "Not the same",
        JudgementVerdict::Related => "Related",
        JudgementVerdict::Unsure => "Unsure",
    }
}

/// Where a decision stands, in a word.
pub(super) fn state_word(state: DecisionState) -> &'static str {
    match state {
        DecisionState::Decided => "waiting",
        DecisionState::Applying => "on its way",
        DecisionState::Applied => "holds",
        DecisionState::Refused => "refused",
        DecisionState::Undone => "undone",
    }
}

fn state(decision: &Decision) -> Markup {
    let word = state_word(decision.state);
    html! {
        span.state data-state=(word) { (word) }
        @if let Some(refusal) = &decision.refusal { br; span.trouble { (sentence(refusal)) } }
    }
}

fn headline(decision: &Decision) -> &'static str {
    match (decision.state, decision.verdict) {
        (DecisionState::Decided | DecisionState::Applying, _) => "On its way",
        (DecisionState::Refused, _) => "Refused",
        (DecisionState::Undone, _) => "Taken back",
        (DecisionState::Applied, JudgementVerdict::Match) => "Merged",
        (DecisionState::Applied, other) => verdict(other),
    }
}

fn happened(decision: &Decision) -> String {
    let text = match (decision.state, decision.verdict) {
        (DecisionState::Decided | DecisionState::Applying, _) => {
            "The decision is written down and being carried out."
        }
        (DecisionState::Refused, _) => {
            return sentence(decision.refusal.as_deref().unwrap_or("It was refused"));
        }
        (DecisionState::Undone, _) => {
            "All is as if it had never been decided; the cluster comes back to the queue."
        }
        (DecisionState::Applied, JudgementVerdict::Match) => {
            "They are one organization now. The poller publishes it, and everybody downstream follows."
        }
        (DecisionState::Applied, JudgementVerdict::NonMatch) => {
            "They are kept apart until their evidence changes."
        }
        (DecisionState::Applied, JudgementVerdict::Related) => {
            "They are of one family, but not the same: they are kept apart until their evidence changes."
        }
        (DecisionState::Applied, JudgementVerdict::Unsure) => "It is put aside until its evidence changes.",
    };
    text.to_owned()
}

fn undo_form(decision: &Decision, key: Option<&str>) -> Markup {
    html! {
        form.inline method="post" action={ "/decisions/" (decision.id) "/undo" } {
            input type="hidden" name="user" data-remember="user";
            button data-key=[key] { "Undo" @if let Some(key) = key { " " kbd { (key) } } }
        }
    }
}
