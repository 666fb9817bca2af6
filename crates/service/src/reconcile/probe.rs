//! A query as a record of its own, so that the model compares it as it compares records.

use super::properties::Property;
use super::query::Query;
use chrono::DateTime;
use entity::{Organization, Record, RecordId};
use scoring::RecordFeatures;
use uuid::Uuid;

/// A query made ready to be compared.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) features: RecordFeatures<'static>,
    pub(super) keys: Vec<String>,
    /// What to search for, beside the blocking keys: a mistyped name shares none.
    pub(super) words: String,
    /// The id that was asked for instead of a name.
    pub(super) id: Option<RecordId>,
}

impl Probe {
    pub(super) fn of(query: &Query) -> Self {
        let id: Option<RecordId> = query.text.as_deref().and_then(|text| text.parse().ok());
        let mut organization = Organization::default();
        let named = query.text.iter().filter(|_| id.is_none());
        named.for_each(|text| Property::Name.put(&mut organization, text));
        query.values.iter().for_each(|(property, text)| property.put(&mut organization, text));
        let words = words(&organization);
        let features = scoring::features(&record(organization));
        Self { keys: scoring::blocking_keys(&features), features, words, id }
    }
}

/// Name, town and telephones.
fn words(organization: &Organization) -> String {
    let towns = organization.locations.iter().flat_map(|location| &location.addresses);
    let towns = towns.filter_map(|address| address.city.as_ref());
    let phones = organization.phones.iter().map(|phone| &phone.number);
    let words: Vec<&str> = organization.name.iter().chain(towns).chain(phones).map(String::as_str).collect();
    words.join(" ")
}

fn record(organization: Organization) -> Record {
    Record {
        id: RecordId(Uuid::nil()),
        source: String::new(),
        source_id: String::new(),
        created_at: DateTime::UNIX_EPOCH,
        organization,
    }
}
