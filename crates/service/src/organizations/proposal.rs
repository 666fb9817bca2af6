//! A merge as it is proposed: what it would make, and a digest that is bound to all that it was decided on.

use super::held::{absorbed_or_missing, revisions_of};
use crate::problem::{Kind, Problem, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::{ChosenField, Family, GoldenRecord, MergeId, OrganizationId, RecordId};
use golden::ProposedMerge;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use store::Organizations;
use store::organizations::Revisions;
use utoipa::ToSchema;
use uuid::Uuid;

/// The most organizations that one merge names.
const ORGANIZATIONS_MAX: usize = 1000;
/// Bytes of each part of a digest: enough that nobody meets the same one by chance.
const PART_BYTES: usize = 12;
/// What the parts of a digest are bound to, in their order.
const PARTS: [&str; 4] = ["organizations", "versions", "choices", "policy"];

/// Whose value is to win a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    /// The field, such as `name`.
    pub(super) field: String,
    /// The member whose value wins; null: whatever the policy says.
    #[serde(default)]
    pub(super) record_id: Option<Uuid>,
}

/// What is to be merged.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) survivor: Option<Uuid>,
    pub(super) organizations: &'a [Uuid],
    pub(super) choices: &'a [Choice],
    pub(super) by: &'a str,
}

/// A merge that nobody has made yet, on what stands now.
#[derive(Debug)]
pub(super) struct Proposal {
    pub(super) survivor: OrganizationId,
    /// Sorted.
    pub(super) absorbed: Vec<OrganizationId>,
    pub(super) choices: Vec<ChosenField>,
    /// The whole trees of all, as they are.
    pub(super) family: Family,
    /// The same with the merge.
    pub(super) planned: Family,
    /// What it would make.
    pub(super) golden: GoldenRecord,
    /// The ids that would lead to it.
    pub(super) redirected: Vec<OrganizationId>,
}

impl Proposal {
    pub(super) async fn read(store: &dyn Organizations, wanted: &Wanted<'_>) -> Result<Self> {
        let named: BTreeSet<OrganizationId> =
            wanted.organizations.iter().copied().chain(wanted.survivor).map(OrganizationId).collect();
        check_named(wanted, &named)?;
        let ids: Vec<RecordId> = named.iter().copied().map(RecordId::from).collect();
        let family = store.family(&ids).await?;
        let survivor = match wanted.survivor {
            Some(survivor) => survivor.into(),
            None => eldest(&family, &named)?,
        };
        let absorbed: Vec<_> = named.into_iter().filter(|id| *id != survivor).collect();
        let choices = wanted.choices.iter().map(|choice| ChosenField {
            field: choice.field.clone(),
            record_id: choice.record_id.map(RecordId),
        });
        let proposed = ProposedMerge {
            id: MergeId(Uuid::nil()),
            survivor,
            absorbed: absorbed.clone(),
            choices: choices.collect(),
            by: wanted.by.to_owned(),
            at: entity::clock::now(),
        };
        let planned = golden::with_merge(&family, &proposed)?;
        let mut projection = golden::project(&planned);
        let golden = projection.golden.remove(&survivor);
        let golden = golden.ok_or_else(|| Problem::not_found(format!("organization {survivor}")))?;
        let redirected = projection.redirects.into_keys().collect();
        Ok(Self { survivor, absorbed, choices: proposed.choices, family, planned, golden, redirected })
    }

    /// The revisions of all members.
    pub(super) fn revisions(&self) -> Revisions {
        revisions_of(&self.golden, &self.family)
    }

    /// The revisions as REST writes them.
    pub(super) fn versions(&self) -> BTreeMap<Uuid, String> {
        self.revisions().into_iter().map(|(id, revision)| (id.0, revision.to_string())).collect()
    }

    /// Bound to survivor and organizations, to every member and its revision, to the choices and to the policy; a part
    /// for each, so that a stale one says what changed.
    pub(super) fn digest(&self) -> String {
        let parts = [
            part(&(self.survivor, &self.absorbed)),
            part(&self.versions()),
            part(&self.choices),
            part(&self.family.policy.label()),
        ];
        parts.join(".")
    }

    /// Refuses what was decided on another state than that of now.
    pub(super) fn require(&self, digest: &str, expected: &BTreeMap<Uuid, String>) -> Result<()> {
        let current = self.versions();
        let ids: BTreeSet<&Uuid> = current.keys().chain(expected.keys()).collect();
        let changed: Vec<String> = ids
            .into_iter()
            .filter(|id| current.get(*id) != expected.get(*id))
            .map(ToString::to_string)
            .collect();
        if !changed.is_empty() {
            return Err(stale_members(&current, &changed));
        }
        let now = self.digest();
        let (seen, parts): (Vec<_>, Vec<_>) = (digest.split('.').collect(), now.split('.').collect());
        let differ = |(number, _): &(usize, &&str)| seen.get(*number) != parts.get(*number);
        let changed: Vec<&str> = PARTS.iter().enumerate().filter(differ).map(|(_, part)| *part).collect();
        if changed.is_empty() && seen.len() == parts.len() {
            return Ok(());
        }
        let detail = format!(
            "the preview that preview_digest names was of other {}: ask for a preview again and decide anew",
            changed.join(" and ")
        );
        Err(Problem::new(Kind::PreviewExpired, detail).with("changed", changed))
    }
}

pub(super) fn stale_members(current: &BTreeMap<Uuid, String>, changed: &[String]) -> Problem {
    let named = if changed.is_empty() { String::new() } else { format!(" ({})", changed.join(", ")) };
    let detail = format!(
        "members of this merge changed, came or went since they were seen{named}: ask for a preview again and decide anew"
    );
    let current: serde_json::Map<_, _> =
        current.iter().map(|(id, version)| (id.to_string(), version.clone().into())).collect();
    Problem::new(Kind::StaleMembers, detail).with("current", current).with("changed", changed)
}

fn part(of: &impl Serialize) -> String {
    let text = serde_json::to_vec(of).expect("ids and texts are JSON");
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..PART_BYTES])
}

fn check_named(wanted: &Wanted<'_>, named: &BTreeSet<OrganizationId>) -> Result<()> {
    let mut seen = BTreeSet::new();
    if let Some((number, id)) = wanted.organizations.iter().enumerate().find(|(_, id)| !seen.insert(**id)) {
        return Err(Problem::invalid(format!("organizations[{number}]"), format!("{id} is named twice")));
    }
    if named.len() < 2 {
        return Err(Problem::invalid(
            "organizations",
            "name two organizations or more, the survivor among them",
        ));
    }
    if named.len() > ORGANIZATIONS_MAX {
        let problem = format!("names {} organizations: {ORGANIZATIONS_MAX} at most", named.len());
        return Err(Problem::invalid("organizations", problem));
    }
    Ok(())
}

/// The golden record that was there first.
fn eldest(family: &Family, named: &BTreeSet<OrganizationId>) -> Result<OrganizationId> {
    let golden = golden::project(family).golden;
    if let Some(gone) = named.iter().find(|id| !golden.contains_key(*id)) {
        return Err(absorbed_or_missing(family, *gone));
    }
    let eldest = named.iter().min_by_key(|id| (golden[*id].created_at, **id));
    Ok(*eldest.expect("two or more are named"))
}
