//! What a person says of a cluster, worked out: which organizations become one, and what is said of each pair.

use crate::problem::{Problem, Result};
use entity::{CandidatePair, Judgement, JudgementVerdict, OrganizationId, ReasonCode, RecordId, Relation};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::resolution::{DecisionPart, FieldChoice, SeenPreview};
use store::review::{ReasonedJudgement, Teach};

/// A record that takes part, in the order of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) record_id: RecordId,
    pub(super) organization_id: OrganizationId,
}

/// Who belongs with whom; whoever is in no group is left out of the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Groups(pub(super) Vec<Vec<OrganizationId>>);

/// A preview that the decider looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PartPreview {
    pub(super) survivor: OrganizationId,
    pub(super) organizations: BTreeSet<OrganizationId>,
    pub(super) choices: Vec<FieldChoice>,
    pub(super) seen: SeenPreview,
}

impl PartPreview {
    /// Whether it is of just this merge.
    fn is_of(&self, survivor: OrganizationId, group: &[OrganizationId], choices: &[FieldChoice]) -> bool {
        let organizations: BTreeSet<OrganizationId> = group.iter().copied().collect();
        self.survivor == survivor && self.organizations == organizations && self.choices == choices
    }
}

impl Groups {
    /// From ids of records or of golden records.
    pub(super) fn of(partition: &[Vec<RecordId>], members: &[Member]) -> Result<Self> {
        let mut seen: BTreeMap<OrganizationId, usize> = BTreeMap::new();
        let mut groups = Vec::with_capacity(partition.len());
        for (number, ids) in partition.iter().enumerate() {
            let mut group: Vec<OrganizationId> = Vec::with_capacity(ids.len());
            for (place, id) in ids.iter().enumerate() {
                let field = || format!("partition[{number}][{place}]");
                let member = members
                    .iter()
                    .find(|member| member.record_id == *id)
                    .or_else(|| members.iter().find(|member| member.organization_id.0 == id.0));
                let Some(member) = member else {
                    let problem =
                        format!("{id} is no member of this cluster now: look again, or name it in `added`");
                    return Err(Problem::invalid(field(), problem));
                };
                match seen.insert(member.organization_id, number) {
                    Some(before) if before != number => {
                        let problem = format!(
                            "{id} belongs to {}, which is in part {before} already: undo that merge first",
                            member.organization_id
                        );
                        return Err(Problem::invalid(field(), problem));
                    }
                    Some(_) => {}
                    None => group.push(member.organization_id),
                }
            }
            if group.is_empty() {
                return Err(Problem::invalid(
                    format!("partition[{number}]"),
                    "a part names one or more records",
                ));
            }
            groups.push(group);
        }
        if seen.len() < 2 {
            let problem = "name the records of two or more organizations, or leave the field out for all";
            return Err(Problem::invalid("partition", problem));
        }
        Ok(Self(groups))
    }

    /// All of these, as one group or each by itself.
    pub(super) fn whole(organizations: &[OrganizationId], verdict: JudgementVerdict) -> Self {
        match verdict {
            JudgementVerdict::Match => Self(vec![organizations.to_vec()]),
            _ => Self(organizations.iter().map(|id| vec![*id]).collect()),
        }
    }

    /// All that take part, sorted.
    pub(super) fn organizations(&self) -> BTreeSet<OrganizationId> {
        self.0.iter().flatten().copied().collect()
    }

    /// Whether anything becomes one.
    pub(super) fn merges(&self) -> bool {
        self.0.iter().any(|group| group.len() > 1)
    }

    /// The merges: one per group of two or more.
    pub(super) fn parts(
        &self,
        survivors: &BTreeSet<OrganizationId>,
        choices: &[FieldChoice],
        (previews, members): (&[PartPreview], &[Member]),
    ) -> Vec<DecisionPart> {
        let organization = |record: RecordId| {
            let member = members.iter().find(|member| member.record_id == record);
            member.map(|member| member.organization_id)
        };
        let part = |group: &Vec<OrganizationId>| {
            let asked = group.iter().find(|id| survivors.contains(id));
            let survivor = *asked.unwrap_or(&group[0]);
            let within =
                |choice: &&FieldChoice| organization(choice.record_id).is_some_and(|id| group.contains(&id));
            let choices: Vec<FieldChoice> = choices.iter().filter(within).cloned().collect();
            let preview = previews.iter().find(|preview| preview.is_of(survivor, group, &choices));
            DecisionPart {
                survivor,
                organizations: group.clone(),
                preview: preview.map(|preview| preview.seen.clone()),
                choices,
                merge_id: None,
            }
        };
        self.0.iter().filter(|group| group.len() > 1).map(part).collect()
    }

