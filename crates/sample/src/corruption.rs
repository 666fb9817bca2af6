//! What happens to an organization on its way into a second record.

use crate::naming::acronym;
use crate::place::{Site, Street, other_phone, round};
use crate::random::Random;
use crate::truth::Truth;
use crate::words::names::{ABBREVIATIONS, LEGAL_FORMS};

/// Corrupts a copy: a little for most, more for some; never so much that nothing tells who it is.
pub(crate) fn corrupt(truth: &mut Truth, random: &mut Random) {
    let told_by_name = corrupt_name(truth, random);
    let moved = told_by_name && random.chance(9);
    if moved {
        move_away(truth, random);
    }
    corrupt_address(truth, random);
    if told_by_name && !moved {
        corrupt_phone(truth, random);
    } else {
        truth.email = truth.email.take().filter(|_| random.chance(70));
    }
    lose_fields(truth, random, told_by_name);
}

/// Whether the name still tells.
fn corrupt_name(truth: &mut Truth, random: &mut Random) -> bool {
    let mut told = true;
    match random.below(100) {
        0..26 => {}
        26..44 => truth.name = typo(&truth.name, random),
        44..60 => truth.name = abbreviate(&truth.name),
        60..68 => {
            truth.legal_form =
                if truth.legal_form.is_some() { None } else { Some(*random.pick(&LEGAL_FORMS)) }
        }
        68..75 => truth.name = reorder(&truth.name, truth.sites.first(), random),
        75..81 => drop_word(&mut truth.name, random),
        81..86 => truth.name = misread(&truth.name, random),
        86..91 => told = !use_alternate_name(truth),
        91..95 => {
            let letters = acronym(&truth.name);
            if letters.len() >= 3 {
                told = random.chance(50);
                truth.name = if told { format!("{} ({letters})", truth.name) } else { letters };
            }
        }
        _ => {
            truth.name = abbreviate(&typo(&truth.name, random));
        }
    }
    match random.below(100) {
        0..8 => truth.name = truth.name.to_uppercase(),
        8..11 => truth.name = truth.name.to_lowercase(),
        _ => {}
    }
    told
}

/// One key amiss: swapped, left out, doubled, or its neighbour.
fn typo(text: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() < 4 {
        return text.to_owned();
    }
    let at = 1 + random.place_in(letters.len() - 2);
    match random.below(4) {
        0 => letters.swap(at, at + 1),
        1 => drop(letters.remove(at)),
        2 => letters.insert(at, *letters.get(at).unwrap_or(&' ')),
        _ => {
            let neighbour = letters.get(at).map_or('e', |letter| neighbour(*letter));
            letters.splice(at..=at, [neighbour]);
        }
    }
    letters.into_iter().collect()
}

/// The key to the right on a US keyboard.
fn neighbour(letter: char) -> char {
    const ROWS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let right =
        |letter: char| ROWS.iter().find_map(|row| row.chars().skip_while(|key| *key != letter).nth(1));
    right(letter.to_ascii_lowercase()).unwrap_or('n')
}

fn abbreviate(name: &str) -> String {
    let short = |word: &str| ABBREVIATIONS.iter().find(|(long, _)| *long == word).map(|(_, short)| *short);
    name.split(' ').map(|word| short(word).unwrap_or(word)).collect::<Vec<_>>().join(" ")
}

/// Words in another order, or with the city.
fn reorder(name: &str, site: Option<&Site>, random: &mut Random) -> String {
    let city = site.map_or("", |site| site.city.as_str());
    match (random.below(3), name.split_once(' '), name.rsplit_once(" of ")) {
        (_, _, Some((head, of))) => format!("{of} {head}"),
        (0, Some((first, rest)), None) => format!("{rest}, {first}"),
        (1, _, None) if !name.contains(city) => format!("{name} of {city}"),
        _ if !name.contains(city) => format!("{city} {name}"),
        (_, Some((first, rest)), None) => format!("{rest} {first}"),
        _ => name.to_owned(),
    }
}

fn drop_word(name: &mut String, random: &mut Random) {
    let mut words: Vec<&str> = name.split(' ').collect();
    if words.len() > 2 {
        words.remove(random.place_in(words.len()));
        *name = words.join(" ");
    }
}

/// As a scanner reads print.
fn misread(name: &str, random: &mut Random) -> String {
    const PAIRS: [(&str, &str); 9] = [
        ("rn", "m"),
        ("m", "rn"),
        ("l", "1"),
        ("o", "0"),
        ("O", "0"),
        ("e", "c"),
        ("S", "5"),
        ("i", "l"),
        ("B", "8"),
    ];
    let found: Vec<_> = PAIRS.iter().filter(|(print, _)| name.contains(print)).collect();
    if found.is_empty() {
        return name.to_owned();
    }
    let (print, read) = random.pick(&found);
    name.replacen(print, read, 1)
}

