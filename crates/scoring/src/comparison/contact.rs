//! Contacts, registry identifiers and services.

use super::levels;
use crate::features::{RecordFeatures, Text};
use crate::similarity::shared_count;

levels! {
    /// Telephones; later levels are better.
    PhoneLevel "phone" {
        Missing = "missing" / 0,
        Different = "different" / 1,
        SameArea = "same area" / 1,
        SameExchange = "same but for the last digits" / 2,
        Near = "one digit off" / 3,
        SameTollFree = "same, toll-free" / 3,
        SameLocal = "same local number" / 4,
        Same = "same" / 4,
    }
}

levels! {
    /// Registrable domains of web and mail addresses.
    DomainLevel "domain" {
        Missing = "missing" / 0,
        Different = "different" / 1,
        Alike = "alike" / 2,
        Same = "same" / 3,
    }
}

levels! {
    /// Pages below a domain.
    PageLevel "web page" {
        Missing = "missing" / 0,
        OtherNumber = "same domain, other number" / 1,
        Different = "different" / 1,
        Within = "one below the other" / 2,
        SameNumber = "same number in both" / 3,
        Same = "same" / 3,
    }
}

levels! {
    /// Mailboxes.
    MailboxLevel "mailbox" {
        Missing = "missing" / 0,
        Different = "different" / 1,
        Same = "same" / 2,
    }
}

levels! {
    /// Registry identifiers.
    IdentifierLevel "identifier" {
        Missing = "missing" / 0,
        Different = "different in one register" / 1,
        Same = "same" / 2,
    }
}

levels! {
    /// Words of the services.
    ServicesLevel "services" {
        Missing = "missing" / 0,
        Disjoint = "nothing shared" / 1,
        Few = "a few shared" / 2,
        Some = "some shared" / 2,
        Most = "most shared" / 3,
        Within = "one within the other" / 3,
        Same = "same" / 3,
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
    let alike = |line: usize| {
        let end = a.len().saturating_sub(line);
        end > 1 && a.as_bytes()[..end] == b.as_bytes()[..end]
    };
    if alike(LINE_DIGITS) {
        PhoneLevel::SameExchange
    } else if a.len() > LOCAL_DIGITS && alike(LOCAL_DIGITS) {
        PhoneLevel::SameArea
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

/// The best of all pairs of their domains.
pub(super) fn compare_domains(a: &RecordFeatures, b: &RecordFeatures) -> DomainLevel {
    if a.domains.is_empty() || b.domains.is_empty() {
        return DomainLevel::Missing;
    }
    if shares(&a.domains, &b.domains) {
        return DomainLevel::Same;
    }
    let alike = |left: &Text<'_>| b.domains.iter().any(|right| domains_alike(left, right));
    if a.domains.iter().any(alike) { DomainLevel::Alike } else { DomainLevel::Different }
}

/// `clinic.org` and `clinic.com`, or one name within the other: `gotham` and `gothamsteak`.
fn domains_alike(a: &str, b: &str) -> bool {
    let label = |domain: &str| domain.find('.').unwrap_or(domain.len());
    let (a, b) = (&a[..label(a)], &b[..label(b)]);
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    // Domains are short: a searcher takes longer to be made than these steps take.
    short.len() >= 5 && long.as_bytes().windows(short.len()).any(|part| part == short.as_bytes())
}

/// The best of all pairs of their pages.
pub(super) fn compare_pages(a: &RecordFeatures, b: &RecordFeatures) -> PageLevel {
    if a.pages.is_empty() || b.pages.is_empty() {
        return PageLevel::Missing;
    }
    if shares(&a.pages, &b.pages) {
        return PageLevel::Same;
    }
    let pairs = a.pages.iter().flat_map(|left| b.pages.iter().map(move |right| compare_page(left, right)));
    pairs.max().unwrap_or(PageLevel::Missing)
}

fn compare_page(a: &str, b: &str) -> PageLevel {
    let below = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('/'));
    if below(a, b) || below(b, a) {
        return PageLevel::Within;
    }
    let domain = |page: &str| page.find('/').unwrap_or(page.len());
    if a[..domain(a)] != b[..domain(b)] {
        return PageLevel::Different;
    }
    // Chains number their sites: `store/1971/details`, `store/1971-rochester`.
    match (page_number(a), page_number(b)) {
        (Some(left), Some(right)) if left == right => PageLevel::SameNumber,
        (Some(_), Some(_)) => PageLevel::OtherNumber,
        _ => PageLevel::Different,
    }
}

/// The first longer number in a page's path.
fn page_number(page: &str) -> Option<&str> {
    const DIGITS_MIN: usize = 3;
    page.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() >= DIGITS_MIN)
}

/// The best of all pairs of their mailboxes.
pub(super) fn compare_mailboxes(a: &RecordFeatures, b: &RecordFeatures) -> MailboxLevel {
    if a.mailboxes.is_empty() || b.mailboxes.is_empty() {
        MailboxLevel::Missing
    } else if shares(&a.mailboxes, &b.mailboxes) {
        MailboxLevel::Same
    } else {
        MailboxLevel::Different
    }
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

/// How much of the lists of service words is shared.
pub(super) fn compare_services(a: &RecordFeatures, b: &RecordFeatures) -> ServicesLevel {
    let shared = shared_count(&a.services, &b.services);
    let (less, more) = (a.services.len().min(b.services.len()), a.services.len().max(b.services.len()));
    match shared {
        _ if less == 0 => ServicesLevel::Missing,
        0 => ServicesLevel::Disjoint,
        all if all == more => ServicesLevel::Same,
        all if all == less => ServicesLevel::Within,
        most if most * 2 >= less => ServicesLevel::Most,
        some if some * 4 >= less => ServicesLevel::Some,
        _ => ServicesLevel::Few,
    }
}

fn shares<T: Ord>(a: &[T], b: &[T]) -> bool {
    a.iter().any(|value| b.contains(value))
}