    fn group_of(&self, id: OrganizationId) -> Option<usize> {
        self.0.iter().position(|group| group.contains(&id))
    }
}

/// What is said of the pairs, besides the verdict.
#[derive(Clone, Debug)]
pub(super) struct Because {
    /// What groups are to each other.
    pub(super) between: JudgementVerdict,
    pub(super) relation: Option<Relation>,
    pub(super) codes: Vec<ReasonCode>,
    pub(super) teach: Teach,
    pub(super) by: String,
    pub(super) at: chrono::DateTime<chrono::Utc>,
    pub(super) reason: Option<String>,
}

/// A judgement for each pair of records of different golden records that take part.
pub(super) fn judgements(groups: &Groups, members: &[Member], because: &Because) -> Vec<ReasonedJudgement> {
    let mut judgements = Vec::new();
    for (number, left) in members.iter().enumerate() {
        let Some(left_group) = groups.group_of(left.organization_id) else { continue };
        for right in &members[number + 1..] {
            let Some(right_group) = groups.group_of(right.organization_id) else { continue };
            if left.organization_id == right.organization_id {
                continue;
            }
            let together = left_group == right_group;
            let verdict = if together { JudgementVerdict::Match } else { because.between };
            let Some(pair) = CandidatePair::new(left.record_id, right.record_id) else { continue };
            judgements.push(ReasonedJudgement {
                judgement: Judgement {
                    pair,
                    verdict,
                    judged_by: because.by.clone(),
                    judged_at: because.at,
                    reason: because.reason.clone(),
                },
                codes: because.codes.clone(),
                relation: because.relation.filter(|_| verdict == JudgementVerdict::Related),
                teach: because.teach,
            });
        }
    }
    judgements
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn record(n: u128) -> RecordId {
        RecordId(Uuid::from_u128(n))
    }

    /// Records 1 to 4, where 4 was merged into 3 before.
    fn members() -> Vec<Member> {
        let member = |(n, golden)| Member { record_id: record(n), organization_id: record(golden).into() };
        [(1, 1), (2, 2), (3, 3), (4, 3)].map(member).to_vec()
    }

    fn because(between: JudgementVerdict) -> Because {
        Because {
            between,
            relation: Some(Relation::Branch),
            codes: vec![ReasonCode::BranchOf],
            teach: Teach::Yes,
            by: "ana".to_owned(),
            at: entity::clock::now(),
            reason: None,
        }
    }

    #[track_caller]
    fn refused(partition: &[&[u128]], field: &str) {
        let partition: Vec<Vec<_>> =
            partition.iter().map(|part| part.iter().copied().map(record).collect()).collect();
        let problem = Groups::of(&partition, &members()).unwrap_err();
        assert_eq!(problem.errors[0].field, field, "{}", problem.detail);
    }

    #[test]
    fn partitions_that_make_no_sense_are_refused_where_they_go_wrong() {
        refused(&[&[1, 9], &[2]], "partition[0][1]");
        refused(&[&[1, 3], &[2, 4]], "partition[1][1]");
        refused(&[&[1], &[]], "partition[1]");
        refused(&[&[3, 4]], "partition");
        refused(&[], "partition");
    }

    #[test]
    fn each_pair_is_judged_once_and_who_is_left_out_is_not() {
        let groups = Groups::of(&[vec![record(1), record(2)], vec![record(4)]], &members()).unwrap();
        let judged = judgements(&groups, &members(), &because(JudgementVerdict::Related));
        let said: Vec<_> = judged
            .iter()
            .map(|one| (one.judgement.pair.left(), one.judgement.pair.right(), one.judgement.verdict))
            .collect();
        let pair = |left, right, verdict| (record(left), record(right), verdict);
        let expected = [
            pair(1, 2, JudgementVerdict::Match),
            pair(1, 3, JudgementVerdict::Related),
            pair(1, 4, JudgementVerdict::Related),
            pair(2, 3, JudgementVerdict::Related),
            pair(2, 4, JudgementVerdict::Related),
        ];
        assert_eq!(said, expected);
        assert_eq!((judged[0].relation, judged[1].relation), (None, Some(Relation::Branch)));
        let parts = groups.parts(&BTreeSet::from([record(2).into()]), &[], (&[], &members()));
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].survivor, record(2).into());
        let some = Groups::of(&[vec![record(1)], vec![record(2)]], &members()).unwrap();
        assert_eq!(judgements(&some, &members(), &because(JudgementVerdict::NonMatch)).len(), 1);
        assert!(!some.merges());
    }
}