/// Known by its other name, the first one left out for half.
fn use_alternate_name(truth: &mut Truth) -> bool {
    let Some(other) = truth.alternate_name.take() else { return false };
    let first = std::mem::replace(&mut truth.name, other);
    // By length: a coin that needs no throw.
    truth.alternate_name = (first.len() % 2 == 0).then_some(first);
    truth.alternate_name.is_none()
}

/// Within the city; the telephone stays.
fn move_away(truth: &mut Truth, random: &mut Random) {
    let nth = truth.entity;
    for site in &mut truth.sites {
        site.street = Street::random(random, nth);
        site.point = site.point.map(|(north, east)| {
            (round(random.around().mul_add(0.03, north)), round(random.around().mul_add(0.03, east)))
        });
        if random.chance(50) {
            site.postcode = site.postcode.take().map(|code| replace_last(&code, random));
        }
    }
}

fn replace_last(digits: &str, random: &mut Random) -> String {
    let kept = digits.get(..digits.len().saturating_sub(1)).unwrap_or_default();
    format!("{kept}{}", random.below(10))
}

fn corrupt_address(truth: &mut Truth, random: &mut Random) {
    let Some(site) = truth.sites.first_mut() else { return };
    match random.below(100) {
        0..6 => site.street.name = typo(&site.street.name, random),
        6..9 => site.street.number += 2 * (1 + random.below(5)),
        9..24 => site.street.unit = None,
        24..28 => site.street.direction = None,
        28..33 => site.city = typo(&site.city, random),
        33..38 => site.city = suburb(&site.city, random),
        38..42 => site.postcode = site.postcode.take().map(|code| replace_last(&code, random)),
        42..46 => {
            site.postcode = site.postcode.take().map(|code| format!("{code}-{:04}", 1 + random.below(9_998)))
        }
        // North and east in each other's column.
        46..48 => site.point = site.point.map(|(north, east)| (east.clamp(-90.0, 90.0), north)),
        48..51 => site.point = site.point.map(|(north, east)| (round(north), -east)),
        _ => {
            site.point = site.point.map(|(north, east)| {
                (round(random.around().mul_add(4e-4, north)), round(random.around().mul_add(4e-4, east)))
            });
        }
    }
}

/// What people there call their part of it.
fn suburb(city: &str, random: &mut Random) -> String {
    match random.below(4) {
        0 => format!("North {city}"),
        1 => format!("{city} Heights"),
        2 => format!("{city} Township"),
        _ => format!("West {city}"),
    }
}

fn corrupt_phone(truth: &mut Truth, random: &mut Random) {
    match random.below(100) {
        0..8 => truth.phone = truth.phone.take().map(|number| other_phone(&number, random)),
        8..12 => truth.phone = truth.phone.take().map(|number| swap_digits(&number, random)),
        12..16 => std::mem::swap(&mut truth.phone, &mut truth.fax),
        _ => {}
    }
}

fn swap_digits(number: &str, random: &mut Random) -> String {
    let mut digits: Vec<char> = number.chars().collect();
    if digits.len() > 5 {
        let at = 4 + random.place_in(digits.len() - 5);
        digits.swap(at, at + 1);
    }
    digits.into_iter().collect()
}

/// Fields that the second source does not have, or has in the wrong place.
fn lose_fields(truth: &mut Truth, random: &mut Random, told_by_name: bool) {
    if told_by_name && random.chance(12) {
        truth.phone = None;
    }
    truth.email = truth.email.take().filter(|_| random.chance(60));
    truth.website = truth.website.take().filter(|_| random.chance(70));
    if random.chance(10) {
        truth.website = truth.website.take().map(|site| site.replace("https://www.", "http://"));
    }
    if random.chance(4) {
        std::mem::swap(&mut truth.email, &mut truth.website);
    }
    truth.alternate_name = truth.alternate_name.take().filter(|_| random.chance(60));
    truth.ein = truth.ein.take().filter(|_| random.chance(70));
    truth.year = truth.year.filter(|_| random.chance(60));
    if random.chance(30) {
        truth.offers.truncate(1);
    }
    if random.chance(25) {
        truth.sites.truncate(1);
    }
    if random.chance(35) {
        truth.description = None;
    }
    if told_by_name && random.chance(4) {
        truth.sites.iter_mut().for_each(|site| site.postcode = None);
    }
}
