//! Training: without labels, with few, and the same twice.

use chrono::{DateTime, Utc};
use entity::organization::Extra;
use entity::{Address, Location, Organization, Phone, Record, RecordId};
use scoring::training::{Corpus, Settings, Start, train};
use scoring::{Error, Model, RecordFeatures, blocking_keys, compare, features};
use uuid::Uuid;

const FIRST: [&str; 10] =
    ["Amber", "Birch", "Cobalt", "Dorset", "Ember", "Falcon", "Garnet", "Heron", "Indigo", "Juniper"];
const STREETS: [&str; 7] = ["Oak", "Main", "Harbor", "Kenilworth", "Second", "Prospect", "Vine"];
const SECOND: [&str; 6] = ["Shelter", "Clinic", "Library", "Kitchen", "Gallery", "Workshop"];

fn told(name: String, street: String, number: Option<String>) -> RecordFeatures<'static> {
    let id = Uuid::nil();
    let phone = |number| Phone {
        id,
        source_id: String::new(),
        number,
        extension: None,
        phone_type: None,
        description: None,
        extra: Extra::default(),
    };
    let address = Address {
        id,
        source_id: String::new(),
        attention: None,
        address_1: Some(street),
        address_2: None,
        city: Some("Springfield".to_owned()),
        region: None,
        state_province: None,
        postal_code: None,
        country: Some("US".to_owned()),
        address_type: None,
        extra: Extra::default(),
    };
    let location = Location {
        id: id.into(),
        source_id: String::new(),
        name: None,
        alternate_name: None,
        description: None,
        location_type: None,
        url: None,
        transportation: None,
        latitude: None,
        longitude: None,
        addresses: vec![address],
        phones: Vec::new(),
        extra: Extra::default(),
    };
    features(&Record {
        id: RecordId(id),
        source: String::new(),
        source_id: String::new(),
        created_at: DateTime::<Utc>::UNIX_EPOCH,
        organization: Organization {
            name: Some(name),
            phones: number.map(phone).into_iter().collect(),
            locations: vec![location],
            ..Organization::default()
        },
    })
}

/// Sixty organizations, each told twice: the second telling has moved when `moved`, and kept its telephone.
fn corpus(moved: bool) -> Corpus {
    let mut records = Vec::new();
    for (nth, (first, second)) in
        FIRST.iter().flat_map(|first| SECOND.iter().map(move |second| (first, second))).enumerate()
    {
        let number = Some(format!("217{}{:04}", 200 + nth * 11, 1_000 + nth * 97));
        let street = |at: usize| format!("{} {} Street", 100 + at * 13, STREETS[at % STREETS.len()]);
        records.push((nth, told(format!("{first} {second}"), street(nth), number.clone())));
        let later = if moved { nth + 500 } else { nth };
        records.push((nth, told(format!("The {first} {second} Inc"), street(later), number)));
    }
    let mut corpus = Corpus { records: records.len() as u64, ..Corpus::default() };
    for (at, (left, a)) in records.iter().enumerate() {
        let keys = blocking_keys(a);
        for (right, b) in &records[at + 1..] {
            if !blocking_keys(b).iter().any(|key| keys.contains(key)) {
                continue;
            }
            corpus.vectors.push(compare(a, b));
            corpus.labels.push(Some(left == right));
        }
    }
    corpus
}

fn loss(model: &Model, corpus: &Corpus) -> f64 {
    let prior = model.prior(corpus.records);
    let labels = corpus.vectors.iter().zip(&corpus.labels);
    labels
        .map(|(vector, label)| {
            let said = model.probability(model.weigh(vector) + prior);
            -(if *label == Some(true) { said } else { 1.0 - said }).ln()
        })
        .sum()
}

#[test]
fn without_labels_copies_are_told_from_strangers() {
    let mut corpus = corpus(false);
    let truth = std::mem::take(&mut corpus.labels);
    corpus.labels = vec![None; truth.len()];
    let settings = Settings { start: Start::Mixture, ..Settings::from_labels("unlabelled") };
    let trained = train(std::slice::from_ref(&corpus), &settings).unwrap();
    assert_eq!(trained.labelled, (0, 0));
    let prior = trained.model.prior(corpus.records);
    let said = corpus.vectors.iter().map(|vector| trained.model.weigh(vector) + prior > 0.0);
    let wrong = said.zip(truth).filter(|(said, truth)| Some(*said) != *truth).count();
    assert!(wrong <= 6, "{wrong} of {} candidates", corpus.vectors.len());
}

#[test]
fn two_hundred_labels_improve_the_model_they_are_put_on() {
    let corpus = corpus(true);
    let mut few = corpus.clone();
    // All matches and some strangers, as a reviewer would label who is shown what is near.
    let strangers = few.labels.iter().filter(|label| **label == Some(false)).count();
    let every = strangers.div_ceil(140);
    for (nth, label) in few.labels.iter_mut().enumerate() {
        if *label == Some(false) && nth % every > 0 {
            *label = None;
        }
    }
    let known = few.labels.iter().flatten().count();
    assert!((100..=250).contains(&known), "{known}");
    let shipped = Model::shipped();
    let trained = train(std::slice::from_ref(&few), &Settings::on_top_of(shipped, "moved")).unwrap();
    assert!(loss(&trained.model, &few) < loss(shipped, &few));
    assert_eq!((trained.model.version(), trained.labelled.0), ("moved", 60));
    assert_eq!(trained.model.threshold().to_bits(), shipped.threshold().to_bits());
    let again = train(&[few], &Settings::on_top_of(shipped, "moved")).unwrap();
    assert_eq!(again.model.to_json().unwrap(), trained.model.to_json().unwrap());
}

#[test]
fn no_labels_move_nothing_and_a_model_survives_its_file() {
    let mut corpus = corpus(false);
    corpus.labels = vec![None; corpus.vectors.len()];
    let shipped = Model::shipped();
    let trained = train(&[corpus], &Settings::on_top_of(shipped, shipped.version())).unwrap();
    let read = Model::from_json(&trained.model.to_json().unwrap()).unwrap();
    assert_eq!(read, trained.model);
    let vector = compare(&told("A".into(), "1 B St".into(), None), &told("A".into(), "1 B St".into(), None));
    assert_eq!(read.weigh(&vector).to_bits(), shipped.weigh(&vector).to_bits());
}

#[test]
fn a_corpus_without_pairs_or_with_too_few_labels_is_refused() {
    let settings = Settings::from_labels("none");
    let short = Corpus { labels: vec![None], ..Corpus::default() };
    for corpora in [vec![], vec![Corpus::default()], vec![short]] {
        assert!(matches!(train(&corpora, &settings), Err(Error::Invalid(_))));
    }
}
