//! From what a person said of a cluster to a decision that is written down.

use super::claims::held_by_another;
use super::partition::{Because, Groups, Member, PartPreview, judgements};
use super::{Room, blind, certificates, clusters};
use crate::problem::{Kind, Problem, Result};
use entity::{Cluster, ClusterId, JudgementVerdict, OrganizationId, ReasonCode, RecordId, Relation};
use std::collections::BTreeSet;
use store::resolution::{Decision, DecisionNotes, DecisionState, FieldChoice};
use store::review::sampling::BlindOutcome;
use store::review::{Comment, Decided, DecisionWrite, Teach};
use uuid::Uuid;

/// Namespace of decisions that came with a key of their own.
const KEYS: Uuid = Uuid::from_u128(0x6f72_676c_6f6f_7000_8000_6465_6369_0001);

/// What a person says of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Of all that take part; between the parts, where there is a partition.
    pub(super) verdict: JudgementVerdict,
    pub(super) who: Who,
    /// Records that belong with the cluster though the model did not say so.
    pub(super) added: Vec<RecordId>,
    /// The golden ids that stay, at most one per part.
    pub(super) survivors: Vec<OrganizationId>,
    pub(super) choices: Vec<FieldChoice>,
    /// What the decider saw of the merges.
    pub(super) previews: Vec<PartPreview>,
    pub(super) relation: Option<Relation>,
    pub(super) codes: Vec<ReasonCode>,
    pub(super) teach: Teach,
    pub(super) reason: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) seen: Seen,
    pub(super) blind_sample: Option<Uuid>,
    pub(super) batch_id: Option<Uuid>,
    pub(super) took_ms: Option<u64>,
    pub(super) by: String,
    /// The caller's key, and what the request said.
    pub(super) key: Option<(String, String)>,
}

/// Who takes part.
#[derive(Clone, Debug)]
pub(super) enum Who {
    /// All of the cluster.
    All,
    /// These golden ids.
    Organizations(Vec<OrganizationId>),
    /// These records, in parts.
    Parts(Vec<Vec<RecordId>>),
}

/// What the decider looked at; what is absent is not checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The cluster's revision, by each name that it was given under.
    pub(super) revisions: Vec<String>,
    pub(super) model_version: Option<String>,
    pub(super) evidence_digest: Option<String>,
}

impl Said {
    pub(super) fn new(verdict: JudgementVerdict, by: impl Into<String>) -> Self {
        Self {
            verdict,
            who: Who::All,
            added: Vec::new(),
            survivors: Vec::new(),
            choices: Vec::new(),
            previews: Vec::new(),
            relation: None,
            codes: Vec::new(),
            teach: Teach::Yes,
            reason: None,
            comment: None,
            seen: Seen::default(),
            blind_sample: None,
            batch_id: None,
            took_ms: None,
            by: by.into(),
            key: None,
        }
    }

    /// Its id: with a key, the same for the same caller, cluster and key.
    pub(super) fn id(&self, cluster: ClusterId) -> Uuid {
        let Some((key, _)) = &self.key else { return Uuid::now_v7() };
        keyed(cluster, &self.by, key)
    }
}

/// The id of the decision that somebody made on a cluster under a key.
pub(super) fn keyed(cluster: ClusterId, by: &str, key: &str) -> Uuid {
    Uuid::new_v5(&KEYS, format!("{cluster}\n{by}\n{key}").as_bytes())
}

