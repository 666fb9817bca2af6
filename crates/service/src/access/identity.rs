//! Who a request comes from, once its credentials were looked at.

use store::access::{Role, Roles};
use uuid::Uuid;

/// By what a caller is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// By nothing: the service is open, and the caller says a name.
    Open,
    /// By nothing, on a route that needs nothing.
    Nobody,
    /// By the secret of this process.
    Own,
    /// By an API token.
    Token(Uuid),
    /// By the cookie of a session.
    Session,
    /// By a token of the OpenID provider.
    Provider,
}

/// Who a request comes from.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The name of the credentials.
    pub(crate) name: String,
    pub(crate) roles: Roles,
    pub(crate) how: How,
}

impl Identity {
    pub(super) fn open() -> Self {
        Self { name: ANONYMOUS.to_owned(), roles: Role::ALL.into_iter().collect(), how: How::Open }
    }

    pub(super) fn nobody() -> Self {
        Self { name: ANONYMOUS.to_owned(), roles: Roles::default(), how: How::Nobody }
    }

    /// This process itself. What it asks for in the name of a person, its own routes have let that person ask for.
    pub(super) fn own() -> Self {
        let roles = [Role::Service, Role::Approver].into_iter().collect();
        Self { name: "orgloop".to_owned(), roles, how: How::Own }
    }

    /// Whether the header that names a user is believed: of a program that acts for people, or where all is open.
    /// A browser's session never acts for others.
    pub(crate) fn may_name_others(&self) -> bool {
        match self.how {
            How::Open => true,
            How::Own | How::Token(_) | How::Provider => self.roles.contains(Role::Service),
            How::Nobody | How::Session => false,
        }
    }
}

/// Who gives no name.
pub(crate) const ANONYMOUS: &str = "anonymous";
