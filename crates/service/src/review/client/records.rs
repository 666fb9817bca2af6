//! A member's record as the review shows it: of what the port tells, only what a reviewer compares.
//!
//! Unknown fields are passed over, so that an older review reads a newer port.

use chrono::{DateTime, Utc};
use entity::{OrganizationId, RecordId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An organization as its source tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct MemberRecord {
    /// The record.
    #[schema(value_type = Uuid)]
    pub(crate) id: RecordId,
    /// The golden record that it belongs to now.
    #[schema(value_type = Uuid)]
    pub(crate) organization_id: OrganizationId,
    /// The source that writes it.
    pub(crate) source: String,
    /// Its id in that source.
    pub(crate) source_id: String,
    /// When it first arrived.
    pub(crate) created_at: DateTime<Utc>,
    /// Its name.
    pub(crate) name: Option<String>,
    /// Other names.
    #[serde(default)]
    pub(crate) alternate_names: Vec<String>,
    /// What it is.
    pub(crate) description: Option<String>,
    /// E-mail.
    pub(crate) email: Option<String>,
    /// Website.
    pub(crate) website: Option<String>,
    /// Telephones of the organization itself.
    #[serde(default)]
    pub(crate) phones: Vec<MemberPhone>,
    /// Identifiers in registries.
    #[serde(default)]
    pub(crate) identifiers: Vec<MemberIdentifier>,
    /// Places.
    #[serde(default)]
    pub(crate) locations: Vec<MemberLocation>,
    /// Services.
    #[serde(default)]
    pub(crate) services: Vec<MemberService>,
}

/// A telephone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct MemberPhone {
    /// The number as the source writes it.
    pub(crate) number: String,
}

/// An identifier in a registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct MemberIdentifier {
    /// The register.
    pub(crate) scheme: Option<String>,
    /// The identifier itself.
    pub(crate) identifier: String,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct MemberLocation {
    /// Its name.
    pub(crate) name: Option<String>,
    /// Degrees north.
    pub(crate) latitude: Option<f64>,
    /// Degrees east.
    pub(crate) longitude: Option<f64>,
    /// Addresses.
    #[serde(default)]
    pub(crate) addresses: Vec<MemberAddress>,
    /// Telephones.
    #[serde(default)]
    pub(crate) phones: Vec<MemberPhone>,
}

/// An address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct MemberAddress {
    /// Number and street.
    pub(crate) address_1: Option<String>,
    /// Unit, floor, building.
    pub(crate) address_2: Option<String>,
    /// City or town.
    pub(crate) city: Option<String>,
    /// State or province.
    pub(crate) state_province: Option<String>,
    /// Postal code.
    pub(crate) postal_code: Option<String>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct MemberService {
    /// Its name.
    pub(crate) name: Option<String>,
}

impl MemberRecord {
    /// The name as shown.
    pub(crate) fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or("(without a name)")
    }

    /// All addresses, each in one line.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let addresses = self.locations.iter().flat_map(|location| &location.addresses);
        addresses.map(MemberAddress::line).filter(|line| !line.is_empty()).collect()
    }

    /// All telephones, of the organization and of its places.
    pub(crate) fn numbers(&self) -> Vec<String> {
        let places = self.locations.iter().flat_map(|location| &location.phones);
        let mut numbers: Vec<String> =
            self.phones.iter().chain(places).map(|phone| phone.number.clone()).collect();
        let mut seen = std::collections::HashSet::new();
        numbers.retain(|number| seen.insert(number.clone()));
        numbers
    }
}

impl MemberRecord {
    /// Its first place with coordinates.
    pub(crate) fn point(&self) -> Option<(f64, f64)> {
        self.locations.iter().find_map(|location| location.latitude.zip(location.longitude))
    }

    /// The host of its website, without `www.`.
    pub(crate) fn host(&self) -> Option<String> {
        let website = self.website.as_deref()?;
        let rest = website.split_once("://").map_or(website, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default().to_lowercase();
        let host = host.strip_prefix("www.").unwrap_or(&host).to_owned();
        (!host.is_empty()).then_some(host)
    }

    /// The website as a link that leads to a website and nowhere else.
    pub(crate) fn link(&self) -> Option<String> {
        let website = self.website.as_deref()?.trim();
        let absolute =
            if website.contains("://") { website.to_owned() } else { format!("https://{website}") };
        let url = url::Url::parse(&absolute).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| url.to_string())
    }
}

impl MemberIdentifier {
    /// The identifier with its register.
    pub(crate) fn shown(&self) -> String {
        self.scheme
            .as_ref()
            .map_or_else(|| self.identifier.clone(), |scheme| format!("{scheme} {}", self.identifier))
    }
}

impl MemberAddress {
    fn line(&self) -> String {
        let parts = [&self.address_1, &self.address_2, &self.city, &self.state_province, &self.postal_code];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}
