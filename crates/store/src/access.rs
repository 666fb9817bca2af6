//! The port of who may come in: API tokens, sessions of browsers, logins under way. Secrets are known by their hash only.

use crate::error::{Error, Result};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Edits, merges, undoes, decides; reads.
    Reviewer,
    /// Is the second person where one is asked for; does what reviewers do.
    Approver,
    /// Another program: writes to the registry, and does what reviewers do, for people whom it names.
    Service,
    /// May do everything, but acts under its own name only.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Reviewer, Self::Approver, Self::Service, Self::Admin];

    /// Its name in settings, tokens and problems.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Approver => "approver",
            Self::Service => "service",
            Self::Admin => "admin",
        }
    }

    /// Whether who has this role may do what needs the other.
    #[must_use]
    pub fn grants(self, needed: Self) -> bool {
        match self {
            Self::Admin => true,
            Self::Service => matches!(needed, Self::Viewer | Self::Reviewer | Self::Service),
            Self::Approver => matches!(needed, Self::Viewer | Self::Reviewer | Self::Approver),
            Self::Reviewer => matches!(needed, Self::Viewer | Self::Reviewer),
            Self::Viewer => needed == Self::Viewer,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|role| role.name() == name);
        known.ok_or_else(|| {
            Error::Invalid(format!(
                "{name:?} is no role: there are viewer, reviewer, approver, service and admin"
            ))
        })
    }
}

/// The roles of one identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Whether one of them may do what needs this role.
    #[must_use]
    pub fn grant(&self, needed: Role) -> bool {
        self.0.iter().any(|role| role.grants(needed))
    }

    /// Whether this very role is among them.
    #[must_use]
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, role) in self.0.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { "," })?;
            f.write_str(role.name())?;
        }
        Ok(())
    }
}

impl FromStr for Roles {
    type Err = Error;
    fn from_str(names: &str) -> Result<Self> {
        names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

/// The SHA-256 of a secret.
pub type SecretHash = [u8; 32];

/// An API token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: Uuid,
    /// Who comes with it: the name under which its writes are kept.
    pub name: String,
    /// What it may do.
    pub roles: Roles,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// From then on it opens nothing.
    pub expires_at: DateTime<Utc>,
    /// Who ended it before, and when.
    pub revoked: Option<(String, DateTime<Utc>)>,
    /// The day of its last use.
    pub last_used_day: Option<NaiveDate>,
}

impl ApiToken {
    /// Whether it opens anything at this time.
    #[must_use]
    pub fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        self.revoked.is_none() && now < self.expires_at
    }
}

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub name: String,
    /// What they may do; of a session by a token, what the token may do now.
    pub roles: Roles,
    /// The token that it was opened with; absent where an OpenID provider vouched.
    pub token_id: Option<Uuid>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to a minute.
    pub seen_at: DateTime<Utc>,
    /// From then on it is over, whatever its use.
    pub expires_at: DateTime<Utc>,
}

/// A login at an OpenID provider that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingLogin {
    /// What the identity token must repeat.
    pub nonce: String,
    /// What proves that who redeems the code is who asked for it (PKCE).
    pub verifier: String,
    /// Where the browser goes afterwards: a path of this service.
    pub return_to: String,
    /// From then on it is too late.
    pub expires_at: DateTime<Utc>,
}

/// Tokens, sessions and logins.
#[async_trait]
pub trait Credentials: Send + Sync + fmt::Debug {
    /// Keeps a new token, and writes down who made it.
    async fn add_token(&self, token: &ApiToken, secret: &SecretHash) -> Result<()>;

    /// All tokens, newest first, those that are over too.
    async fn tokens(&self) -> Result<Vec<ApiToken>>;

    /// The token with this secret, whether it is over or not.
    async fn token_of(&self, secret: &SecretHash) -> Result<Option<ApiToken>>;

    /// Ends a token and its sessions at once, and writes it down; of one that was ended before, the first end stays.
    ///
    /// # Errors
    /// `NotFound` when there is no such token.
    async fn revoke_token(&self, id: Uuid, by: &str, at: DateTime<Utc>) -> Result<ApiToken>;

    /// Notes the day of a use; writes nothing when that day is noted.
    async fn note_token_use(&self, id: Uuid, day: NaiveDate) -> Result<()>;

    /// Keeps a new session, writes it down, and forgets sessions and logins whose time was over when it began.
    async fn add_session(&self, session: &Session, secret: &SecretHash) -> Result<()>;

    /// The session with this secret. `None` also when its token is over at this time.
    async fn session_of(&self, secret: &SecretHash, now: DateTime<Utc>) -> Result<Option<Session>>;

    /// Notes when a session was used.
    async fn note_session_use(&self, secret: &SecretHash, at: DateTime<Utc>) -> Result<()>;

    /// Ends a session; harmless when it is over.
    async fn end_session(&self, secret: &SecretHash) -> Result<()>;

    /// Keeps a login that has begun.
    async fn add_login(&self, login: &PendingLogin, state: &SecretHash) -> Result<()>;

    /// Writes down that credentials were refused, why, and where they came from.
    async fn note_refusal(&self, why: &str, address: &str, at: DateTime<Utc>) -> Result<()>;

    /// Takes a login out: each is given once.
    async fn take_login(&self, state: &SecretHash) -> Result<Option<PendingLogin>>;
}

#[cfg(test)]
mod tests {
    use super::{Role, Roles};

    #[test]
    fn what_a_role_grants() {
        use Role::{Admin, Approver, Reviewer, Service, Viewer};
        for (role, granted) in [
            (Viewer, vec![Viewer]),
            (Reviewer, vec![Viewer, Reviewer]),
            (Approver, vec![Viewer, Reviewer, Approver]),
            (Service, vec![Viewer, Reviewer, Service]),
            (Admin, vec![Viewer, Reviewer, Approver, Service, Admin]),
        ] {
            let all: Vec<_> = Role::ALL.into_iter().filter(|needed| role.grants(*needed)).collect();
            assert_eq!(all, granted, "{role}");
        }
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        let roles: Roles = "service, approver".parse().unwrap();
        assert_eq!(roles.to_string(), "approver,service");
        assert_eq!("approver,service".parse::<Roles>().unwrap(), roles);
        assert!(roles.grant(Role::Viewer) && !roles.grant(Role::Admin));
        assert!("".parse::<Roles>().unwrap().is_empty());
        assert!("owner".parse::<Roles>().unwrap_err().to_string().contains("owner"));
    }
}
