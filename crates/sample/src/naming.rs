//! Believable names, and what is made of a name.

use crate::place::City;
use crate::random::Random;
use crate::truth::Kind;
use crate::words::names::{CHAIN_TAILS, CONGREGATIONS, DENOMINATIONS, FIRST_NAMES, POSTS, SAINTS, VIRTUES};
use crate::words::places::STREETS;
use crate::words::surname;

/// The name of an organization.
pub(crate) fn name(kind: Kind, city: &City, random: &mut Random, nth: u64) -> String {
    match kind {
        Kind::Church => church(city, random, nth),
        Kind::School => school(city, random, nth),
        Kind::Post => post(city, random, nth),
        Kind::Care => {
            const TAILS: [&str; 12] = [
                "Community Services",
                "Family Resource Center",
                "Outreach",
                "Housing Partnership",
                "Senior Center",
                "Community Action",
                "Neighborhood House",
                "Women's Shelter",
                "Rescue Mission",
                "Aid Society",
                "Community Center",
                "Settlement House",
            ];
            headed(&TAILS, city, random, nth)
        }
        Kind::Food => {
            const TAILS: [&str; 7] = [
                "Food Bank",
                "Food Pantry",
                "Community Kitchen",
                "Meals on Wheels",
                "Harvest Table",
                "Food Shelf",
                "Soup Kitchen",
            ];
            headed(&TAILS, city, random, nth)
        }
        Kind::Clinic => {
            const TAILS: [&str; 9] = [
                "Family Health Center",
                "Community Health Center",
                "Medical Clinic",
                "Free Clinic",
                "Pediatrics",
                "Dental Clinic",
                "Counseling Associates",
                "Women's Health",
                "Memorial Hospital",
            ];
            headed(&TAILS, city, random, nth)
        }
        Kind::Recovery => {
            const TAILS: [&str; 6] = [
                "Recovery Center",
                "House",
                "Treatment Center",
                "Behavioral Health",
                "Sober Living",
                "Counseling",
            ];
            headed(&TAILS, city, random, nth)
        }
        Kind::Legal => {
            const TAILS: [&str; 5] =
                ["Legal Aid", "Legal Services", "Law Center", "Justice Project", "Tenants' Rights Clinic"];
            headed(&TAILS, city, random, nth)
        }
        Kind::Library => {
            const TAILS: [&str; 4] =
                ["Public Library", "Free Library", "Memorial Library", "Community Library"];
            headed(&TAILS, city, random, nth)
        }
        Kind::Youth => {
            const TAILS: [&str; 6] = [
                "Youth Center",
                "Boys and Girls Club",
                "Youth Alliance",
                "Mentors",
                "Children's Home",
                "Scouts",
            ];
            headed(&TAILS, city, random, nth)
        }
    }
}

/// A tail under a name that tells it from others: a place, a person, a street, an idea.
fn headed(tails: &[&str], city: &City, random: &mut Random, nth: u64) -> String {
    let tail = *random.pick(tails);
    match random.below(100) {
        0..22 => format!("{} {tail}", city.name),
        22..40 => format!("{} {tail}", surname(random, nth)),
        40..52 => format!("{} {} {tail}", random.pick(&FIRST_NAMES), surname(random, nth)),
        52..62 => format!("{} Street {tail}", random.pick(&STREETS)),
        62..70 => format!("{tail} of {}", city.name),
        70..78 => format!("{} {tail} of {}", random.pick(&VIRTUES), city.name),
        78..86 => format!("{} County {tail}", surname(random, nth)),
        86..93 => format!("{} {} {tail}", city.name, random.pick(&VIRTUES)),
        _ => format!("{} {tail}", random.pick(&VIRTUES)),
    }
}

fn church(city: &City, random: &mut Random, nth: u64) -> String {
    let denomination = *random.pick(&DENOMINATIONS);
    let tail = if denomination.contains("Church") || denomination.contains("God") { "" } else { " Church" };
    match random.below(100) {
        0..18 => {
            let kind = random.pick(&[
                "Catholic Church",
                "Parish",
                "Lutheran Church",
                "Episcopal Church",
                "Orthodox Church",
            ]);
            let saint = random.pick(&SAINTS);
            let spelled = if random.chance(70) { "St." } else { "Saint" };
            if random.chance(40) {
                format!("{spelled} {saint} {kind} of {}", city.name)
            } else {
                format!("{spelled} {saint} {kind}")
            }
        }
        18..48 => format!("{} {denomination}{tail}", random.pick(&CONGREGATIONS)),
        48..62 => format!("{} {denomination}{tail} of {}", random.pick(&CONGREGATIONS), city.name),
        62..74 => format!("{} {denomination}{tail}", city.name),
        74..84 => format!("{} Street {denomination}{tail}", random.pick(&STREETS)),
        84..92 => format!("{} Chapel {denomination}{tail}", surname(random, nth)),
        92..96 => format!(
            "Iglesia {} de {}",
            random.pick(&["Nueva Vida", "El Buen Pastor", "La Roca", "Monte Sion"]),
            city.name
        ),
        _ => format!("{} Worship Center", surname(random, nth)),
    }
}

