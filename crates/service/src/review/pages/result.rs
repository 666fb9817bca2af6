//! The golden record as it would be: asked of the organizations, with the winner of each field changeable.

use super::fields::Fields;
use super::look::{Asked, Look, glance};
use super::tools;
use crate::page::PageProblem;
use crate::request::{Caller, PathId, Raw};
use crate::review::Room;
use crate::review::client::{Preview, PreviewField, Refusal, WantedPreview};
use crate::review::partition::PartPreview;
use axum::extract::State;
use entity::{OrganizationId, RecordId};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use store::resolution::{FieldChoice, SeenPreview};
use uuid::Uuid;

/// A merge to show.
struct Wanted {
    number: usize,
    survivor: OrganizationId,
    organizations: Vec<OrganizationId>,
    choices: Vec<FieldChoice>,
}

/// The whole pane, as the page shows it first.
pub(super) async fn section(room: &Room, look: &Look) -> Result<Markup, PageProblem> {
    let groups = tools::groups(look);
    let numbered =
        look.heads().map(|head| (head.organization_id, groups.get(&head.letter).copied().unwrap_or(1)));
    let wanted =
        wanted(numbered, &look.asked.survivor.into_iter().collect::<Vec<_>>(), &look.asked.choices, look);
    pane(room, look, wanted).await
}

/// The pane again, for what a form holds now.
pub(super) async fn again(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Markup, PageProblem> {
    let fields = Fields::read(&body);
    let asked = Asked { added: fields.all("add")?, ..Asked::default() };
    let look = glance(&room, id.into(), asked, &caller).await?;
    let group = |record: RecordId| {
        let named = fields.beginning("group.").find(|(id, _)| id.parse() == Ok(record.0));
        named.and_then(|(_, number)| number.parse::<usize>().ok()).unwrap_or(0)
    };
    let numbered: Vec<_> = look.heads().map(|head| (head.organization_id, group(head.record_id))).collect();
    let survivors: Vec<OrganizationId> = fields.all("survivor")?;
    let wanted = wanted(numbered.into_iter(), &survivors, &super::look::choices(&fields)?, &look);
    pane(&room, &look, wanted).await
}

/// One merge per group of two or more; group 0 is out.
fn wanted(
    numbered: impl Iterator<Item = (OrganizationId, usize)>,
    survivors: &[OrganizationId],
    choices: &[FieldChoice],
    look: &Look,
) -> Vec<Wanted> {
    let mut groups: BTreeMap<usize, Vec<OrganizationId>> = BTreeMap::new();
    for (organization, number) in numbered.filter(|(_, number)| *number > 0) {
        groups.entry(number).or_default().push(organization);
    }
    let of = |record: RecordId| {
        look.members.iter().find(|member| member.record_id == record).map(|member| member.organization_id)
    };
    let merge = |(number, organizations): (usize, Vec<OrganizationId>)| {
        let survivor = *organizations.iter().find(|id| survivors.contains(id)).unwrap_or(&organizations[0]);
        let within =
            |choice: &&FieldChoice| of(choice.record_id).is_some_and(|id| organizations.contains(&id));
        let choices = choices.iter().filter(within).cloned().collect();
        Wanted { number, survivor, choices, organizations }
    };
    groups.into_iter().filter(|(_, group)| group.len() > 1).map(merge).collect()
}

async fn pane(room: &Room, look: &Look, wanted: Vec<Wanted>) -> Result<Markup, PageProblem> {
    let mut shown = Vec::with_capacity(wanted.len());
    for merge in &wanted {
        let asked = WantedPreview {
            survivor: merge.survivor,
            organizations: &merge.organizations,
            choices: &merge.choices,
            by: &look.viewer,
        };
        shown.push(match room.organizations.preview(&asked).await {
            Ok(preview) => one(look, merge, &preview, wanted.len() > 1),
            Err(Refusal::No(problem)) => {
                html! { p.notice { "They cannot be merged now: " (problem.detail) } }
            }
            Err(_) => html! { p.hint { "The organizations do not tell now what would come of it." } },
        });
    }
    Ok(html! {
        section #result aria-labelledby="result-title" aria-live="polite" {
            h2 #result-title { "What would come of it" }
            @if shown.is_empty() { p.hint { "Nothing would be merged: each is in a group of its own, or out." } }
            @for part in &shown { (part) }
        }
    })
}

