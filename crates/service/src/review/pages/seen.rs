//! What a person saw of a cluster, in short, and how the cluster of now differs from it.

use entity::{Cluster, OrganizationId, RecordId};
use maud::{Markup, html};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A cluster in short: its revision, each member with its golden id, each pair with its score.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) revision: String,
    members: BTreeMap<RecordId, OrganizationId>,
    /// Scores in tenths.
    pairs: BTreeMap<(RecordId, RecordId), i64>,
}

impl Seen {
    fn new(cluster: &Cluster) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "log-odds are small numbers")]
        let tenths = |weight: f64| (weight * 10.0).round() as i64;
        Self {
            revision: cluster.revision(),
            members: cluster
                .members
                .iter()
                .map(|member| (member.record_id, member.organization_id))
                .collect(),
            pairs: cluster
                .pairs
                .iter()
                .map(|pair| ((pair.left, pair.right), tenths(pair.match_weight)))
                .collect(),
        }
    }

    /// As a form sent it back; `None` for what no page of ours wrote.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('~');
        let revision = parts.next()?.to_owned();
        let mut members = BTreeMap::new();
        for member in parts.next()?.split_whitespace() {
            let (record, organization) = member.split_once('=')?;
            members.insert(record.parse().ok()?, organization.parse().ok()?);
        }
        let mut pairs = BTreeMap::new();
        for pair in parts.next()?.split_whitespace() {
            let mut fields = pair.split('=');
            let (left, right) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            pairs.insert((left, right), fields.next()?.parse().ok()?);
        }
        Some(Self { revision, members, pairs })
    }
}

/// For a form.
pub(super) fn of(cluster: &Cluster) -> String {
    let seen = Seen::new(cluster);
    let short = |id: Uuid| id.simple().to_string();
    let member = |(record, organization): (&RecordId, &OrganizationId)| {
        format!("{}={}", short(record.0), short(organization.0))
    };
    let pair = |((left, right), tenths): (&(RecordId, RecordId), &i64)| {
        format!("{}={}={tenths}", short(left.0), short(right.0))
    };
    let members: Vec<String> = seen.members.iter().map(member).collect();
    let pairs: Vec<String> = seen.pairs.iter().map(pair).collect();
    format!("{}~{}~{}", seen.revision, members.join(" "), pairs.join(" "))
}

/// For a form that is answered blindly: without scores.
pub(super) fn blindly(cluster: &Cluster) -> String {
    let whole = of(cluster);
    let scores = whole.rfind('~').map_or(whole.len(), |at| at + 1);
    whole[..scores].to_owned()
}

/// Just what differs, in sentences.
pub(super) fn difference(seen: &Seen, cluster: &Cluster, names: &HashMap<RecordId, String>) -> Markup {
    let now = Seen::new(cluster);
    let name = |id: &RecordId| names.get(id).cloned().unwrap_or_else(|| id.to_string());
    let signed = |tenths: i64| crate::page::signed(f64::from(i32::try_from(tenths).unwrap_or(0)) / 10.0);
    let mut lines: Vec<String> = Vec::new();
    for (id, organization) in &now.members {
        match seen.members.get(id) {
            None => lines.push(format!("{} is new in the cluster.", name(id))),
            Some(before) if before != organization => {
                lines.push(format!(
                    "{} belongs to another organization now: somebody merged it, or undid a merge.",
                    name(id)
                ));
            }
            Some(_) => {}
        }
    }
    lines.extend(
        seen.members
            .keys()
            .filter(|id| !now.members.contains_key(id))
            .map(|id| format!("{} has left the cluster.", name(id))),
    );
    for ((left, right), tenths) in &now.pairs {
        let (a, b) = (name(left), name(right));
        match seen.pairs.get(&(*left, *right)) {
            None => lines.push(format!("{a} and {b} are compared now: {}.", signed(*tenths))),
            Some(before) if before != tenths => {
                lines.push(format!(
                    "{a} and {b} scored {}, and score {} now.",
                    signed(*before),
                    signed(*tenths)
                ));
            }
            Some(_) => {}
        }
    }
    if lines.is_empty() {
        lines.push("A comparison comes out otherwise, with the same score.".to_owned());
    }
    html! { ul.changes { @for line in &lines { li { (line) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::{ClusterMember, PairEvidence};

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn cluster(members: &[(u128, u128)], weight: f64) -> Cluster {
        let member = |(record, organization): &(u128, u128)| ClusterMember {
            record_id: id(*record).into(),
            organization_id: id(*organization).into(),
            probability: 0.9,
        };
        Cluster {
            id: id(9).into(),
            members: members.iter().map(member).collect(),
            probability: 0.9,
            pairs: vec![PairEvidence {
                left: id(1).into(),
                right: id(2).into(),
                match_weight: weight,
                probability: 0.9,
                explanation: Vec::new(),
            }],
            model_version: "m".to_owned(),
        }
    }

    #[test]
    fn a_form_brings_back_what_was_seen_and_only_what_differs_is_told() {
        let before = cluster(&[(1, 1), (2, 2), (3, 3)], -1.25);
        let seen = Seen::read(&of(&before)).unwrap();
        assert_eq!(seen, Seen::new(&before));
        assert_eq!(seen.revision, before.revision());
        for broken in ["", "x", "x~y~", "x~~1=2"] {
            assert_eq!(Seen::read(broken), None, "{broken}");
        }
        let names = HashMap::from([(RecordId(id(4)), "Rivr".to_owned())]);
        let text = difference(&seen, &cluster(&[(1, 1), (2, 1), (4, 4)], 2.0), &names).into_string();
        for words in ["Rivr is new", "has left", "belongs to another", "scored \u{2212}1.3, and score +2.0"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!(text.matches("<li>").count(), 4);
    }
}
