//! How much one caller may ask for: a bucket of tokens for each identity and each address.

use super::settings::LimitSettings;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Whose bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// An address; of IPv6 the network that one subscriber gets.
    Address(IpAddr),
    /// Credentials that opened nothing, from an address.
    Failed(IpAddr),
    /// An API token.
    Token(Uuid),
    /// A person or program by name.
    Name(String),
    /// All for whom there is no room: they share one.
    Others,
}

impl Key {
    pub(super) fn address(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Others, |address| Self::Address(network(address)))
    }

    pub(super) fn failed(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Others, |address| Self::Failed(network(address)))
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(_) if address.is_loopback() => address,
        IpAddr::V6(long) => Ipv6Addr::from(u128::from(long) & (u128::MAX << 64)).into(),
    }
}

/// What a bucket holds and how fast it fills.
#[derive(Clone, Copy, Debug)]
struct Rate {
    per_second: f64,
    burst: f64,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
    rate: Rate,
}

impl Bucket {
    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = self.rate.burst.min(self.left + passed * self.rate.per_second);
        self.at = now;
    }
}

/// All buckets. They are in memory, of this process: a limit that keeps a process from being swamped needs no more.
#[derive(Debug)]
pub(super) struct Limits {
    settings: LimitSettings,
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    of: HashMap<Key, Bucket>,
    /// When full ones were last forgotten.
    swept: Option<Instant>,
}

/// Buckets at a time; beyond, full ones are forgotten, which changes nothing for whose they are.
const BUCKETS_MAX: usize = 20_000;
/// At most so often: looking at all of them for each newcomer would be what a flood wants.
const SWEEP: Duration = Duration::from_secs(1);

/// Where a caller is, for the generosity that it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Here,
    Elsewhere,
}

impl Limits {
    pub(super) fn new(settings: LimitSettings) -> Self {
        Self { settings, buckets: Mutex::default() }
    }

    /// Takes one from the bucket, or says how long to wait.
    pub(super) fn take(&self, key: Key, from: From, now: Instant) -> Result<(), Duration> {
        let rate = self.rate(&key, from);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if buckets.has_room_for(&key, now) { key } else { Key::Others };
        let bucket = match buckets.of.entry(key) {
            Entry::Occupied(bucket) => bucket.into_mut(),
            Entry::Vacant(place) => place.insert(Bucket { left: rate.burst, at: now, rate }),
        };
        bucket.fill(now);
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64(((1.0 - bucket.left) / bucket.rate.per_second).min(3600.0)))
    }

    fn rate(&self, key: &Key, from: From) -> Rate {
        let LimitSettings { requests_per_second, burst, loopback_factor, failed_sign_ins_per_minute } =
            self.settings;
        let rate = match key {
            Key::Failed(_) => {
                Rate { per_second: failed_sign_ins_per_minute / 60.0, burst: failed_sign_ins_per_minute }
            }
            _ => Rate { per_second: requests_per_second, burst },
        };
        let factor = match (key, from) {
            // Guessing is no faster for being near.
            (Key::Failed(_), _) | (_, From::Elsewhere) => 1.0,
            (_, From::Here) => loopback_factor,
        };
        // A limit of nothing would lock everybody out for good.
        Rate { per_second: (rate.per_second * factor).max(0.01), burst: (rate.burst * factor).max(1.0) }
    }
}

impl Buckets {
    fn has_room_for(&mut self, key: &Key, now: Instant) -> bool {
        if self.of.len() < BUCKETS_MAX || self.of.contains_key(key) {
            return true;
        }
        if self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP) {
            self.swept = Some(now);
            self.of.retain(|_, bucket| {
                bucket.fill(now);
                bucket.left < bucket.rate.burst
            });
        }
        self.of.len() < BUCKETS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let settings = LimitSettings {
            requests_per_second: 2.0,
            burst: 3.0,
            loopback_factor: 10.0,
            failed_sign_ins_per_minute: 2.0,
        };
        Limits::new(settings)
    }

    fn taken(limits: &Limits, key: &Key, from: From, now: Instant) -> usize {
        std::iter::repeat_with(|| limits.take(key.clone(), from, now)).take_while(Result::is_ok).count()
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let (limits, now) = (limits(), Instant::now());
        let key = Key::address("192.0.2.1".parse().ok());
        assert_eq!(taken(&limits, &key, From::Elsewhere, now), 3);
        let wait = limits.take(key.clone(), From::Elsewhere, now).unwrap_err();
        assert_eq!(wait, Duration::from_millis(500));
        assert_eq!(taken(&limits, &key, From::Elsewhere, now + Duration::from_secs(1)), 2);
        assert_eq!(taken(&limits, &key, From::Elsewhere, now + Duration::from_secs(100)), 3);
        let other = Key::Name("ana".into());
        assert_eq!(taken(&limits, &other, From::Elsewhere, now), 3, "each has its own");
        let here = Key::Name("ben".into());
        assert_eq!(taken(&limits, &here, From::Here, now), 30);
        let failed = Key::failed("127.0.0.1".parse().ok());
        assert_eq!(taken(&limits, &failed, From::Here, now), 2, "guessing is no faster for being near");
    }

    #[test]
    fn neighbours_in_one_network_share_a_bucket() {
        let key = |address: &str| Key::address(address.parse().ok());
        assert_eq!(key("2001:db8::1"), key("2001:db8::2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_room_and_holds_no_known_caller_back() {
        let (limits, now) = (limits(), Instant::now());
        let known = Key::Name("ana".into());
        limits.take(known.clone(), From::Elsewhere, now).unwrap();
        for number in 0..30_000_u32 {
            let address = IpAddr::from(number.to_be_bytes());
            let _ = limits.take(Key::Address(address), From::Elsewhere, now);
        }
        assert!(limits.buckets.lock().unwrap().of.len() <= BUCKETS_MAX + 1);
        assert_eq!(taken(&limits, &known, From::Elsewhere, now), 2);
        let later = now + Duration::from_secs(10);
        limits.take(Key::Name("ben".into()), From::Elsewhere, later).unwrap();
        assert!(limits.buckets.lock().unwrap().of.len() < 10, "full buckets are forgotten");
    }
}
