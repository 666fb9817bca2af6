//! Sources, each with what it knows and how it writes.

use crate::place::Spelling;
use crate::random::Random;
use crate::truth::{Kind, Truth};

/// A directory that organizations come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    County,
    Line,
    Registry,
    Food,
}

impl Source {
    /// One that would list such an organization.
    pub(crate) fn of(truth: &Truth, random: &mut Random) -> Self {
        let feeds = matches!(truth.kind, Kind::Food | Kind::Church | Kind::Care);
        match random.below(100) {
            0..38 => Self::County,
            38..66 => Self::Line,
            66..84 => Self::Registry,
            _ if feeds => Self::Food,
            _ => Self::Line,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::County => "county-directory",
            Self::Line => "211-line",
            Self::Registry => "state-registry",
            Self::Food => "food-network",
        }
    }

    /// Its own way to number.
    pub(crate) fn source_id(self, nth: u64) -> String {
        match self {
            Self::County => format!("{}", 1_000 + nth),
            Self::Line => format!("L-{nth:07}"),
            Self::Registry => format!("{:08}", 20_000_000 + nth * 3),
            Self::Food => format!("agency-{nth}"),
        }
    }

    pub(crate) fn spelling(self) -> Spelling {
        match self {
            Self::County | Self::Food => Spelling::Long,
            Self::Line | Self::Registry => Spelling::Short,
        }
    }

    pub(crate) fn phone(self, digits: &str) -> String {
        let (Some(area), Some(exchange), Some(line)) = (digits.get(..3), digits.get(3..6), digits.get(6..))
        else {
            return digits.to_owned();
        };
        match self {
            Self::County => format!("({area}) {exchange}-{line}"),
            Self::Line => format!("{area}-{exchange}-{line}"),
            Self::Registry => digits.to_owned(),
            Self::Food => format!("{area}.{exchange}.{line}"),
        }
    }

    /// Leaves of the truth what this source knows.
    pub(crate) fn know(self, truth: &mut Truth, random: &mut Random) {
        match self {
            Self::County => truth.ein = truth.ein.take().filter(|_| random.chance(30)),
            Self::Line => {
                truth.ein = None;
                for site in &mut truth.sites {
                    site.point = site.point.filter(|_| random.chance(30));
                }
            }
            Self::Registry => registry(truth, random),
            Self::Food => {
                (truth.ein, truth.year, truth.fax) = (None, None, None);
                truth.website = truth.website.take().filter(|_| random.chance(40));
                truth.sites.truncate(1);
                truth.offers = vec![("Food Pantry", "Groceries for households in need.")];
            }
        }
    }
}

/// A registry has legal names and numbers, in capitals, and one address.
fn registry(truth: &mut Truth, random: &mut Random) {
    let form = truth.legal_form.unwrap_or("Inc");
    let form = form.trim_start_matches([',', ' ']);
    if random.chance(70) {
        truth.name = format!("{} {form}", truth.name);
    }
    truth.legal_form = None;
    truth.name = truth.name.to_uppercase();
    truth.website = None;
    truth.phone = truth.phone.take().filter(|_| random.chance(45));
    truth.email = truth.email.take().filter(|_| random.chance(25));
    (truth.fax, truth.description) = (None, None);
    truth.offers.clear();
    truth.sites.truncate(1);
    for site in &mut truth.sites {
        (site.point, site.name) = (None, None);
        site.city = site.city.to_uppercase();
    }
}
