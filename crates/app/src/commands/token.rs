//! `token`: who may come in.

use crate::config::Config;
use crate::{output, ports};
use anyhow::{Context, ensure};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use service::access::Secret;
use std::process::ExitCode;
use store::Credentials;
use store::access::{ApiToken, Role};
use uuid::Uuid;

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token; its secret is shown once, on standard output
    ///
    /// A service that runs open goes on being open until it starts again.
    Create {
        /// Who comes with it: the name under which their merges and edits are kept
        #[arg(long)]
        name: String,
        /// What it may do: viewer, reviewer, approver, service, admin
        #[arg(long = "role", required = true, value_delimiter = ',', value_name = "ROLE")]
        roles: Vec<Role>,
        /// Until when
        #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=DAYS_MAX))]
        days: u16,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Tokens, newest first, those that are over too; never their secrets
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// End a token, and the sessions that began with it, at once
    Revoke {
        /// Its id, as `token list` shows it
        id: Uuid,
    },
}

/// Ten years: whatever is to last longer is made anew by then.
const DAYS_MAX: i64 = 3650;
const NAME_CHARS_MAX: usize = 200;

/// Runs it.
pub(crate) async fn run(config: Config, command: &TokenCommand) -> anyhow::Result<ExitCode> {
    let credentials = ports::organizations(&config).await?.credentials;
    match command {
        TokenCommand::Create { name, roles, days, json } => {
            let (token, secret) = create(&*credentials, name, roles, *days).await?;
            if *json {
                output::json(&Made {
                    token: Shown::of(&token, entity::clock::now()),
                    secret: secret.text(),
                })?;
            } else {
                output::note(format_args!(
                    "Token {} for {} ({}), until {}. This is its secret; it is not shown again:",
                    token.id,
                    token.name,
                    token.roles,
                    token.expires_at.date_naive()
                ));
                output::line(secret.text());
            }
        }
        TokenCommand::List { json } => list(&*credentials, *json).await?,
        TokenCommand::Revoke { id } => {
            let token = credentials.revoke_token(*id, &operator(), entity::clock::now()).await?;
            service::access::audit_token("token-revoked", &operator(), &token);
            output::line(format_args!("Token {id} of {} opens nothing any more.", token.name));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(
    credentials: &dyn Credentials,
    name: &str,
    roles: &[Role],
    days: u16,
) -> anyhow::Result<(ApiToken, Secret)> {
    let name = name.trim();
    let right =
        !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control);
    ensure!(right, "--name takes 1 to {NAME_CHARS_MAX} characters, none of them control characters");
    let now = entity::clock::now();
    let token = ApiToken {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        roles: roles.iter().copied().collect(),
        created_by: operator(),
        created_at: now,
        expires_at: now + TimeDelta::days(days.into()),
        revoked: None,
        last_used_day: None,
    };
    let secret = Secret::random();
    credentials.add_token(&token, &secret.hash()).await.context("keeping the token")?;
    service::access::audit_token("token-created", &token.created_by, &token);
    Ok((token, secret))
}

/// Whoever may run this command has the store itself; the system's name for them is the best there is.
fn operator() -> String {
    #[expect(clippy::disallowed_methods, reason = "the name of the user is no setting")]
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    user.map_or_else(|| "command line".to_owned(), |user| format!("{user} (command line)"))
}

#[derive(Debug, Serialize)]
struct Made<'a> {
    #[serde(flatten)]
    token: Shown,
    secret: &'a str,
}

/// A token as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    id: Uuid,
    name: String,
    roles: String,
    state: &'static str,
    created_by: String,
    created_at: String,
    expires_at: String,
    revoked_by: Option<String>,
    last_used_day: Option<String>,
}

impl Shown {
    fn of(token: &ApiToken, now: DateTime<Utc>) -> Self {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Self {
            id: token.id,
            name: token.name.clone(),
            roles: token.roles.to_string(),
            state: match (&token.revoked, now < token.expires_at) {
                (Some(_), _) => "revoked",
                (None, true) => "valid",
                (None, false) => "expired",
            },
            created_by: token.created_by.clone(),
            created_at: time(token.created_at),
            expires_at: time(token.expires_at),
            revoked_by: token.revoked.as_ref().map(|(by, _)| by.clone()),
            last_used_day: token.last_used_day.map(|day| day.to_string()),
        }
    }
}

async fn list(credentials: &dyn Credentials, json: bool) -> anyhow::Result<()> {
    let now = entity::clock::now();
    let tokens: Vec<_> = credentials.tokens().await?.iter().map(|token| Shown::of(token, now)).collect();
    if json {
        return output::json(&tokens);
    }
    if tokens.is_empty() {
        output::line("There are no tokens.");
    }
    for token in tokens {
        output::line(format_args!(
            "{} {:8} {:20} {:20} until {}, {}",
            token.id,
            token.state,
            token.name,
            token.roles,
            token.expires_at.get(..10).unwrap_or_default(),
            token.last_used_day.map_or_else(|| "never used".to_owned(), |day| format!("last used {day}")),
        ));
    }
    Ok(())
}