fn school(city: &City, random: &mut Random, nth: u64) -> String {
    const TAILS: [&str; 9] = [
        "Elementary School",
        "Middle School",
        "High School",
        "Academy",
        "Early Childhood Center",
        "Preschool",
        "Child Development Center",
        "Montessori School",
        "Day Nursery",
    ];
    let tail = random.pick(&TAILS);
    match random.below(100) {
        0..35 => format!("{} {} {tail}", random.pick(&FIRST_NAMES), surname(random, nth)),
        35..60 => format!("{} {tail}", surname(random, nth)),
        60..75 => format!("{} {tail}", city.name),
        75..88 => format!("{} {tail}", random.pick(&STREETS)),
        _ => format!("{} Head Start {}", city.name, random.pick(&STREETS)),
    }
}

fn post(city: &City, random: &mut Random, nth: u64) -> String {
    let kind = random.pick(&POSTS);
    let number = 1 + random.below(60 + nth / 20);
    match random.below(3) {
        0 => format!("{} {kind} {number}", city.name),
        1 => format!("{} {} {kind} {number}", random.pick(&FIRST_NAMES), surname(random, nth)),
        _ => format!("{kind} {number}"),
    }
}

/// The name of a chain with branches everywhere.
pub(crate) fn chain(random: &mut Random, chain: u64) -> String {
    let tail = random.pick(&CHAIN_TAILS);
    if random.chance(30) {
        return format!("{} {tail}", random.pick(&VIRTUES));
    }
    format!("{} {tail}", surname(random, 50 * chain))
}

/// Another name of the same organization, which shares no word with the first for many.
pub(crate) fn other_name(kind: Kind, name: &str, random: &mut Random, nth: u64) -> String {
    let acronym = acronym(name);
    match kind {
        _ if random.chance(40) && acronym.len() >= 3 => acronym,
        Kind::School => format!("{} School", surname(random, nth)),
        Kind::Church => format!("{} Fellowship", random.pick(&VIRTUES)),
        _ if random.chance(50) => format!("Project {}", random.pick(&VIRTUES)),
        _ => format!("The {} {}", surname(random, nth), random.pick(&["Center", "House", "Place", "Fund"])),
    }
}

/// The first letters of the words that count.
pub(crate) fn acronym(name: &str) -> String {
    let words = name.split([' ', '-']).filter(|word| word.chars().next().is_some_and(char::is_uppercase));
    words.filter_map(|word| word.chars().next()).collect()
}

pub(crate) fn site_name(place: usize, random: &mut Random) -> &'static str {
    if place == 0 {
        return "Main Office";
    }
    const NAMES: [&str; 8] = [
        "North Side Center",
        "South Side Center",
        "Downtown Office",
        "Annex",
        "Family Center",
        "Westside Site",
        "Outreach Office",
        "Campus",
    ];
    random.pick::<&str>(&NAMES)
}

/// A domain that no one can own (RFC 2606). Short names need a number to stay their owner's alone.
pub(crate) fn domain(name: &str, random: &mut Random, nth: u64) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    let number = if random.chance(50) { nth.to_string() } else { String::new() };
    if letters.len() >= 22 || !number.is_empty() {
        return format!("{}{number}.example", letters.to_ascii_lowercase());
    }
    format!("{}-{}.example", letters.to_ascii_lowercase(), surname(random, nth).to_ascii_lowercase())
}

pub(crate) fn email(domain: &str, random: &mut Random) -> String {
    let box_name = random.pick(&["info", "office", "contact", "admin", "hello", "help"]);
    format!("{box_name}@{domain}")
}

pub(crate) fn description(kind: Kind, city: &City) -> String {
    let what = match kind {
        Kind::Church => "A congregation that serves its neighbors in",
        Kind::Care => "Help for individuals and families in",
        Kind::Food => "Food for people in need in and around",
        Kind::School => "Learning for children and their families in",
        Kind::Clinic => "Health care for everyone in",
        Kind::Recovery => "Treatment and support for recovery in",
        Kind::Legal => "Free legal help for people of low income in",
        Kind::Library => "Books, computers and classes for the people of",
        Kind::Post => "Veterans and neighbors serving",
        Kind::Youth => "A safe place for young people in",
    };
    format!("{what} {}, {}.", city.name, city.state.name)
}
