//! What a change of links would do: told before it is made.

use super::conditional::etag;
use super::views::{GoldenView, UndoView};
use chrono::{DateTime, Utc};
use entity::{Family, GoldenRecord, Link, MergeId, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use store::link_log::{Act, Replayed, Step, replay};
use store::merging::History;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Whether to do it, or to say what it would do.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DryRun {
    /// `true`: nothing is done, and the answer says what would be.
    pub(super) dry_run: bool,
}

/// What was done, or what would be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Undone<T> {
    Done(T),
    Effects(Box<Effects>),
}

/// What a change of links would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Effects {
    /// Golden ids that would change, come or go.
    pub(super) golden: Vec<GoldenChangeView>,
    /// Locations and services that would belong to another golden record.
    children: Vec<MovedChildView>,
    /// Absorbed ids that would lead elsewhere, or live again.
    redirects: Vec<RedirectView>,
    /// Merges that stay, made since, with the links that would hang elsewhere.
    later_merges: Vec<LaterMerge>,
    /// Merges that would end or come back with it.
    merges: Vec<MergeChange>,
    /// What people stated since, and the golden record that it stays with.
    facts: Vec<FactView>,
    /// Choices of whose value wins that would end with the merges they rest on.
    choices: Vec<EndingChoice>,
}

/// A golden id before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GoldenChange)]
pub(crate) struct GoldenChangeView {
    pub(super) id: Uuid,
    /// As it is now; null where nothing lives under the id.
    before: Option<GoldenView>,
    /// As it would be; null where nothing would live under the id.
    after: Option<GoldenView>,
    /// The fields that differ.
    fields: Vec<FieldChangeView>,
}

/// A field before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldChange)]
pub(crate) struct FieldChangeView {
    field: String,
    #[schema(value_type = Object)]
    before: Value,
    #[schema(value_type = Object)]
    after: Value,
}

/// A child before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MovedChild)]
pub(crate) struct MovedChildView {
    /// `location` or `service`.
    table: String,
    id: Uuid,
    /// The record that owns it, whatever is merged.
    record_id: Uuid,
    before: Uuid,
    after: Uuid,
}

/// A redirect before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RedirectChange)]
pub(crate) struct RedirectView {
    id: Uuid,
    before: Option<Uuid>,
    /// Null: the id lives by itself.
    after: Option<Uuid>,
}

/// A merge that stays.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LaterMerge {
    id: Uuid,
    merged_by: String,
    merged_at: DateTime<Utc>,
    /// Its links that would be others; none where it stays as it is.
    rehung: Vec<RehungLink>,
}

/// A link before and after.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RehungLink {
    before: Option<LinkView>,
    after: Option<LinkView>,
}

/// One id leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LinkView {
    absorbed: Uuid,
    survivor: Uuid,
}

/// A merge that ends, is made, or comes back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MergeChange {
    id: Uuid,
    survivor: Uuid,
    absorbed: Vec<Uuid>,
    /// `unmerged` or `merged`.
    becomes: &'static str,
    /// How it was taken back before, where it was.
    undo: Option<UndoView>,
}

/// A person's word.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactView {
    table: String,
    row_id: Uuid,
    field: String,
    #[schema(value_type = Object)]
    value: Value,
    stated_by: String,
    stated_at: DateTime<Utc>,
    /// The golden record that it stays with.
    stays_with: Uuid,
}

/// A choice that ends.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndingChoice {
    organization_id: Uuid,
    field: String,
    record_id: Option<Uuid>,
    chosen_by: String,
}

impl Effects {
    /// Of leaving some steps out. `since` is when the first of them was made.
    pub(super) fn without(history: &History, without: &BTreeSet<MergeId>, since: DateTime<Utc>) -> Self {
        let withdrawn = history.withdrawn().union(without).copied().collect();
        Self::of(history, (&history.steps_without(without), &withdrawn), since)
    }

    /// Of one step more.
    pub(super) fn with(history: &History, step: Step, since: DateTime<Utc>) -> Self {
        let mut steps = history.steps_without(&BTreeSet::new());
        steps.push(step);
        Self::of(history, (&steps, &history.withdrawn()), since)
    }