/// Writes the decision down, with the judgements that follow, and wakes the worker that carries merges out.
pub(super) async fn decide(room: &Room, cluster: ClusterId, said: Said) -> Result<Decision> {
    let id = said.id(cluster);
    if said.key.is_some()
        && let Some(before) = room.store.decision(id).await?
    {
        return repeated(before, &said);
    }
    let cluster = clusters::cluster(room, cluster).await?;
    check_seen(&cluster, &said.seen)?;
    let members = members(room, &cluster, &said.added).await?;
    if let Some(sample) = said.blind_sample {
        blind::sample(room, sample).await?;
    }
    let write = write(id, &cluster, (&said, &members))?;
    match room.store.decide(&write).await? {
        Decided::Written => {}
        Decided::Repeated(before) => return repeated(*before, &said),
        Decided::Changed => return Err(stale(&clusters::cluster(room, cluster.id).await?)),
        Decided::Held(claim) => return Err(held_by_another(&claim)),
        Decided::Pending(other) => {
            let detail = format!(
                "decision {} by {} on the same organizations is still being applied: look again in a moment",
                other.id, other.decided_by
            );
            return Err(Problem::new(Kind::DecisionNotFinal, detail));
        }
    }
    // First: it stands from here on, whatever fails below.
    room.decided.notify_one();
    if let Some(comment) = said.comment.as_deref().filter(|comment| !comment.trim().is_empty()) {
        add_comment(room, cluster.id, comment, &said.by).await?;
    }
    certificates::check_after(room, &write.decision).await?;
    Ok(write.decision)
}

/// Writes a remark on a cluster.
pub(super) async fn add_comment(room: &Room, cluster_id: ClusterId, text: &str, by: &str) -> Result<Comment> {
    let comment = Comment {
        id: Uuid::now_v7(),
        cluster_id,
        comment: text.trim().to_owned(),
        written_by: by.to_owned(),
        written_at: entity::clock::now(),
    };
    room.store.add_comment(&comment).await?;
    Ok(comment)
}

fn repeated(before: Decision, said: &Said) -> Result<Decision> {
    let fingerprint = said.key.as_ref().map(|(_, fingerprint)| fingerprint);
    if before.notes.fingerprint.as_ref() == fingerprint {
        return Ok(before);
    }
    let detail = "this Idempotency-Key came with another decision on this cluster: give each its own";
    Err(Problem::new(Kind::IdempotencyKeyReused, detail))
}

fn check_seen(cluster: &Cluster, seen: &Seen) -> Result<()> {
    let revision = cluster.revision();
    let model = seen.model_version.as_ref().is_none_or(|model| *model == cluster.model_version);
    let evidence = seen.evidence_digest.as_ref().is_none_or(|digest| *digest == cluster.evidence_digest());
    if model && evidence && seen.revisions.iter().all(|seen| *seen == revision) {
        return Ok(());
    }
    Err(stale(cluster))
}

fn stale(cluster: &Cluster) -> Problem {
    let detail = format!("cluster {} has changed since you saw it: look again and decide anew", cluster.id);
    Problem::new(Kind::Stale, detail).with("current", format!("\"{}\"", cluster.revision()))
}

/// The members, and the records that are added to them.
async fn members(room: &Room, cluster: &Cluster, added: &[RecordId]) -> Result<Vec<Member>> {
    let mut members: Vec<Member> = cluster
        .members
        .iter()
        .map(|member| Member { record_id: member.record_id, organization_id: member.organization_id })
        .collect();
    if added.is_empty() {
        return Ok(members);
    }
    let records = room.organizations.records(added).await?;
    for (number, id) in added.iter().enumerate() {
        let record = records.iter().find(|record| record.id == *id).ok_or_else(|| {
            Problem::invalid(format!("added[{number}]"), format!("there is no record {id}"))
        })?;
        if members.iter().all(|member| member.record_id != *id) {
            members.push(Member { record_id: *id, organization_id: record.organization_id });
        }
    }
    Ok(members)
}

