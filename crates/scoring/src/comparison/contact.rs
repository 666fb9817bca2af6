//! Contacts, registry identifiers and services.

use super::{Agreement, levels};
use crate::features::RecordFeatures;
use std::cmp::Ordering;

levels! {
    /// Telephones; later levels are better.
    PhoneLevel "phone" {
        Missing = "missing",
        Different = "different",
        SameExchange = "same but for the last digits",
        Near = "one digit off",
        SameTollFree = "same, toll-free",
        SameLocal = "same local number",
        Same = "same",
    }
}

levels! {
    /// Web and mail addresses; later levels are better.
    OnlineLevel "web and e-mail" {
        Missing = "missing",
        Different = "different",
        SameDomainOtherPage = "same domain, other page",
        SameDomain = "same domain",
        SameMailbox = "same e-mail",
        SamePage = "same page",
    }
}

levels! {
    /// Registry identifiers.
    IdentifierLevel "identifier" {
        Missing = "missing",
        Different = "different in one register",
        Same = "same",
    }
}

levels! {
    /// Words of the services.
    ServicesLevel "services" {
        Missing = "missing",
        Disjoint = "nothing shared",
        Some = "some shared",
        Most = "most shared",
        Same = "same",
    }
}

/// What telephone and web say together.
pub(super) fn agreement(phone: PhoneLevel, online: OnlineLevel) -> Agreement {
    let same_phone = phone >= PhoneLevel::Near;
    let same_online = online >= OnlineLevel::SameDomain;
    match (phone, online) {
        _ if same_phone || same_online => Agreement::Same,
        (PhoneLevel::Missing, OnlineLevel::Missing | OnlineLevel::SameDomainOtherPage) => Agreement::Unknown,
        _ => Agreement::Other,
    }
}

/// The best of all pairs of their numbers.
pub(super) fn compare_phones(a: &RecordFeatures, b: &RecordFeatures) -> PhoneLevel {
    let pairs =
        a.phones.iter().flat_map(|left| b.phones.iter().map(move |right| compare_numbers(left, right)));
    pairs.max().unwrap_or(PhoneLevel::Missing)
}

/// The local part of a number, where no area is known; more digits than these name the area too.
const LOCAL_DIGITS: usize = 7;
/// The digits that a switchboard gives out.
const LINE_DIGITS: usize = 4;

fn compare_numbers(a: &str, b: &str) -> PhoneLevel {
    if a == b {
        return match a.as_bytes() {
            [b'+', b'1', b'8', x, y, ..] if x == y && *x != b'1' => PhoneLevel::SameTollFree,
            [b'+', ..] => PhoneLevel::Same,
            _ => same(a),
        };
    }
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() >= LOCAL_DIGITS && !short.starts_with('+') && long.ends_with(short) {
        return same(short);
    }
    if short.len() != long.len() {
        return PhoneLevel::Different;
    }
    if one_digit_off(a.as_bytes(), b.as_bytes()) {
        return PhoneLevel::Near;
    }
    let exchange = a.len().saturating_sub(LINE_DIGITS);
    if a.as_bytes()[..exchange] == b.as_bytes()[..exchange] {
        PhoneLevel::SameExchange
    } else {
        PhoneLevel::Different
    }
}

/// What shared national digits are worth.
fn same(digits: &str) -> PhoneLevel {
    if digits.len() > LOCAL_DIGITS { PhoneLevel::Same } else { PhoneLevel::SameLocal }
}

/// Whether one digit differs, or two neighbours are swapped.
fn one_digit_off(a: &[u8], b: &[u8]) -> bool {
    let mut differing = a.iter().zip(b).enumerate().filter(|(_, (x, y))| x != y).map(|(at, _)| at);
    match (differing.next(), differing.next(), differing.next()) {
        (Some(_), None, _) => true,
        (Some(i), Some(j), None) => j == i + 1 && a[i] == b[j] && a[j] == b[i],
        _ => false,
    }
}

/// Pages and mailboxes first, then domains.
pub(super) fn compare_online(a: &RecordFeatures, b: &RecordFeatures) -> OnlineLevel {
    if shares(&a.pages, &b.pages) {
        return OnlineLevel::SamePage;
    }
    if shares(&a.mailboxes, &b.mailboxes) {
        return OnlineLevel::SameMailbox;
    }
    if shares(&a.domains, &b.domains) {
        let other_page = !a.pages.is_empty() && !b.pages.is_empty();
        return if other_page { OnlineLevel::SameDomainOtherPage } else { OnlineLevel::SameDomain };
    }
    // Two mailboxes with big providers, or a domain against a page elsewhere, do not contradict each other.
    if a.domains.is_empty() || b.domains.is_empty() { OnlineLevel::Missing } else { OnlineLevel::Different }
}

/// One shared identifier decides; a different one counts only within one register.
pub(super) fn compare_identifiers(a: &RecordFeatures, b: &RecordFeatures) -> IdentifierLevel {
    if shares(&a.identifiers, &b.identifiers) {
        return IdentifierLevel::Same;
    }
    let same_register =
        |scheme: &str| b.identifiers.iter().any(|(other, _)| !scheme.is_empty() && other == scheme);
    if a.identifiers.iter().any(|(scheme, _)| same_register(scheme)) {
        IdentifierLevel::Different
    } else {
        IdentifierLevel::Missing
    }
}

/// How much of the smaller list of service words is in the other.
pub(super) fn compare_services(a: &RecordFeatures, b: &RecordFeatures) -> ServicesLevel {
    let shared = shared_count(&a.services, &b.services);
    let (less, more) = (a.services.len().min(b.services.len()), a.services.len().max(b.services.len()));
    match shared {
        _ if less == 0 => ServicesLevel::Missing,
        0 => ServicesLevel::Disjoint,
        all if all == more => ServicesLevel::Same,
        most if most * 2 >= less => ServicesLevel::Most,
        _ => ServicesLevel::Some,
    }
}

fn shares<T: Ord>(a: &[T], b: &[T]) -> bool {
    a.iter().any(|value| b.contains(value))
}

/// How many values two sorted lists share.
fn shared_count<T: Ord>(mut a: &[T], mut b: &[T]) -> usize {
    let mut count = 0;
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
        match x.cmp(y) {
            Ordering::Less => a = rest_a,
            Ordering::Greater => b = rest_b,
            Ordering::Equal => {
                count += 1;
                (a, b) = (rest_a, rest_b);
            }
        }
    }
    count
}
