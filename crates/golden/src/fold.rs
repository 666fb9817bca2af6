//! Duplicates among the rows of several members: told once where a golden record is presented.
//!
//! Presentation only: each row keeps its id and its topic, and `folded` names the row that stands for it. Rows of one
//! record are never folded into each other: what a source tells twice is its own affair.

use crate::words::{digits, street, words};
use entity::policy::FoldedList;
use entity::record::FoldedRow;
use entity::{GoldenRecord, Location, Organization, Phone, Record, Service};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// A row of a list that may be folded.
trait Foldable {
    const TABLE: &'static str;
    fn id(&self) -> Uuid;
    /// What two rows have in common that tell of the same; `None` when a row says too little to tell.
    fn key(&self) -> Option<String>;
    /// Whether nothing else speaks against it. `places` are the locations that are shown as others.
    fn agrees(&self, other: &Self, places: &HashMap<Uuid, Uuid>) -> bool;
}

impl Foldable for Phone {
    const TABLE: &'static str = "phone";
    fn id(&self) -> Uuid {
        self.id
    }
    fn key(&self) -> Option<String> {
        phone_key(self)
    }
    fn agrees(&self, _other: &Self, _places: &HashMap<Uuid, Uuid>) -> bool {
        true
    }
}

/// Fewer digits are no telephone that two could share.
const DIGITS_MIN: usize = 5;

/// The number as it is dialled, its extension, and what answers.
fn phone_key(phone: &Phone) -> Option<String> {
    let number = digits(&phone.number);
    // With or without the country code of North America.
    let national = number.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(&number);
    let extension = digits(phone.extension.as_deref().unwrap_or_default());
    let kind = phone.phone_type.as_deref().map_or_else(|| "voice".to_owned(), words);
    (number.len() >= DIGITS_MIN).then(|| format!("{national}x{extension} {kind}"))
}

impl Foldable for Location {
    const TABLE: &'static str = "location";
    fn id(&self) -> Uuid {
        self.id.0
    }
    /// The first address; for a place without one, its web address, or its name and where it lies.
    fn key(&self) -> Option<String> {
        let said = |text: &Option<String>| text.as_deref().map(words).unwrap_or_default();
        if let Some(address) = self.addresses.first() {
            let street = street(address.address_1.as_deref().unwrap_or_default());
            let (unit, city, code) =
                (said(&address.address_2), said(&address.city), said(&address.postal_code));
            // Five signs of a code: `14850-1234` is in `14850`.
            let code: String = code.split(' ').next().unwrap_or_default().chars().take(5).collect();
            let says_nothing = street.is_empty() || (city.is_empty() && code.is_empty());
            return (!says_nothing).then(|| format!("at {street}|{unit}|{city}|{code}"));
        }
        if let Some(url) = self.url.as_deref().filter(|_| self.location_type.as_deref() == Some("virtual")) {
            return Some(format!("url {}", url.trim().trim_end_matches('/').to_lowercase()));
        }
        // Four decimals are eleven metres.
        let (north, east) = self.latitude.zip(self.longitude)?;
        let name = said(&self.name);
        (!name.is_empty()).then(|| format!("near {name}|{north:.4}|{east:.4}"))
    }
    fn agrees(&self, other: &Self, _places: &HashMap<Uuid, Uuid>) -> bool {
        agree(self.name.as_deref(), other.name.as_deref())
    }
}

impl Foldable for Service {
    const TABLE: &'static str = "service";
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn key(&self) -> Option<String> {
        self.name.as_deref().map(words).filter(|name| !name.is_empty())
    }
    /// Offered at a place in common, as far as both say where.
    fn agrees(&self, other: &Self, places: &HashMap<Uuid, Uuid>) -> bool {
        let at = |service: &Self| -> BTreeSet<Uuid> {
            service.location_ids.iter().map(|place| shown(place.0, places)).collect()
        };
        let (one, two) = (at(self), at(other));
        let somewhere = one.is_empty() || two.is_empty() || !one.is_disjoint(&two);
        somewhere && agree(self.status.as_deref(), other.status.as_deref())
    }
}

