//! What a merge would do, before anybody does it.

use super::Room;
use super::choices::OutcomeView;
use super::proposal::{Choice, Proposal, Wanted};
use super::views::GoldenView;
use crate::problem::Result;
use crate::request::{Body, Caller};
use crate::responses::PreviewProblems;
use axum::Json;
use axum::extract::State;
use entity::{Family, Record, RecordId};
use events::topics::Product;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use uuid::Uuid;

/// A merge to look at.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewBody {
    /// The golden id that would stay; that of the organization that was there first unless told.
    #[serde(default)]
    survivor: Option<Uuid>,
    /// The golden ids that would become one.
    #[schema(min_items = 1, max_items = 1000)]
    organizations: Vec<Uuid>,
    /// Whose value would win which field, where the policy shall not decide.
    #[serde(default)]
    choices: Vec<Choice>,
}

/// What a merge would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// To be cited by the merge as `preview_digest`.
    digest: String,
    /// The revision of each member's row: to be cited by the merge as it is.
    expected_versions: BTreeMap<Uuid, String>,
    /// The golden id that would stay.
    survivor: Uuid,
    /// The golden ids that would go.
    absorbed: Vec<Uuid>,
    /// The survivorship policy, as `name/version`.
    policy: String,
    /// Whether a second person would have to approve the merge.
    needs_second_person: bool,
    /// The golden record that it would make.
    golden: GoldenView,
    /// Per field, which value would win and why, and which would lose.
    fields: Vec<OutcomeView>,
    /// The children of the absorbed that would come to the survivor.
    moved: MovedChildren,
    /// What speaks against it.
    conflicts: Vec<ConflictView>,
    /// The topics on which it would be told, and under which keys.
    topics: Vec<TopicKeys>,
}

/// Children, by kind.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct MovedChildren {
    locations: Ids,
    services: Ids,
    phones: Ids,
}

/// Some rows.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Ids {
    count: usize,
    ids: Vec<Uuid>,
}

/// Something that speaks against a merge.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conflict)]
pub(crate) struct ConflictView {
    /// What kind of thing: `identifier`, or `same_source`.
    kind: String,
    /// The registry, or the source.
    scheme: String,
    /// What each record says.
    values: Vec<ConflictingValue>,
}

/// What one record says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConflictingValue {
    record_id: Uuid,
    value: String,
}

/// The keys of a topic.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopicKeys {
    topic: String,
    keys: Vec<Uuid>,
}

/// Shows what a merge would do; writes nothing.
///
/// A merge cites the `digest` and the `expected_versions` of a preview: it goes through only while all stands that
/// the preview showed.
#[utoipa::path(post, path = "/v1/merge-previews", operation_id = "preview_merge", tag = "merges", request_body = PreviewBody,
    responses((status = 200, description = "What the merge would do", body = Preview), PreviewProblems))]
pub(super) async fn preview(
    State(room): State<Room>,
    Caller { name: caller, .. }: Caller,
    Body(body): Body<PreviewBody>,
) -> Result<Json<Preview>> {
    let wanted = Wanted {
        survivor: body.survivor,
        organizations: &body.organizations,
        choices: &body.choices,
        by: &caller,
    };
    let proposal = Proposal::read(&*room.store, &wanted).await?;
    Ok(Json(shown(&room, proposal)))
}

fn shown(room: &Room, proposal: Proposal) -> Preview {
    let outcomes = golden::explain(&proposal.planned, proposal.survivor).unwrap_or_default();
    let etag = super::conditional::etag(&proposal.golden.members, &proposal.family.revisions);
    Preview {
        digest: proposal.digest(),
        expected_versions: proposal.versions(),
        survivor: proposal.survivor.0,
        absorbed: proposal.absorbed.iter().map(|id| id.0).collect(),
        policy: proposal.family.policy.label(),
        needs_second_person: room.needs_second_person(proposal.golden.members.len()),
        fields: outcomes.into_iter().map(OutcomeView::from).collect(),
        moved: moved(&proposal),
        conflicts: conflicts(&proposal.family),
        topics: topics(room, &proposal),
        golden: GoldenView::new(proposal.golden, etag),
    }
}

fn moved(proposal: &Proposal) -> MovedChildren {
    let forest = proposal.family.forest();
    let mut moved = MovedChildren::default();
    for record in proposal.family.records.iter().filter(|record| forest.root(record.id) != proposal.survivor)
    {
        let (locations, services, phones) = children(record);
        moved.locations.ids.extend(locations);
        moved.services.ids.extend(services);
        moved.phones.ids.extend(phones);
    }
    for ids in [&mut moved.locations, &mut moved.services, &mut moved.phones] {
        ids.ids.sort_unstable();
        ids.count = ids.ids.len();
    }
    moved
}

fn children(record: &Record) -> (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>) {
    let organization = &record.organization;
    let phones = organization.phones.iter();
    let phones = phones.chain(organization.locations.iter().flat_map(|location| &location.phones));
    let phones = phones.chain(organization.services.iter().flat_map(|service| &service.phones));
    (
        organization.locations.iter().map(|location| location.id.0).collect(),
        organization.services.iter().map(|service| service.id.0).collect(),
        phones.map(|phone| phone.id).collect(),
    )
}

/// Registries in which the members go by different identifiers, and sources that tell of several of them.
fn conflicts(family: &Family) -> Vec<ConflictView> {
    let mut told: BTreeMap<(&str, String), Vec<(RecordId, String)>> = BTreeMap::new();
    let mut records: Vec<_> = family.records.iter().collect();
    records.sort_by_key(|record| record.id);
    for record in records {
        for identifier in &record.organization.identifiers {
            let scheme = identifier.scheme.clone().or_else(|| identifier.identifier_type.clone());
            let Some(scheme) = scheme else { continue };
            told.entry(("identifier", scheme)).or_default().push((record.id, identifier.identifier.clone()));
        }
        let source = told.entry(("same_source", record.source.clone())).or_default();
        source.push((record.id, record.source_id.clone()));
    }
    let conflicting = |values: &[(RecordId, String)]| {
        let distinct: BTreeSet<_> = values.iter().map(|(_, value)| value.trim().to_lowercase()).collect();
        let records: BTreeSet<_> = values.iter().map(|(record, _)| record).collect();
        distinct.len() > 1 && records.len() > 1
    };
    told.into_iter()
        .filter(|(_, values)| conflicting(values))
        .map(|((kind, scheme), values)| ConflictView {
            kind: kind.to_owned(),
            scheme,
            values: values
                .into_iter()
                .map(|(record, value)| ConflictingValue { record_id: record.0, value })
                .collect(),
        })
        .collect()
}

/// A merge makes the survivor and all ids that lead to it come again, and every child of theirs.
fn topics(room: &Room, proposal: &Proposal) -> Vec<TopicKeys> {
    let redirected: Vec<Uuid> = proposal.redirected.iter().map(|id| id.0).collect();
    let mut organizations = redirected.clone();
    organizations.push(proposal.survivor.0);
    let (mut locations, mut services) = (Vec::new(), Vec::new());
    for record in &proposal.family.records {
        let (of_locations, of_services, _) = children(record);
        locations.extend(of_locations);
        services.extend(of_services);
    }
    let keys = [
        (Product::Organization, organizations),
        (Product::Redirect, redirected),
        (Product::Location, locations),
        (Product::Service, services),
    ];
    let name = |(product, mut keys): (Product, Vec<Uuid>)| {
        keys.sort_unstable();
        TopicKeys { topic: room.topics.name(product).to_owned(), keys }
    };
    keys.into_iter().filter(|(_, keys)| !keys.is_empty()).map(name).collect()
}
