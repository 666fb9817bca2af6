//! The labelled sets beside the checkout, as records: for the tests of quality and for fitting a model.

use chrono::{DateTime, Utc};
use entity::organization::Extra;
use entity::{Address, Location, Organization, Phone, Record, RecordId, Service};
use scoring::{RecordFeatures, Sketch};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// A set of records with what is known of them.
pub struct Set {
    pub name: String,
    pub records: Vec<Record>,
    /// Per record, the entity that it is of.
    pub entities: Vec<String>,
    /// Where only some pairs were judged: those, as places in `records`.
    pub judged: Option<Vec<(usize, usize, bool)>>,
}

/// The folder of a set, or `None` (said aloud) when it is not on this machine.
pub fn folder(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if folder.join("orgs.csv").exists() {
        return Some(folder);
    }
    println!("SKIPPED: the set {name} is not at {}", folder.display());
    None
}

/// Reads `orgs.csv`, `truth.csv` and, where there is one, `pairs.csv`.
pub fn read(folder: &Path) -> Set {
    let rows = rows(&folder.join("orgs.csv"));
    let places: HashMap<String, usize> =
        rows.iter().enumerate().map(|(at, row)| (row["id"].clone(), at)).collect();
    let mut entities = vec![String::new(); rows.len()];
    for row in self::rows(&folder.join("truth.csv")) {
        entities[places[&row["id"]]].clone_from(&row["entity_id"]);
    }
    let judged = folder.join("pairs.csv");
    let judged = judged.exists().then(|| {
        let pairs = self::rows(&judged);
        pairs.iter().map(|row| (places[&row["id_a"]], places[&row["id_b"]], row["label"] == "1")).collect()
    });
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    Set { name, records: rows.iter().map(record).collect(), entities, judged }
}

fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// A record of one location, as an import of plain CSV makes it.
pub fn record(row: &BTreeMap<String, String>) -> Record {
    let field = |name: &str| row.get(name).filter(|value| !value.is_empty()).cloned();
    let source_id = row["id"].clone();
    let id = entity::id::derive("test", "organization", &source_id);
    let address = Address {
        id,
        source_id: source_id.clone(),
        attention: None,
        address_1: field("street"),
        address_2: None,
        city: field("city"),
        region: None,
        state_province: field("state"),
        postal_code: field("postcode"),
        country: field("country"),
        address_type: None,
        extra: Extra::default(),
    };
    let location = Location {
        id: id.into(),
        source_id: source_id.clone(),
        name: None,
        alternate_name: None,
        description: None,
        location_type: None,
        url: None,
        transportation: None,
        latitude: field("latitude").and_then(|degrees| degrees.parse().ok()),
        longitude: field("longitude").and_then(|degrees| degrees.parse().ok()),
        addresses: vec![address],
        phones: Vec::new(),
        extra: Extra::default(),
    };
    let organization = Organization {
        name: field("name"),
        email: field("email"),
        website: field("website"),
        phones: field("phone").map(|number| phone(id, number)).into_iter().collect(),
        locations: vec![location],
        services: row["services"]
            .split(';')
            .filter(|name| !name.trim().is_empty())
            .map(|name| service(id, name))
            .collect(),
        ..Organization::default()
    };
    Record {
        id: RecordId(id),
        source: "test".to_owned(),
        source_id,
        created_at: DateTime::<Utc>::UNIX_EPOCH,
        organization,
    }
}

fn phone(id: Uuid, number: String) -> Phone {
    let source_id = id.to_string();
    Phone {
        id,
        source_id,
        number,
        extension: None,
        phone_type: None,
        description: None,
        extra: Extra::default(),
    }
}

fn service(id: Uuid, name: &str) -> Service {
    Service {
        id: id.into(),
        source_id: id.to_string(),
        name: Some(name.trim().to_owned()),
        alternate_name: None,
        description: None,
        url: None,
        email: None,
        status: None,
        phones: Vec::new(),
        location_ids: Vec::new(),
        extra: Extra::default(),
    }
}

/// Takes some fields from all records, as a poorer source would tell them: `phone+web`.
pub fn withhold(set: &mut Set, fields: &str) {
    for record in &mut set.records {
        let organization = &mut record.organization;
        for field in fields.split('+').filter(|field| !field.is_empty()) {
            let addresses = organization.locations.iter_mut().flat_map(|location| &mut location.addresses);
            match field {
                "phone" => organization.phones.clear(),
                "web" => (organization.website, organization.email) = (None, None),
                "services" => organization.services.clear(),
                "street" => addresses.for_each(|address| address.address_1 = None),
                "postcode" => addresses.for_each(|address| address.postal_code = None),
                "city" => addresses.for_each(|address| address.city = None),
                "position" => organization.locations.iter_mut().for_each(|location| {
                    (location.latitude, location.longitude) = (None, None);
                }),
                other => assert_eq!(other, "", "a field of sets"),
            }
        }
    }
    if !fields.is_empty() {
        set.name = format!("{} without {fields}", set.name);
    }
}

/// Pairs of records that share a key of a block of at most `block_size_max` and are not ruled out, sorted.
pub fn candidates(features: &[RecordFeatures], block_size_max: usize) -> Vec<(usize, usize)> {
    let keys: Vec<_> = features.iter().map(scoring::blocking_keys).collect();
    let sketches: Vec<_> = features.iter().map(Sketch::of).collect();
    let mut pairs = sharing_a_key(&keys, block_size_max);
    pairs.retain(|&(a, b)| !sketches[a].rules_out(&sketches[b]));
    pairs
}

/// Pairs of records that share a key of a block of at most `block_size_max`, sorted.
pub fn sharing_a_key(keys: &[Vec<String>], block_size_max: usize) -> Vec<(usize, usize)> {
    let mut blocks: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, keys) in keys.iter().enumerate() {
        for key in keys {
            blocks.entry(key).or_default().push(at);
        }
    }
    let mut pairs = Vec::new();
    for block in blocks.values().filter(|block| block.len() <= block_size_max) {
        for (at, &left) in block.iter().enumerate() {
            pairs.extend(block[at + 1..].iter().map(|&right| (left, right)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// The true pairs, sorted: the judged matches where pairs were judged, else all of one entity.
pub fn true_pairs(set: &Set) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    if let Some(judged) = &set.judged {
        pairs.extend(judged.iter().filter(|(_, _, same)| *same).map(|&(a, b, _)| (a.min(b), a.max(b))));
    } else {
        let mut entities: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, entity) in set.entities.iter().enumerate() {
            entities.entry(entity).or_default().push(at);
        }
        for members in entities.values() {
            for (at, &left) in members.iter().enumerate() {
                pairs.extend(members[at + 1..].iter().map(|&right| (left, right)));
            }
        }
    }
    pairs.sort_unstable();
    pairs
}
