//! From what a person said of a cluster to a decision that is written down.

use super::{Room, clusters};
use crate::problem::{Kind, Problem, Result};
use entity::{Cluster, ClusterId, JudgementVerdict, OrganizationId};
use std::collections::BTreeSet;
use store::resolution::{Decision, DecisionState};
use uuid::Uuid;

/// What a person says of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) verdict: JudgementVerdict,
    pub(super) survivor: Option<OrganizationId>,
    /// Empty: all of the cluster.
    pub(super) organizations: Vec<OrganizationId>,
    pub(super) reason: Option<String>,
    pub(super) by: String,
}

/// Writes the decision down and wakes the worker that carries it out.
pub(super) async fn decide(room: &Room, cluster: ClusterId, said: Said) -> Result<Decision> {
    let cluster = clusters::cluster(room, cluster).await?;
    let organizations = concerned(&cluster, &said.organizations)?;
    let survivor = match said.verdict {
        JudgementVerdict::Match => Some(survivor(&cluster, &organizations, said.survivor)?),
        JudgementVerdict::NonMatch | JudgementVerdict::Related | JudgementVerdict::Unsure => None,
    };
    let decision = Decision {
        id: Uuid::now_v7(),
        cluster_id: cluster.id,
        verdict: said.verdict,
        survivor,
        organizations: organizations.into_iter().collect(),
        state: DecisionState::Decided,
        decided_by: said.by,
        decided_at: entity::clock::now(),
        reason: said.reason.filter(|reason| !reason.trim().is_empty()),
        merge_id: None,
        refusal: None,
    };
    room.store.put_decision(&decision).await?;
    room.decided.notify_one();
    Ok(decision)
}

/// The golden ids that the decision is about: those named, or all of the cluster.
fn concerned(cluster: &Cluster, named: &[OrganizationId]) -> Result<BTreeSet<OrganizationId>> {
    let all: BTreeSet<_> = cluster.members.iter().map(|member| member.organization_id).collect();
    if all.len() < 2 {
        let detail = format!("the members of cluster {} belong to one organization already", cluster.id);
        return Err(Problem::new(Kind::ClusterSettled, detail));
    }
    if let Some((number, stranger)) = named.iter().enumerate().find(|(_, id)| !all.contains(id)) {
        let problem = format!("{stranger} is no organization of this cluster now: look at it again");
        return Err(Problem::invalid(format!("organizations[{number}]"), problem));
    }
    let named: BTreeSet<_> = named.iter().copied().collect();
    match named.len() {
        0 => Ok(all),
        1 => Err(Problem::invalid("organizations", "name two or more, or none for all of the cluster")),
        _ => Ok(named),
    }
}

/// The one that stays: as asked, or that of the member that arrived first.
fn survivor(
    cluster: &Cluster,
    organizations: &BTreeSet<OrganizationId>,
    asked: Option<OrganizationId>,
) -> Result<OrganizationId> {
    if let Some(asked) = asked {
        let problem = "is not one of the organizations that this decision is about";
        return organizations.get(&asked).copied().ok_or_else(|| Problem::invalid("survivor", problem));
    }
    let eldest =
        cluster.members.iter().map(|member| member.organization_id).find(|id| organizations.contains(id));
    Ok(eldest.expect("the organizations are those of members"))
}