fn one(look: &Look, merge: &Wanted, preview: &Preview, several: bool) -> Markup {
    let letters = look.letters();
    let letter = |id: Uuid| letters.get(&id).copied().unwrap_or("?");
    let moved = &preview.moved;
    let cited = PartPreview {
        survivor: preview.survivor,
        organizations: merge.organizations.iter().copied().collect(),
        choices: merge.choices.clone(),
        seen: SeenPreview {
            digest: preview.digest.clone(),
            expected_versions: preview.expected_versions.clone(),
        },
    };
    html! {
        @if several { h3 { "Group " (merge.number) } }
        input type="hidden" name="preview" value=(serde_json::to_string(&cited).unwrap_or_default());
        p { "The id of " span.letter { (letter(preview.survivor.0)) } " stays. "
            (moved.locations.count) " locations, " (moved.services.count) " services and " (moved.phones.count)
            " telephones come to it." }
        @if preview.needs_second_person { p.notice { "It is so large that a second person has to approve it." } }
        @for conflict in &preview.conflicts { p.trouble { (against(&conflict.kind, &conflict.scheme)) } }
        div.scroll tabindex="0" role="region" aria-label="Fields of the result" { table {
            caption.unseen { "Each field with the value that wins, and the others to choose from" }
            thead { tr { th scope="col" { "Field" } th scope="col" { "Value" } } }
            tbody { @for field in &preview.fields { (row(field, merge, &letters)) } }
        } }
        p.hint { "With a field in hand, a digit takes the value of that place in the list; 0 leaves it to the policy." }
    }
}

fn against(kind: &str, scheme: &str) -> String {
    match kind {
        "identifier" => format!("They go by different identifiers in {scheme}."),
        "same_source" => format!("{scheme} tells of more than one of them as if they were different."),
        other => format!("{} {scheme}", other.replace('_', " ")),
    }
}

/// A value of any kind, as people read it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

fn row(field: &PreviewField, merge: &Wanted, letters: &HashMap<Uuid, &str>) -> Markup {
    let letter = |id: RecordId| letters.get(&id.0).copied().unwrap_or("?");
    let chosen =
        merge.choices.iter().find(|choice| choice.field == field.field).map(|choice| choice.record_id);
    let name = format!("choose.{}~{}", field.field, merge.number);
    let mut values = vec![(field.record_id, &field.value)];
    values.extend(field.losers.iter().map(|loser| (loser.record_id, &loser.value)));
    values.sort_by_key(|(record, _)| (letter(*record).len(), letter(*record).to_owned()));
    html! {
        tr {
            th scope="row" { (field.field.replace('_', " ")) }
            td {
                @if field.losers.is_empty() { (text(&field.value)) " " span.level { "only " (letter(field.record_id)) " tells" } } @else {
                    label {
                        input type="radio" name=(name) value="" checked[chosen.is_none()];
                        " by the policy" @if chosen.is_none() { ": " b { (text(&field.value)) } " " span.level.inline { "(" (letter(field.record_id)) ", " (field.won_by.replace('_', " ")) ")" } }
                    }
                    @for (number, (record, value)) in values.iter().enumerate() { label.winner[chosen == Some(*record)] {
                        input type="radio" name=(name) value=(record) checked[chosen == Some(*record)];
                        " " @if number < 9 { kbd { (number + 1) } " " } span.letter { (letter(*record)) } " " (text(value))
                    } }
                }
            }
        }
    }
}