    fn of(
        history: &History,
        (steps, withdrawn): (&[Step], &BTreeSet<MergeId>),
        since: DateTime<Utc>,
    ) -> Self {
        let after = &replay(steps, withdrawn);
        let stands = standing(steps, after, withdrawn);
        let before = &history.family;
        let mut then = before.clone();
        then.links.clone_from(&after.links);
        then.choices.retain(|choice| choice.rests_on.iter().all(|merge| stands.contains(merge)));
        let effects = golden::effects(before, &then);
        let forest = then.forest();
        let facts = before.facts.iter().filter(|fact| fact.stated_at >= since);
        let ended = before.choices.iter().filter(|choice| !then.choices.contains(choice));
        Self {
            golden: effects.golden.into_iter().map(|change| golden_view(change, before)).collect(),
            children: effects.moved.into_iter().map(child_view).collect(),
            redirects: effects
                .redirects
                .into_iter()
                .map(|(id, (before, after))| RedirectView {
                    id: id.0,
                    before: before.map(|id| id.0),
                    after: after.map(|id| id.0),
                })
                .collect(),
            later_merges: later_merges(history, (after, &stands), since),
            merges: merge_changes(history, after, &stands),
            facts: facts
                .map(|fact| FactView {
                    table: fact.table.clone(),
                    row_id: fact.row_id,
                    field: fact.field.clone(),
                    value: fact.value.clone(),
                    stated_by: fact.stated_by.clone(),
                    stated_at: fact.stated_at,
                    stays_with: forest.root(fact.record_id).0,
                })
                .collect(),
            choices: ended
                .map(|choice| EndingChoice {
                    organization_id: choice.organization_id.0,
                    field: choice.chosen.field.clone(),
                    record_id: choice.chosen.record_id.map(|id| id.0),
                    chosen_by: choice.chosen_by.clone(),
                })
                .collect(),
        }
    }
}

/// The merges that hold once the steps are replayed.
fn standing(steps: &[Step], after: &Replayed, withdrawn: &BTreeSet<MergeId>) -> BTreeSet<MergeId> {
    let made = steps.iter().filter(|step| matches!(step.act, Act::Join(_))).map(|step| step.id);
    let remade = after.remade.iter().map(|remade| remade.id).filter(|id| !withdrawn.contains(id));
    made.chain(remade).filter(|id| !after.ended.contains_key(id)).collect()
}

fn golden_view(change: golden::GoldenChange, family: &Family) -> GoldenChangeView {
    let view = |golden: GoldenRecord| {
        let etag = etag(&golden.members, &family.revisions);
        GoldenView::new(golden, etag)
    };
    GoldenChangeView {
        id: change.id.0,
        before: change.before.map(view),
        after: change.after.map(view),
        fields: change
            .fields
            .into_iter()
            .map(|field| FieldChangeView { field: field.field, before: field.before, after: field.after })
            .collect(),
    }
}

fn child_view(child: golden::MovedChild) -> MovedChildView {
    MovedChildView {
        table: child.table,
        id: child.id,
        record_id: child.record_id.0,
        before: child.before.0,
        after: child.after.0,
    }
}

fn links_of(links: &[Link], merge: MergeId) -> BTreeMap<RecordId, LinkView> {
    let own = links.iter().filter(|link| link.merge_id == merge);
    own.map(|link| (link.absorbed, LinkView { absorbed: link.absorbed.0, survivor: link.survivor.0 }))
        .collect()
}

/// The links of one that the other does not hold.
fn only_in(one: &BTreeMap<RecordId, LinkView>, other: &BTreeMap<RecordId, LinkView>) -> Vec<LinkView> {
    one.iter().filter(|(id, link)| other.get(*id) != Some(*link)).map(|(_, link)| *link).collect()
}

fn later_merges(
    history: &History,
    (after, stands): (&Replayed, &BTreeSet<MergeId>),
    since: DateTime<Utc>,
) -> Vec<LaterMerge> {
    let later = history.merges.iter().filter(|merge| merge.merged_at >= since && stands.contains(&merge.id));
    later
        .map(|merge| {
            let now = links_of(&history.family.links, merge.id);
            let then = links_of(&after.links, merge.id);
            let (gone, came) = (only_in(&now, &then), only_in(&then, &now));
            let rehung = (0..came.len().max(gone.len()))
                .map(|at| RehungLink { before: gone.get(at).copied(), after: came.get(at).copied() });
            LaterMerge {
                id: merge.id.0,
                merged_by: merge.merged_by.clone(),
                merged_at: merge.merged_at,
                rehung: rehung.collect(),
            }
        })
        .collect()
}

fn merge_changes(history: &History, after: &Replayed, stands: &BTreeSet<MergeId>) -> Vec<MergeChange> {
    let mut changes = Vec::new();
    for merge in &history.merges {
        let becomes = match (merge.undo.is_none(), stands.contains(&merge.id)) {
            (true, false) => "unmerged",
            (false, true) => "merged",
            (true, true) | (false, false) => continue,
        };
        changes.push(MergeChange {
            id: merge.id.0,
            survivor: merge.survivor.0,
            absorbed: merge.absorbed.iter().map(|id| id.0).collect(),
            becomes,
            undo: merge.undo.clone().map(UndoView::from),
        });
    }
    let known: BTreeSet<MergeId> = history.merges.iter().map(|merge| merge.id).collect();
    for remade in
        after.remade.iter().filter(|remade| !known.contains(&remade.id) && stands.contains(&remade.id))
    {
        changes.push(MergeChange {
            id: remade.id.0,
            survivor: remade.join.survivor.0,
            absorbed: remade.join.absorbed.iter().map(|id| id.0).collect(),
            becomes: "merged",
            undo: None,
        });
    }
    changes
}
