//! What is told of who came in and who did not: one line of the log each, with fields that stay.
//!
//! Fields: `event` (`token-created`, `token-revoked`, `signed-in`, `signed-out`, `sign-in-failed`, `denied`,
//! `parked-retried`), `actor` (who, where that
//! is known), `subject` (a token's id, or the route), `address`. Lines have the target `audit`, so that a filter keeps
//! them apart. Secrets are in none of them.

use crate::request::Caller;
use std::net::IpAddr;
use store::access::ApiToken;

/// The target of all lines.
macro_rules! target {
    () => {
        "audit"
    };
}

/// A token was made or ended (`token-created`, `token-revoked`).
pub fn token(event: &'static str, actor: &str, token: &ApiToken) {
    let (subject, name, roles) = (token.id, &token.name, &token.roles);
    tracing::info!(target: target!(), event, actor, %subject, name, %roles, "a token was made or ended");
}

/// Somebody did what is worth keeping, themselves or through a program that acts for them.
pub(crate) fn acted(event: &'static str, caller: &Caller, subject: &str) {
    let (actor, through) = (caller.name.as_str(), caller.through.as_deref());
    tracing::info!(target: target!(), event, actor, through, subject, "somebody acted");
}

/// Somebody signed in, by a session.
pub(crate) fn signed_in(actor: &str, by: &'static str, address: Option<IpAddr>) {
    tracing::info!(target: target!(), event = "signed-in", actor, by, ?address, "somebody signed in");
}

/// A session was ended by its owner.
pub(crate) fn signed_out(actor: &str) {
    tracing::info!(target: target!(), event = "signed-out", actor, "somebody signed out");
}

/// Credentials opened nothing.
pub(crate) fn sign_in_failed(reason: &str, address: Option<IpAddr>) {
    tracing::warn!(target: target!(), event = "sign-in-failed", reason, ?address, "credentials were refused");
}

/// Somebody asked for what their roles do not allow.
pub(crate) fn denied(actor: &str, role: &'static str, subject: &str) {
    tracing::info!(target: target!(), event = "denied", actor, role, subject, "a request was denied");
}
