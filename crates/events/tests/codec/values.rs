//! Values of every topic, varied by a seed.

use chrono::DateTime;
use entity::Version;
use entity::cluster::{ClusterMember, ExplanationLine, PairEvidence};
use entity::event::{
    ClusterChanged, LocationChanged, MergeChanged, MergeOp, Op, OrganizationChanged, RecordChanged,
    RedirectChanged, ServiceChanged, TransitionChanged,
};
use entity::organization::{Address, Extra, Identifier, Location, Organization, Phone, Service};
use entity::record::{FieldOrigin, FoldedRow};
use entity::{TransitionCause, TransitionKind};
use serde_json::json;
use uuid::Uuid;

/// Numbers from a seed: xorshift, enough to vary values.
pub(crate) struct Dice {
    pub(crate) state: u64,
    /// Every option is there, every list has one item.
    pub(crate) full: bool,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, full: false }
    }

    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % sides
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.roll(u64::MAX), self.roll(u64::MAX))
    }

    pub(crate) fn text(&mut self) -> String {
        let samples =
            ["", "a", "Kirche St. Jürgen", "\u{0}", "日本赤十字社", "quote \" and \\ and \n", "🏥", "null"];
        let sample = samples[usize::try_from(self.roll(8)).unwrap()];
        sample.repeat(usize::try_from(self.roll(200)).unwrap() + 1)
    }

    pub(crate) fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(3) > 0 || self.full).then(|| make(self))
    }

    pub(crate) fn some<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let length = if self.full { 1 } else { self.roll(4) };
        (0..length).map(|_| make(self)).collect()
    }

    pub(crate) fn number(&mut self) -> f64 {
        [0.0, -0.0, 1.5, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, -71.058_888_1]
            [usize::try_from(self.roll(7)).unwrap()]
    }

    pub(crate) fn extra(&mut self) -> Extra {
        match self.roll(3) {
            0 => Extra::default(),
            _ => Extra(
                json!({self.text(): self.text(), "n": [1, null, {"extra": 2.5}]})
                    .as_object()
                    .unwrap()
                    .clone(),
            ),
        }
    }

    pub(crate) fn version(&mut self) -> Version {
        [Version(0), Version(i64::MAX), Version::new(3, 77).unwrap()][usize::try_from(self.roll(3)).unwrap()]
    }

    pub(crate) fn phone(&mut self) -> Phone {
        Phone {
            id: self.uuid(),
            source_id: self.text(),
            number: self.text(),
            extension: self.maybe(Self::text),
            phone_type: self.maybe(Self::text),
            description: self.maybe(Self::text),
            extra: self.extra(),
        }
    }

    pub(crate) fn address(&mut self) -> Address {
        Address {
            id: self.uuid(),
            source_id: self.text(),
            attention: self.maybe(Self::text),
            address_1: self.maybe(Self::text),
            address_2: self.maybe(Self::text),
            city: self.maybe(Self::text),
            region: self.maybe(Self::text),
            state_province: self.maybe(Self::text),
            postal_code: self.maybe(Self::text),
            country: self.maybe(Self::text),
            address_type: self.maybe(Self::text),
            extra: self.extra(),
        }
    }

    pub(crate) fn location(&mut self) -> Location {
        Location {
            id: self.uuid().into(),
            source_id: self.text(),
            name: self.maybe(Self::text),
            alternate_name: self.maybe(Self::text),
            description: self.maybe(Self::text),
            location_type: self.maybe(Self::text),
            url: self.maybe(Self::text),
            transportation: self.maybe(Self::text),
            latitude: self.maybe(Self::number),
            longitude: self.maybe(Self::number),
            addresses: self.some(Self::address),
            phones: self.some(Self::phone),
            extra: self.extra(),
        }
    }

    pub(crate) fn service(&mut self) -> Service {
        Service {
            id: self.uuid().into(),
            source_id: self.text(),
            name: self.maybe(Self::text),
            alternate_name: self.maybe(Self::text),
            description: self.maybe(Self::text),
            url: self.maybe(Self::text),
            email: self.maybe(Self::text),
            status: self.maybe(Self::text),
            phones: self.some(Self::phone),
            location_ids: self.some(|dice| dice.uuid().into()),
            extra: self.extra(),
        }
    }

    pub(crate) fn identifier(&mut self) -> Identifier {
        Identifier {
            id: self.uuid(),
            source_id: self.text(),
            scheme: self.maybe(Self::text),
            identifier_type: self.maybe(Self::text),
            identifier: self.text(),
            extra: self.extra(),
        }
    }

    pub(crate) fn organization(&mut self) -> Organization {
        Organization {
            name: self.maybe(Self::text),
            alternate_names: self.some(Self::text),
            description: self.maybe(Self::text),
            email: self.maybe(Self::text),
            website: self.maybe(Self::text),
            tax_status: self.maybe(Self::text),
            tax_id: self.maybe(Self::text),
            year_incorporated: self.maybe(|dice| if dice.roll(2) == 0 { i32::MIN } else { i32::MAX }),
            legal_status: self.maybe(Self::text),
            uri: self.maybe(Self::text),
            parent_organization_id: self.maybe(Self::uuid),
            identifiers: self.some(Self::identifier),
            phones: self.some(Self::phone),
            locations: self.some(Self::location),
            services: self.some(Self::service),
            extra: self.extra(),
        }
    }

    pub(crate) fn time(&mut self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_micros(1_700_000_000_000_000 + i64::try_from(self.roll(1 << 40)).unwrap())
            .unwrap()
    }

    pub(crate) fn record_changed(&mut self) -> RecordChanged {
        RecordChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Upsert,
            source: self.maybe(Self::text),
            source_id: self.maybe(Self::text),
            created_at: self.maybe(Self::time),
            organization: self.maybe(Self::organization),
        }
    }

    pub(crate) fn organization_changed(&mut self) -> OrganizationChanged {
        OrganizationChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Redirect,
            redirect_to: self.maybe(|dice| dice.uuid().into()),
            members: self.maybe(|dice| dice.some(|dice| dice.uuid().into())),
            created_at: self.maybe(Self::time),
            organization: self.maybe(Self::organization),
            origins: self.maybe(|dice| {
                let origin = |dice: &mut Self| FieldOrigin {
                    field: dice.text(),
                    record_id: dice.uuid().into(),
                    origin: dice.text(),
                };
                dice.some(origin)
            }),
            truncated: self.maybe(|dice| dice.roll(2) == 0),
            folded: self.maybe(|dice| {
                let folded = |dice: &mut Self| FoldedRow {
                    table: dice.text(),
                    id: dice.uuid(),
                    shown_as: dice.uuid(),
                };
                dice.some(folded)
            }),
            policy: self.maybe(Self::text),
        }
    }

    pub(crate) fn location_changed(&mut self) -> LocationChanged {
        LocationChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Delete,
            organization_id: self.maybe(|dice| dice.uuid().into()),
            source_organization_id: self.maybe(|dice| dice.uuid().into()),
            source: self.maybe(Self::text),
            location: self.maybe(Self::location),
        }
    }

    pub(crate) fn service_changed(&mut self) -> ServiceChanged {
        ServiceChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Upsert,
            organization_id: self.maybe(|dice| dice.uuid().into()),
            source_organization_id: self.maybe(|dice| dice.uuid().into()),
            source: self.maybe(Self::text),
            service: self.maybe(Self::service),
        }
    }

    pub(crate) fn merge_changed(&mut self) -> MergeChanged {
        MergeChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: if self.roll(2) == 0 { MergeOp::Merged } else { MergeOp::Unmerged },
            survivor: self.maybe(|dice| dice.uuid().into()),
            absorbed: self.maybe(|dice| dice.some(|dice| dice.uuid().into())),
            by: self.maybe(Self::text),
            at: self.maybe(Self::time),
            reason: self.maybe(Self::text),
        }
    }

    pub(crate) fn redirect_changed(&mut self) -> RedirectChanged {
        RedirectChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Redirect,
            redirect_to: self.maybe(|dice| dice.uuid().into()),
        }
    }

    pub(crate) fn pair(&mut self) -> PairEvidence {
        let line = |dice: &mut Self| ExplanationLine {
            comparison: dice.text(),
            level: dice.text(),
            weight: dice.number(),
        };
        PairEvidence {
            left: self.uuid().into(),
            right: self.uuid().into(),
            match_weight: self.number(),
            probability: self.number(),
            explanation: self.some(line),
        }
    }

    pub(crate) fn cluster_changed(&mut self) -> ClusterChanged {
        let member = |dice: &mut Self| ClusterMember {
            record_id: dice.uuid().into(),
            organization_id: dice.uuid().into(),
            probability: dice.number(),
        };
        ClusterChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Upsert,
            members: self.maybe(|dice| dice.some(member)),
            probability: self.maybe(Self::number),
            open: self.maybe(|dice| dice.roll(2) == 0),
            pairs: self.maybe(|dice| dice.some(Self::pair)),
            model_version: self.maybe(Self::text),
        }
    }

    pub(crate) fn transition_changed(&mut self) -> TransitionChanged {
        let (kinds, causes) = (
            [TransitionKind::Born, TransitionKind::Split, TransitionKind::Retired],
            [
                TransitionCause::Scores,
                TransitionCause::Judgement,
                TransitionCause::Merge,
                TransitionCause::Model,
            ],
        );
        TransitionChanged {
            id: self.uuid(),
            version: self.version(),
            op: kinds[usize::try_from(self.roll(3)).unwrap()],
            cause: self.maybe(|dice| causes[usize::try_from(dice.roll(4)).unwrap()]),
            at: self.maybe(Self::time),
            before: self.maybe(|dice| dice.some(|dice| dice.uuid().into())),
            after: self.maybe(|dice| dice.some(|dice| dice.uuid().into())),
            members_before: self.maybe(|dice| dice.roll(9)),
            members_after: self.maybe(|dice| dice.roll(9)),
        }
    }
}
