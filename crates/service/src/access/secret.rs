//! Secrets: 256 random bits, behind a prefix by which people and scanners of repositories know them.

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fmt::Write as _;
use store::access::SecretHash;

/// What every secret of ours begins with.
pub(super) const PREFIX: &str = "orgloop_";

/// A secret as it is sent; it is never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        let mut text = PREFIX.to_owned();
        for byte in random_bytes() {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// Its characters.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is kept of it. A fast hash is enough: a slow one makes guessing dear, and nobody guesses 256 random bits.
    /// Looked for by its hash, a secret takes the same time however much of it is right.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        hash(&self.0)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "(none)" } else { "(secret)" })
    }
}

pub(super) fn hash(text: &str) -> SecretHash {
    let mut hash = SecretHash::default();
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

/// 256 bits of the operating system's randomness.
pub(super) fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn secrets_are_known_by_their_look_and_not_shown() {
        let (one, two) = (Secret::random(), Secret::random());
        assert_ne!(one, two);
        let digits = one.text().strip_prefix("orgloop_").unwrap();
        assert_eq!(digits.len(), 64);
        assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
        assert!(!format!("{one:?}").contains(digits));
        assert_eq!(one.hash(), Secret::from(one.text().to_owned()).hash());
        assert_ne!(one.hash(), two.hash());
    }
}
