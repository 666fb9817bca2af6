//! One cluster: its members side by side, the evidence, and the decision.

use super::compare::{self, Use};
use super::look::{Asked, Look, look};
use super::{around, candidates, distance, evidence, graph, keys, panel, result, seen, services, tools, why};
use crate::page::{Page, PageProblem, Place, count, percent};
use crate::request::{Caller, PathId};
use crate::review::client::MemberRecord;
use crate::review::progress::{BandCount, today, waiting};
use crate::review::{Room, bands};
use axum::extract::{RawQuery, State};
use maud::{Markup, html};

pub(super) async fn show(
    State(room): State<Room>,
    PathId(id): PathId,
    RawQuery(query): RawQuery,
    caller: Caller,
) -> Result<Page, PageProblem> {
    let asked = Asked::read(query.as_deref().unwrap_or_default())?;
    let look = look(&room, id.into(), asked, &caller).await?;
    let result = if look.cluster().is_open() {
        result::section(&room, &look).await?
    } else {
        html! {}
    };
    let candidates = candidates::section(&room, &look).await?;
    let around = around::section(&room, &look).await?;
    let content = html! {
        (panel::moves(&look))
        h1 { "Are these " (look.members.len()) " one organization?" }
        p.lead {
            b { (percent(look.cluster().probability)) } " likely, says the model "
            code { (look.cluster().model_version) } ". You decide."
        }
        (standing(&look))
        (said_before(&look))
        @if look.cluster().is_open() || !look.asked.added.is_empty() { (deciding(&look, &result)) } @else {
            p.notice { "Decided: they belong to one organization. " a href="#history" { "History" } }
            (compare::table(&look, &tools::groups(&look), Use::Reading))
        }
        (evidence::section(&look))
        div.beside { (graph::section(&look)) (distance::section(&look)) (why::section(&look)) }
        (services::section(&look))
        (around)
        (candidates)
        (why::history(&look))
        (progress(&room, &look.viewer, &waiting(&room).await?).await?)
        (keys::dialog())
    };
    Ok(Page { script: Some("/assets/review.js"), ..Page::new(title(&look), Place::Clusters, content) })
}

pub(super) fn title(look: &Look) -> String {
    let record = look.members.iter().find_map(|member| member.record.as_ref());
    record.map(MemberRecord::shown_name).unwrap_or("A cluster").to_owned()
}

/// What a person has to know before they look further: who else looks, and what does not answer.
pub(super) fn standing(look: &Look) -> Markup {
    html! {
        @if !look.told { p.notice role="status" { "The organizations do not answer now: try again in a moment." } }
        @if let Some(claim) = look.held_by_another() {
            p.notice.held role="status" {
                b { (claim.holder) } " holds this cluster until "
                time datetime=(claim.until.to_rfc3339()) { (claim.until.format("%H:%M:%S")) " UTC" }
                ". Your decision would not be taken before."
            }
        }
        p #claim .claim role="status" data-cluster=(look.cluster().id) data-held[look.held_by_another().is_some()] {}
    }
}

/// A no whose evidence has changed comes first: it is why the cluster is here again.
fn said_before(look: &Look) -> Markup {
    let reopened = look.said.iter().filter(|said| said.standing == "reopened").count();
    html! { @if reopened > 0 {
        p.notice { "Somebody said no here before, and the evidence has changed since: " a href="#why" { "see what" } "." }
    } }
}

fn deciding(look: &Look, result: &Markup) -> Markup {
    html! {
        form id=(panel::FORM) method="post" action={ "/clusters/" (look.cluster().id) "/decide" } data-cluster=(look.cluster().id) {
            (panel::hidden(look, &seen::of(look.cluster())))
            (tools::section(look))
            (compare::table(look, &tools::groups(look), Use::Deciding))
            (panel::verdicts())
            p.hint { "Merging changes no source: it links the records, and can be undone at any time." }
            (result)
        }
    }
}

/// How much is left, and what one did.
pub(super) async fn progress(room: &Room, viewer: &str, bands: &[BandCount]) -> Result<Markup, PageProblem> {
    let tally = today(room, viewer, entity::clock::now()).await?;
    let left: u64 = bands.iter().map(|band| band.waiting).sum();
    Ok(html! {
        section.progress aria-labelledby="progress" {
            h2 #progress { "Progress" }
            p { b { (count(left)) } " wait. Today you decided " b { (count(tally.decisions)) }
                ", which folds away " b { (count(tally.folded)) } " organizations." }
            ul.bands { @for band in bands { li {
                a href={ "/clusters?band=" (band.band) } { (band.label) } " " b { (count(band.waiting)) }
            } } }
        }
    })
}

/// The band of a cluster, for people.
pub(super) fn band_label(probability: f64) -> &'static str {
    bands::of(probability).label
}
