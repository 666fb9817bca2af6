//! The topics of the loop: what each is called, the schema of its values, and what it promises to consumers.

use crate::error::{Error, Result};
use crate::log::{Cleanup, TopicSpec};
use crate::registry::Compatibility;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a topic carries, whatever it is called in a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// One source's organization with its own children.
    Record,
    /// Golden records and redirects: the clean topic.
    Organization,
    /// Locations, one by one.
    Location,
    /// Services, one by one.
    Service,
    /// Facts: merged, unmerged.
    Merge,
    /// Absorbed id to survivor.
    Redirect,
    /// Clusters of duplicates.
    DuplicateCluster,
    /// Facts: what became of clusters.
    ClusterTransition,
    /// Dead letters: the bytes of events that a stage could not take in.
    Parked,
    /// Dead letters on their way back to the stage that parked them.
    ParkedRetry,
}

impl Product {
    /// All of them, in the order of [`DEFINITIONS`].
    pub const ALL: [Self; 10] = [
        Self::Record,
        Self::Organization,
        Self::Location,
        Self::Service,
        Self::Merge,
        Self::Redirect,
        Self::DuplicateCluster,
        Self::ClusterTransition,
        Self::Parked,
        Self::ParkedRetry,
    ];

    /// Its definition.
    #[must_use]
    pub fn definition(self) -> &'static TopicDefinition {
        &DEFINITIONS[self as usize]
    }

    /// Whether it is offered to consumers: the dead letters are not.
    #[must_use]
    pub fn is_public(self) -> bool {
        !matches!(self, Self::Parked | Self::ParkedRetry)
    }
}

/// A topic as this version of the program knows it.
#[derive(Clone, Copy, Debug)]
pub struct TopicDefinition {
    /// What it carries.
    pub product: Product,
    /// Its name, unless the deployment gives another.
    pub name: &'static str,
    /// The Avro schema of its values; `None` for raw bytes.
    pub schema: Option<&'static str>,
    /// What every later schema keeps.
    pub compatibility: Compatibility,
    /// How it is kept short.
    pub cleanup: Cleanup,
}

/// Partitions of a new topic, unless the deployment says otherwise: enough for several members of a group, few
/// enough to read them all on a laptop.
pub const PARTITIONS_DEFAULT: i32 = 6;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

// Merges are few and each is made by a person: ten years of them are small, and a new consumer wants them all.
const MERGE_RETENTION: Duration = Duration::from_secs(10 * 365 * DAY.as_secs());
// Every change of the data may move clusters: a quarter of a year of history, which is what the store keeps too.
const TRANSITION_RETENTION: Duration = Duration::from_secs(90 * DAY.as_secs());
const RETRY_RETENTION: Duration = Duration::from_secs(7 * DAY.as_secs());

macro_rules! schema {
    ($name:literal) => {
        Some(include_str!(concat!("../../../schemas/", $name, ".avsc")))
    };
}

/// All topics, in the order of [`Product::ALL`].
pub const DEFINITIONS: [TopicDefinition; 10] = [
    clean(Product::Record, "organizations.record.v1", schema!("organizations.record.v1")),
    clean(Product::Organization, "organizations.organization.v1", schema!("organizations.organization.v1")),
    clean(Product::Location, "organizations.location.v1", schema!("organizations.location.v1")),
    clean(Product::Service, "organizations.service.v1", schema!("organizations.service.v1")),
    TopicDefinition {
        cleanup: Cleanup::Delete { retention: MERGE_RETENTION },
        ..clean(Product::Merge, "organizations.merge.v1", schema!("organizations.merge.v1"))
    },
    clean(Product::Redirect, "organizations.redirect.v1", schema!("organizations.redirect.v1")),
    TopicDefinition {
        compatibility: Compatibility::BackwardTransitive,
        ..clean(
            Product::DuplicateCluster,
            "resolution.duplicate-cluster.v1",
            schema!("resolution.duplicate-cluster.v1"),
        )
    },
    TopicDefinition {
        cleanup: Cleanup::Delete { retention: TRANSITION_RETENTION },
        compatibility: Compatibility::BackwardTransitive,
        ..clean(
            Product::ClusterTransition,
            "resolution.cluster-transition.v1",
            schema!("resolution.cluster-transition.v1"),
        )
    },
    raw(Product::Parked, "orgloop.parked.v1", Cleanup::Compact),
    raw(Product::ParkedRetry, "orgloop.parked-retry.v1", Cleanup::Delete { retention: RETRY_RETENTION }),
];

const fn clean(product: Product, name: &'static str, schema: Option<&'static str>) -> TopicDefinition {
    let compatibility = Compatibility::FullTransitive;
    TopicDefinition { product, name, schema, compatibility, cleanup: Cleanup::Compact }
}

const fn raw(product: Product, name: &'static str, cleanup: Cleanup) -> TopicDefinition {
    TopicDefinition { product, name, schema: None, compatibility: Compatibility::None, cleanup }
}

