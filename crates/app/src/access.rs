//! Whether the service asks for credentials: by the settings, by what is configured, and by where it listens.

use crate::roles::{Process, own_url};
use anyhow::{Context, bail};
use service::access::{Access, AccessMode, AccessSettings};
use std::net::SocketAddr;
use std::sync::Arc;

/// What is said of a service that would let everyone in from everywhere.
const REFUSED: &str = "would let everyone do everything: make a token with `orgloop token create --name NAME --role admin`, \
    or configure [access.oidc], or listen on 127.0.0.1; [access] mode = \"open\" insists";

/// The access of a service that listens on this address.
pub(crate) async fn of(process: &Process, address: SocketAddr) -> anyhow::Result<Access> {
    let credentials = Arc::clone(&process.organizations().await?.credentials);
    let settings = AccessSettings { own_url: own_url(address), ..process.config.access.clone() };
    let configured = settings.oidc.is_configured() || !credentials.tokens().await?.is_empty();
    let access = match settings.mode {
        AccessMode::Auto if configured => Access::closed(credentials, settings),
        AccessMode::Auto if !address.ip().is_loopback() => bail!("listening on {address} {REFUSED}"),
        AccessMode::Auto | AccessMode::Open => Access::open(settings),
        AccessMode::Closed => Access::closed(credentials, settings),
    };
    let access = access.context("the settings of access are not right")?;
    if access.is_open() {
        tracing::warn!(
            %address,
            "the service is open: whoever reaches it may do everything under any name; `orgloop token create` closes it"
        );
    } else if !configured {
        tracing::warn!("nobody can come in yet: make a token with `orgloop token create`");
    }
    Ok(access)
}
