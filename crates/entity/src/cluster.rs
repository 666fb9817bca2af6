//! Clusters: records held to be one organization, with the evidence for it.

use crate::id::{ClusterId, OrganizationId, RecordId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Write;
use uuid::Uuid;

/// Namespace of digests of what a reviewer saw; changing it would make every page look stale once.
const SEEN: Uuid = Uuid::from_u128(0x6f72_676c_6f6f_7000_8000_7365_656e_0001);

/// The comparison that stands for the prior: it moves with the corpus, not with the cluster.
const PRIOR: &str = "prior";

/// A cluster tells of so many pairs at most: one of twenty members has 190.
pub const PAIRS_MAX: usize = 60;

/// Two or more records held to be one organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// A function of the anchor: the member with the smallest (created, id).
    pub id: ClusterId,
    /// The members, anchor first, then by (created, id).
    pub members: Vec<ClusterMember>,
    /// That all members are one organization: the least of the members' probabilities.
    pub probability: f64,
    /// The evidence between members, strongest first: the strongest [`PAIRS_MAX`].
    pub pairs: Vec<PairEvidence>,
    /// The model that weighed it.
    pub model_version: String,
}

/// A record in a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterMember {
    /// The record.
    pub record_id: RecordId,
    /// The golden record it belongs to now.
    pub organization_id: OrganizationId,
    /// That it belongs with the rest of the cluster.
    pub probability: f64,
}

/// Why two members were held to be one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairEvidence {
    /// The lower id.
    pub left: RecordId,
    /// The higher id.
    pub right: RecordId,
    /// Log-odds of all evidence, the prior included.
    pub match_weight: f64,
    /// The calibrated probability.
    pub probability: f64,
    /// One line per comparison that said something; the weights and the prior sum to `match_weight`.
    pub explanation: Vec<ExplanationLine>,
}

/// One comparison's part of the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExplanationLine {
    /// Such as `name` or `phone`; `prior` for the prior.
    pub comparison: String,
    /// The level reached, such as `exact` or `different`.
    pub level: String,
    /// Log-odds, for (positive) or against.
    pub weight: f64,
}

impl Cluster {
    /// Whether it waits for a reviewer: its members belong to more than one golden record.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let first = self.members.first().map(|member| member.organization_id);
        self.members.iter().any(|member| Some(member.organization_id) != first)
    }

    /// The golden ids that its members belong to.
    #[must_use]
    pub fn organizations(&self) -> BTreeSet<OrganizationId> {
        self.members.iter().map(|member| member.organization_id).collect()
    }

    /// What deciding on it is worth: the number of golden records that it would fold away, times how sure it is.
    #[must_use]
    pub fn review_value(&self) -> f64 {
        let folded = self.organizations().len().saturating_sub(1);
        self.probability * f64::from(u32::try_from(folded).unwrap_or(u32::MAX))
    }

    /// A digest of what a decision rests on: members, the golden ids they belong to, model and evidence. The
    /// prior is left out: it moves with the number of all records, and says nothing of these.
    #[must_use]
    pub fn revision(&self) -> String {
        let mut text = format!("{}\n{}\n", self.model_version, self.evidence_digest());
        for member in &self.members {
            let _ = writeln!(text, "{} {}", member.record_id, member.organization_id);
        }
        digest(&text)
    }

    /// A digest of the evidence alone: which level each comparison of each pair reached.
    #[must_use]
    pub fn evidence_digest(&self) -> String {
        let mut pairs: Vec<String> = self.pairs.iter().map(PairEvidence::levels).collect();
        pairs.sort_unstable();
        digest(&pairs.concat())
    }
}

fn digest(text: &str) -> String {
    Uuid::new_v5(&SEEN, text.as_bytes()).simple().to_string()
}

impl PairEvidence {
    fn levels(&self) -> String {
        let mut lines: Vec<String> = self
            .explanation
            .iter()
            .filter(|line| line.comparison != PRIOR)
            .map(|line| format!("{}={}\n", line.comparison, line.level))
            .collect();
        lines.sort_unstable();
        format!("{} {}\n{}", self.left, self.right, lines.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster() -> Cluster {
        let id = |n: u128| Uuid::from_u128(n);
        let member = |n: u128, golden: u128| ClusterMember {
            record_id: id(n).into(),
            organization_id: id(golden).into(),
            probability: 0.5,
        };
        let line = |comparison: &str, weight| ExplanationLine {
            comparison: comparison.to_owned(),
            level: "same".to_owned(),
            weight,
        };
        Cluster {
            id: id(9).into(),
            members: vec![member(1, 1), member(2, 2), member(3, 2)],
            probability: 0.5,
            pairs: vec![PairEvidence {
                left: id(1).into(),
                right: id(2).into(),
                match_weight: 1.0,
                probability: 0.7,
                explanation: vec![line("name", 3.0), line(PRIOR, -2.0)],
            }],
            model_version: "m".to_owned(),
        }
    }

    #[test]
    fn a_revision_moves_with_what_a_decision_rests_on_and_with_nothing_else() {
        let seen = cluster();
        let mut prior = seen.clone();
        prior.pairs[0].explanation[1].weight = -3.0;
        prior.pairs[0].match_weight = 0.0;
        prior.probability = 0.4;
        assert_eq!(prior.revision(), seen.revision(), "a step of the prior");
        let mut level = seen.clone();
        level.pairs[0].explanation[0].level = "close".to_owned();
        assert_ne!(level.revision(), seen.revision());
        assert_ne!(level.evidence_digest(), seen.evidence_digest());
        let mut merged = seen.clone();
        merged.members[2].organization_id = merged.members[0].organization_id;
        assert_ne!(merged.revision(), seen.revision());
        assert_eq!(merged.evidence_digest(), seen.evidence_digest());
    }

    #[test]
    fn the_value_is_the_golden_records_that_would_go_times_the_probability() {
        assert!((cluster().review_value() - 0.5).abs() < 1e-12);
    }
}
