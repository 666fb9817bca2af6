//! Generated organizations with known duplicates.
//!
//! The same number and seed give the same records on every machine, and a larger sample begins with the
//! smaller one. Every record is a function of seed and place alone: nothing is kept, so that memory does not grow
//! and time grows with the number. Names, places and domains are invented; a domain ends in `.example`. This
//! crate does no I/O. Start with [`generate`]; `truth` is what an organization is, `kin` makes near misses,
//! `corruption` makes duplicates, `telling` writes them down as a source would.

mod corruption;
mod kin;
mod naming;
mod place;
mod random;
mod source;
mod telling;
mod truth;
mod words;

use chrono::{DateTime, TimeDelta, Utc};
use entity::Record;
use random::Random;
use source::Source;
use telling::Telling;
use truth::Truth;

/// A record, and which organization it tells of.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The record.
    pub record: Record,
    /// The same for records of one organization, and for no others.
    pub entity: u64,
}

/// One in four records tells of an organization that an earlier record told of.
const DUPLICATE_PERCENT: u64 = 25;
const TELLING_TOPIC: u64 = 5;
const CHOICE_TOPIC: u64 = 6;
const SOURCE_TOPIC: u64 = 7;

/// That many records, the first created at `base` and each a millisecond after the one before.
pub fn generate(
    organizations: usize,
    seed: u64,
    base: DateTime<Utc>,
) -> impl Iterator<Item = Generated> + Clone + Send {
    (0..organizations as u64).map(move |nth| one(seed, nth, base))
}

fn one(seed: u64, nth: u64, base: DateTime<Utc>) -> Generated {
    let entity = first_record(seed, nth);
    let mut truth = truth_of(seed, entity);
    let source = source_of(seed, nth, &truth);
    let has_parent =
        truth.parent.is_some_and(|parent| source_of(seed, parent, &truth_of(seed, parent)) == source);
    let random = &mut Random::of(seed, TELLING_TOPIC, nth);
    if entity != nth {
        corruption::corrupt(&mut truth, random);
    }
    source.know(&mut truth, random);
    let after = TimeDelta::try_milliseconds(i64::try_from(nth).unwrap_or(i64::MAX)).unwrap_or_default();
    let created_at = base.checked_add_signed(after).unwrap_or(base);
    Generated { record: telling::record(truth, Telling { source, nth, created_at, has_parent }), entity }
}

fn truth_of(seed: u64, entity: u64) -> Truth {
    kin::truth(seed, entity, &|record| first_record(seed, record))
}

/// The source of a record: seldom that of the organization's first one, for a source looks out for its own
/// duplicates.
fn source_of(seed: u64, nth: u64, truth: &Truth) -> Source {
    let random = &mut Random::of(seed, SOURCE_TOPIC, nth);
    let source = Source::of(truth, random);
    let is_first = truth.entity == nth;
    if is_first || source != source_of(seed, truth.entity, truth) || random.chance(30) {
        return source;
    }
    Source::of(truth, random)
}

/// The first record of the organization that the `nth` record tells of: itself, or an earlier one. A copy of a copy is
/// one more record of the same organization; half of them choose again, so that few have very many. None reaches back further than to a quarter of its
/// own number, so that the first ones have no more than the last.
fn first_record(seed: u64, nth: u64) -> u64 {
    let mut at = nth;
    loop {
        let random = &mut Random::of(seed, CHOICE_TOPIC, at);
        if at == 0 || !random.chance(DUPLICATE_PERCENT) {
            return at;
        }
        let oldest = at / 4;
        let chosen = oldest + random.below(at - oldest);
        let again = oldest + random.below(at - oldest);
        let keeps = random.chance(50);
        at = if keeps || !is_copy(seed, chosen) { chosen } else { again };
    }
}

fn is_copy(seed: u64, nth: u64) -> bool {
    nth > 0 && Random::of(seed, CHOICE_TOPIC, nth).chance(DUPLICATE_PERCENT)
}
