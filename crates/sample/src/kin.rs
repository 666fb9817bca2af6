//! Organizations that look like another and are not: branches of a chain, tenants of a building, a school in a
//! church, a site of an agency, posts told apart by a number.

use crate::naming;
use crate::place::{City, phone, toll_free};
use crate::random::Random;
use crate::truth::{Kind, Truth};
use crate::words::names::POSTS;

const KIN_TOPIC: u64 = 3;
const CHAIN_TOPIC: u64 = 4;
const ORDER_TOPIC: u64 = 8;

/// How many hosts a host may have had in turn.
const HOSTS_MAX: u32 = 8;

/// The organization that first shows as the `nth` record. `first_record` tells an organization by any record.
pub(crate) fn truth(seed: u64, nth: u64, first_record: &impl Fn(u64) -> u64) -> Truth {
    within(seed, nth, first_record, HOSTS_MAX)
}

fn within(seed: u64, nth: u64, first_record: &impl Fn(u64) -> u64, hosts: u32) -> Truth {
    let random = &mut Random::of(seed, KIN_TOPIC, nth);
    let relation = random.below(100);
    match relation {
        0..6 => return branch_of_chain(seed, nth, random),
        6..8 => return numbered(seed, nth),
        8..15 if nth > 0 && hosts > 0 => {}
        _ => return Truth::alone(seed, nth, None),
    }
    let host = within(seed, first_record(random.below(nth)), first_record, hosts - 1);
    let is_near = relation < 13 || random.chance(50);
    let mut own = Truth::alone(seed, nth, is_near.then(|| host.city.clone()));
    match relation {
        8..11 => tenant(&mut own, &host, random),
        11..13 => inside(&mut own, &host, random),
        _ => site_of(&mut own, &host, random),
    }
    own
}

/// The same name, website and often telephone; another address.
fn branch_of_chain(seed: u64, nth: u64, random: &mut Random) -> Truth {
    let mut own = Truth::alone(seed, nth, None);
    let rank = random.below(4 + own.entity / 60);
    let chain = &mut Random::of(seed, CHAIN_TOPIC, rank);
    let name = naming::chain(chain, rank);
    let domain = naming::domain(&name, chain, rank);
    let number = toll_free(rank, chain);
    if chain.chance(50) {
        own.phone = Some(number);
    }
    let city = own.city.name.clone();
    own.website = Some(if chain.chance(60) {
        format!("https://www.{domain}")
    } else {
        format!("https://www.{domain}/{}", city.to_lowercase().replace(' ', "-"))
    });
    own.email = chain.chance(40).then(|| format!("info@{domain}"));
    own.name = if chain.chance(50) { name } else { format!("{name} of {city}") };
    own.alternate_name = None;
    own.sites.truncate(1);
    own
}

/// At the same address, perhaps behind another door.
fn tenant(own: &mut Truth, host: &Truth, random: &mut Random) {
    let Some(theirs) = host.sites.first() else { return };
    let mut site = theirs.clone();
    (site.name, site.phone) = (None, None);
    if random.chance(60) {
        site.street.unit = Some(("Suite", "Ste", 100 + random.below(300)));
    }
    own.sites = vec![site];
}

/// A preschool in a church, a pantry in a center: the host's name, address and often telephone.
fn inside(own: &mut Truth, host: &Truth, random: &mut Random) {
    tenant(own, host, random);
    let stem = ["Church of the Nazarene", "Church", "Parish", "Center", "Elementary School"]
        .iter()
        .find_map(|tail| host.name.strip_suffix(tail))
        .unwrap_or(&host.name)
        .trim();
    let part =
        random.pick(&["Preschool", "Food Pantry", "Academy", "Child Care", "Thrift Store", "Day School"]);
    own.name = format!("{stem} {part}");
    (own.alternate_name, own.kind) = (None, Kind::School);
    if random.chance(50) {
        own.phone.clone_from(&host.phone);
    }
    if random.chance(40) {
        own.website.clone_from(&host.website);
    }
}

/// A site that a directory lists on its own: the parent's name and website, a place of its own.
fn site_of(own: &mut Truth, host: &Truth, random: &mut Random) {
    let place =
        random.pick(&["North Center", "East Campus", "Family Center", "Early Head Start", "Westside"]);
    own.name = if random.chance(50) {
        format!("{} - {place}", host.name)
    } else {
        format!("{} {}", host.name, own.city.name)
    };
    own.phone =
        if random.chance(30) { host.phone.clone() } else { Some(phone(&own.city, random, own.entity)) };
    own.website.clone_from(&host.website);
    own.email.clone_from(&host.email);
    (own.alternate_name, own.legal_form, own.ein) = (None, None, None);
    own.kind = host.kind;
    own.parent = Some(host.entity);
    own.sites.truncate(1);
}

/// Post 12 beside post 21: a few of every two hundred organizations bear one name and a number of their own.
fn numbered(seed: u64, nth: u64) -> Truth {
    const NUMBERS: u64 = 200;
    let order = &mut Random::of(seed, ORDER_TOPIC, nth / NUMBERS);
    let city = City::of(seed, order, nth - nth % NUMBERS);
    let kind = order.pick(&POSTS);
    let name = if order.chance(50) { format!("{} {kind}", city.name) } else { (*kind).to_owned() };
    let mut own = Truth::alone(seed, nth, Some(city));
    own.name = format!("{name} {}", 1 + nth % NUMBERS);
    (own.kind, own.alternate_name) = (Kind::Post, None);
    own
}