/// Whether two texts say the same, as far as both are said.
fn agree(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_none_or(|(one, other)| words(one) == words(other))
}

fn shown(id: Uuid, folds: &HashMap<Uuid, Uuid>) -> Uuid {
    folds.get(&id).copied().unwrap_or(id)
}

/// The rows of a union that are duplicates of a row of another record. The row that comes first stands.
pub(crate) fn duplicates(golden: &Organization, records: &[&Record], lists: &[FoldedList]) -> Vec<FoldedRow> {
    let mut folded = Vec::new();
    let none = HashMap::new();
    let owners = |length: &dyn Fn(&Organization) -> usize| -> Vec<usize> {
        let lengths = records.iter().map(|record| length(&record.organization)).enumerate();
        lengths.flat_map(|(owner, length)| std::iter::repeat_n(owner, length)).collect()
    };
    if lists.contains(&FoldedList::Phones) {
        folded.extend(fold(&golden.phones, &owners(&|told| told.phones.len()), &none));
    }
    if lists.contains(&FoldedList::Locations) {
        folded.extend(fold(&golden.locations, &owners(&|told| told.locations.len()), &none));
    }
    if lists.contains(&FoldedList::Services) {
        let places = folded.iter().map(|row: &FoldedRow| (row.id, row.shown_as)).collect();
        folded.extend(fold(&golden.services, &owners(&|told| told.services.len()), &places));
    }
    folded
}

fn fold<T: Foldable>(rows: &[T], owners: &[usize], places: &HashMap<Uuid, Uuid>) -> Vec<FoldedRow> {
    let mut folded = Vec::new();
    if owners.first() == owners.last() {
        return folded;
    }
    let mut standing: HashMap<String, Vec<(usize, &T)>> = HashMap::new();
    for (row, owner) in rows.iter().zip(owners) {
        let Some(key) = row.key() else { continue };
        let alike = standing.entry(key).or_default();
        match alike.iter().find(|(other, kept)| other != owner && kept.agrees(row, places)) {
            Some((_, kept)) => {
                folded.push(FoldedRow { table: T::TABLE.to_owned(), id: row.id(), shown_as: kept.id() });
            }
            None => alike.push((*owner, row)),
        }
    }
    folded
}

/// A golden record as consumers see it: without the rows that are folded; what hung on these hangs on those that stand
/// for them.
#[must_use]
pub fn presented(mut golden: GoldenRecord) -> GoldenRecord {
    if golden.folded.is_empty() {
        return golden;
    }
    let folds: HashMap<Uuid, Uuid> = golden.folded.iter().map(|row| (row.id, row.shown_as)).collect();
    let organization = &mut golden.organization;
    organization.phones.retain(|phone| !folds.contains_key(&phone.id));
    present(&mut organization.locations, &folds, |place, folded| gather(&mut place.phones, folded.phones));
    present(&mut organization.services, &folds, |service, folded| {
        gather(&mut service.phones, folded.phones);
        service.location_ids.extend(folded.location_ids);
    });
    for service in &mut organization.services {
        let mut seen = BTreeSet::new();
        service.location_ids.iter_mut().for_each(|place| place.0 = shown(place.0, &folds));
        service.location_ids.retain(|place| seen.insert(*place));
    }
    golden
}

fn present<T: Foldable>(rows: &mut Vec<T>, folds: &HashMap<Uuid, Uuid>, mut take: impl FnMut(&mut T, T)) {
    let all = std::mem::take(rows);
    let (folded, standing): (Vec<_>, Vec<_>) = all.into_iter().partition(|row| folds.contains_key(&row.id()));
    *rows = standing;
    for row in folded {
        let into = shown(row.id(), folds);
        if let Some(kept) = rows.iter_mut().find(|kept| kept.id() == into) {
            take(kept, row);
        }
    }
}

/// The telephones of a folded row, but for those that are there.
fn gather(phones: &mut Vec<Phone>, folded: Vec<Phone>) {
    for phone in folded {
        let key = phone_key(&phone);
        if key.is_none() || phones.iter().all(|other| phone_key(other) != key) {
            phones.push(phone);
        }
    }
}
