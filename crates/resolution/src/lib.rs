//! Pairs and judgements in, clusters out.
//!
//! Components first (pairs at or over the threshold, and must-links), then average-linkage agglomeration on
//! log-odds inside each. Weights are summed as whole millionths, so that no order of additions shows: any order
//! of the input, and any split of it along its components, gives the same groups to the bit.
//!
//! This crate never does I/O and knows no model: it is given weights. Start with [`cluster`].

mod agglomeration;
mod components;
mod graph;
mod sites;

pub use sites::sites_apart;

use chrono::{DateTime, Utc};
use entity::{CandidatePair, ClusterId, RecordId};
use uuid::Uuid;

/// Namespace of cluster ids; changing it would rename every cluster.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f72_676c_6f6f_7000_8000_636c_7573_0001);

/// What is to be clustered: one component, or any number of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Component {
    /// The records; a pair or link that names others is ignored.
    pub records: Vec<Node>,
    /// Their pairs with evidence, also those that speak against.
    pub pairs: Vec<WeightedPair>,
    /// Merges and match judgements: together, whatever the evidence.
    pub must_links: Vec<CandidatePair>,
    /// Non-match and related judgements, conflicting registry ids, sites of one agency: never together, unless a must-link forces it.
    pub never_links: Vec<CandidatePair>,
    /// Log-odds, prior included, from which on evidence joins.
    pub threshold: f64,
}

/// A record, and what orders it among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The record.
    pub id: RecordId,
    /// When it first arrived.
    pub created_at: DateTime<Utc>,
}

/// A pair with its evidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedPair {
    /// Which pair.
    pub pair: CandidatePair,
    /// Log-odds (natural), prior included.
    pub weight: f64,
}

/// Records held to be one; a record alone is a group too.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// A function of the first member.
    pub id: ClusterId,
    /// The members by (created, id); the first is the anchor.
    pub members: Vec<GroupMember>,
    /// That all members are one: the least of the members' probabilities.
    pub probability: f64,
    /// Never-links that must-links overruled: for a person to settle. Sorted.
    pub conflicts: Vec<CandidatePair>,
}

/// A record in a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupMember {
    /// The record.
    pub record_id: RecordId,
    /// That it belongs with the rest; for one alone, one minus its best pair.
    pub probability: f64,
}

/// The id of the cluster whose member with the smallest (created, id) is `anchor`.
#[must_use]
pub fn cluster_id(anchor: RecordId) -> ClusterId {
    ClusterId(Uuid::new_v5(&NAMESPACE, anchor.0.as_bytes()))
}

/// The probability of a record that is alone, by the log-odds of its best pair: one minus that pair's.
#[must_use]
pub fn probability_alone(best: Option<f64>) -> f64 {
    graph::alone(best.map(graph::micro))
}

/// Puts records into groups, sorted by their anchors' (created, id); every record is in exactly one.
///
/// Must-links hold always. Never-links hold except between records that must-links join, directly or through
/// others; those are reported as the group's conflicts. Beyond that two groups are joined, best first, while the
/// mean log-odds between their members reach the threshold; pairs that were not given count with
/// [`MISSING_WEIGHT`], so that one strong pair does not bridge two groups.
#[must_use]
pub fn cluster(input: &Component) -> Vec<Group> {
    let graph = graph::Graph::new(input);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for component in components::components(&graph) {
        groups.extend(agglomeration::agglomerate(&graph, &component));
    }
    groups.sort_unstable();
    groups.iter().map(|members| graph.group(members)).collect()
}

/// Log-odds of a pair that was not given: it shares no blocking key, is ruled out, or shares too little to be kept.
pub const MISSING_WEIGHT: f64 = -2.0;

/// Weights beyond this count as this, either way: one pair is not to outvote all others of its group.
pub const WEIGHT_LIMIT: f64 = 8.0;

/// Components of more records than this are taken apart at a higher threshold, one log-odds at a time, until
/// their parts are smaller: what holds them together is weak, and the work inside one grows with its square.
pub const COMPONENT_RECORDS_MAX: usize = 5_000;