/// What the topics are called in this deployment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopicNames {
    /// [`Product::Record`].
    pub record: String,
    /// [`Product::Organization`].
    pub organization: String,
    /// [`Product::Location`].
    pub location: String,
    /// [`Product::Service`].
    pub service: String,
    /// [`Product::Merge`].
    pub merge: String,
    /// [`Product::Redirect`].
    pub redirect: String,
    /// [`Product::DuplicateCluster`].
    pub duplicate_cluster: String,
    /// [`Product::ClusterTransition`].
    pub cluster_transition: String,
    /// [`Product::Parked`].
    pub parked: String,
    /// [`Product::ParkedRetry`].
    pub parked_retry: String,
}

impl Default for TopicNames {
    fn default() -> Self {
        let name = |product: Product| product.definition().name.to_owned();
        Self {
            record: name(Product::Record),
            organization: name(Product::Organization),
            location: name(Product::Location),
            service: name(Product::Service),
            merge: name(Product::Merge),
            redirect: name(Product::Redirect),
            duplicate_cluster: name(Product::DuplicateCluster),
            cluster_transition: name(Product::ClusterTransition),
            parked: name(Product::Parked),
            parked_retry: name(Product::ParkedRetry),
        }
    }
}

impl TopicNames {
    /// The name of the topic that carries `product`.
    #[must_use]
    pub fn name(&self, product: Product) -> &str {
        match product {
            Product::Record => &self.record,
            Product::Organization => &self.organization,
            Product::Location => &self.location,
            Product::Service => &self.service,
            Product::Merge => &self.merge,
            Product::Redirect => &self.redirect,
            Product::DuplicateCluster => &self.duplicate_cluster,
            Product::ClusterTransition => &self.cluster_transition,
            Product::Parked => &self.parked,
            Product::ParkedRetry => &self.parked_retry,
        }
    }

    /// What the topic of this name carries; `None` for a topic that is not ours.
    #[must_use]
    pub fn product_of(&self, name: &str) -> Option<Product> {
        Product::ALL.into_iter().find(|product| self.name(*product) == name)
    }

    /// All topics, to be created with this many partitions each.
    #[must_use]
    pub fn specs(&self, partitions: i32) -> Vec<TopicSpec> {
        let spec = |definition: &TopicDefinition| TopicSpec {
            name: self.name(definition.product).to_owned(),
            partitions,
            cleanup: definition.cleanup,
        };
        DEFINITIONS.iter().map(spec).collect()
    }

    /// The subject under which the registry keeps the schema of a topic's values.
    #[must_use]
    pub fn subject(&self, product: Product) -> String {
        format!("{}-value", self.name(product))
    }

    /// Refuses names that Kafka would refuse, and one name for two topics.
    ///
    /// # Errors
    /// `Invalid`, naming the setting.
    pub fn validate(&self) -> Result<()> {
        for product in Product::ALL {
            let name = self.name(product);
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            if name.is_empty() || name.len() > 249 || !name.chars().all(legal) || matches!(name, "." | "..") {
                let problem = format!("the topic name {name:?} for {product:?} must be 1 to 249 characters");
                return Err(Error::Invalid(format!("{problem} of a-z, A-Z, 0-9, '.', '_' and '-'")));
            }
            if let Some(other) = self.product_of(name).filter(|other| *other != product) {
                let problem = format!("the topic name {name:?} is given to both {other:?} and {product:?}");
                return Err(Error::Invalid(format!("{problem}: give each its own")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Cleanup, DEFINITIONS, Product, TopicNames};
    use std::collections::HashSet;

    #[test]
    fn definitions_and_products_are_in_the_same_order() {
        for (product, definition) in Product::ALL.into_iter().zip(DEFINITIONS) {
            assert_eq!(product, definition.product);
            assert_eq!(product.definition().product, product);
            assert_eq!(definition.schema.is_some(), product.is_public(), "{product:?}");
        }
    }

    #[test]
    fn names_find_their_product_and_back() {
        let names = TopicNames { record: "crm.record".into(), ..TopicNames::default() };
        for product in Product::ALL {
            assert_eq!(names.product_of(names.name(product)), Some(product));
        }
        assert_eq!(names.product_of("organizations.record.v1"), None);
        assert_eq!(names.subject(Product::Record), "crm.record-value");
        let specs = names.specs(3);
        assert_eq!(specs.iter().map(|spec| &spec.name).collect::<HashSet<_>>().len(), 10);
        assert!(specs.iter().all(|spec| spec.partitions == 3));
        assert_eq!(specs[1].cleanup, Cleanup::Compact);
        assert!(matches!(specs[4].cleanup, Cleanup::Delete { .. }));
    }

    #[test]
    fn settings_leave_out_what_keeps_its_default() {
        let names: TopicNames = serde_json::from_str(r#"{"merge": "m"}"#).unwrap();
        assert_eq!(names, TopicNames { merge: "m".into(), ..TopicNames::default() });
        assert!(serde_json::from_str::<TopicNames>(r#"{"organisation": "m"}"#).is_err());
    }

    #[test]
    fn a_name_that_kafka_refuses_or_that_is_given_twice_is_refused() {
        TopicNames::default().validate().unwrap();
        for bad in ["", "a b", "..", "naïve", "organizations.organization.v1"] {
            let names = TopicNames { record: bad.into(), ..TopicNames::default() };
            assert!(names.validate().is_err(), "{bad:?}");
        }
    }
}