fn write(id: Uuid, cluster: &Cluster, (said, members): (&Said, &[Member])) -> Result<DecisionWrite> {
    let groups = groups(cluster, said, members)?;
    let organizations = groups.organizations();
    for survivor in &said.survivors {
        if !organizations.contains(survivor) {
            let problem = "is not one of the organizations that this decision is about";
            return Err(Problem::invalid("survivor", problem));
        }
    }
    let parted = matches!(said.who, Who::Parts(_));
    let verdict = if groups.merges() { JudgementVerdict::Match } else { between(said, parted) };
    let at = entity::clock::now();
    let because = Because {
        between: between(said, parted),
        relation: said.relation,
        codes: said.codes.clone(),
        teach: said.teach,
        by: said.by.clone(),
        at,
        reason: said.reason.clone().filter(|reason| !reason.trim().is_empty()),
    };
    let survivors: BTreeSet<_> = said.survivors.iter().copied().collect();
    let parts = groups.parts(&survivors, &said.choices, (&said.previews, members));
    let decision = Decision {
        id,
        cluster_id: cluster.id,
        verdict,
        survivor: parts.first().map(|part| part.survivor),
        organizations: organizations.into_iter().collect(),
        state: if parts.is_empty() { DecisionState::Applied } else { DecisionState::Decided },
        decided_by: said.by.clone(),
        decided_at: at,
        reason: because.reason.clone(),
        merge_id: None,
        refusal: None,
        notes: DecisionNotes {
            codes: said.codes.clone(),
            relation: said.relation,
            teach: said.teach,
            revision: cluster.revision(),
            between: parted.then_some(because.between),
            batch_id: said.batch_id,
            blind_sample: said.blind_sample,
            blind_outcome: said.blind_sample.map(|_| outcome(cluster, &groups)),
            took_ms: said.took_ms,
            fingerprint: said.key.as_ref().map(|(_, fingerprint)| fingerprint.clone()),
            judged: true,
        },
        parts,
    };
    let judgements = judgements(&groups, members, &because);
    Ok(DecisionWrite { decision, judgements, expected: expected(cluster, &said.seen) })
}

/// What parts are to each other: what the verdict says, and of a match that they are not the same.
fn between(said: &Said, parted: bool) -> JudgementVerdict {
    match said.verdict {
        JudgementVerdict::Match if parted => JudgementVerdict::NonMatch,
        verdict => verdict,
    }
}

/// Whoever said what they saw decides on just that, whatever happens between this look and the write.
fn expected(cluster: &Cluster, seen: &Seen) -> Vec<String> {
    let said = !seen.revisions.is_empty() || seen.model_version.is_some() || seen.evidence_digest.is_some();
    if said { vec![cluster.revision()] } else { Vec::new() }
}

/// The model was right when all of the cluster is one organization, and only then.
fn outcome(cluster: &Cluster, groups: &Groups) -> BlindOutcome {
    let whole = groups.0.iter().any(|group| cluster.organizations().iter().all(|id| group.contains(id)));
    if whole { BlindOutcome::Right } else { BlindOutcome::Wrong }
}

/// The organizations that the decision is about, in groups.
fn groups(cluster: &Cluster, said: &Said, members: &[Member]) -> Result<Groups> {
    let mut all: Vec<OrganizationId> = Vec::new();
    for member in members {
        if !all.contains(&member.organization_id) {
            all.push(member.organization_id);
        }
    }
    if all.len() < 2 {
        let detail = format!("the members of cluster {} belong to one organization already", cluster.id);
        return Err(Problem::new(Kind::ClusterSettled, detail));
    }
    let named = match &said.who {
        Who::Parts(partition) => return Groups::of(partition, members),
        Who::All => all,
        Who::Organizations(named) => {
            if let Some((number, stranger)) = named.iter().enumerate().find(|(_, id)| !all.contains(id)) {
                let problem = format!("{stranger} is no organization of this cluster now: look at it again");
                return Err(Problem::invalid(format!("organizations[{number}]"), problem));
            }
            all.retain(|id| named.contains(id));
            all
        }
    };
    if named.len() < 2 {
        return Err(Problem::invalid("organizations", "name two or more, or none for all of the cluster"));
    }
    Ok(Groups::whole(&named, said.verdict))
}
