//! Tokens, sessions and logins, in the organizations database.

use super::audit::commit_with;
use super::{Executor, OrganizationsStore};
use crate::access::{ApiToken, Credentials, PendingLogin, Roles, SecretHash, Session};
use crate::audit::Deed;
use crate::error::{Doing, Error, Result};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

macro_rules! token_columns {
    () => {
        "id, name, roles, created_by, created_at, expires_at, revoked_by, revoked_at, last_used_day"
    };
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: Uuid,
    name: String,
    roles: String,
    created_by: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_by: Option<String>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_day: Option<String>,
}

impl TryFrom<TokenRow> for ApiToken {
    type Error = Error;
    fn try_from(row: TokenRow) -> Result<Self> {
        let doing = || format!("reading token {}", row.id);
        let day = row.last_used_day.map(|day| day.parse::<NaiveDate>()).transpose();
        Ok(Self {
            roles: roles(&row.roles, doing)?,
            last_used_day: day.map_err(|error| Error::Corrupt { doing: doing(), source: error.into() })?,
            id: row.id,
            name: row.name,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked: row.revoked_by.zip(row.revoked_at),
        })
    }
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    name: String,
    roles: String,
    token_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct LoginRow {
    nonce: String,
    verifier: String,
    return_to: String,
    expires_at: DateTime<Utc>,
}

fn roles(names: &str, doing: impl FnOnce() -> String) -> Result<Roles> {
    names.parse().map_err(|error: Error| Error::Corrupt { doing: doing(), source: error.into() })
}

fn deed(actor: &str, at: DateTime<Utc>, action: &str, subjects: Vec<String>, detail: Value) -> Deed {
    Deed { at, actor: actor.to_owned(), action: action.to_owned(), subjects, detail }
}

async fn token_by_id(db: Executor<'_>, id: Uuid) -> Result<Option<ApiToken>> {
    let select = concat!("SELECT ", token_columns!(), " FROM api_token WHERE id = $1");
    let row: Option<TokenRow> =
        sqlx::query_as(select).bind(id).fetch_optional(db).await.doing(|| format!("reading token {id}"))?;
    row.map(ApiToken::try_from).transpose()
}

#[async_trait]
impl Credentials for OrganizationsStore {
    async fn add_token(&self, token: &ApiToken, secret: &SecretHash) -> Result<()> {
        let mut transaction = self.pools.begin_write().await?;
        sqlx::query(
            "INSERT INTO api_token (id, secret_hash, name, roles, created_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(token.id)
        .bind(&secret[..])
        .bind(&token.name)
        .bind(token.roles.to_string())
        .bind(&token.created_by)
        .bind(token.created_at)
        .bind(token.expires_at)
        .execute(&mut *transaction)
        .await
        .doing(|| format!("keeping token {}", token.id))?;
        let detail =
            json!({"for": token.name, "roles": token.roles.to_string(), "expires_at": token.expires_at});
        let deed =
            deed(&token.created_by, token.created_at, "token.create", vec![token.id.to_string()], detail);
        commit_with(transaction, &deed).await.map(drop)
    }

    async fn tokens(&self) -> Result<Vec<ApiToken>> {
        let select =
            concat!("SELECT ", token_columns!(), " FROM api_token ORDER BY created_at DESC, id DESC");
        let rows: Vec<TokenRow> =
            sqlx::query_as(select).fetch_all(&self.pools.read).await.doing(|| "listing tokens".into())?;
        rows.into_iter().map(ApiToken::try_from).collect()
    }

    async fn token_of(&self, secret: &SecretHash) -> Result<Option<ApiToken>> {
        let select = concat!("SELECT ", token_columns!(), " FROM api_token WHERE secret_hash = $1");
        let row: Option<TokenRow> = sqlx::query_as(select)
            .bind(&secret[..])
            .fetch_optional(&self.pools.read)
            .await
            .doing(|| "looking for a token".into())?;
        row.map(ApiToken::try_from).transpose()
    }

    async fn revoke_token(&self, id: Uuid, by: &str, at: DateTime<Utc>) -> Result<ApiToken> {
        let doing = || format!("revoking token {id}");
        let mut transaction = self.pools.begin_write().await?;
        let ended = sqlx::query(
            "UPDATE api_token SET revoked_by = $2, revoked_at = $3 WHERE id = $1 AND revoked_at IS NULL",
        )
        .bind(id)
        .bind(by)
        .bind(at)
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
        sqlx::query("DELETE FROM access_session WHERE token_id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        let token = token_by_id(&mut transaction, id).await?;
        let token = token.ok_or_else(|| Error::NotFound(format!("token {id}")))?;
        if ended.rows_affected() == 0 {
            transaction.commit().await.doing(doing)?;
        } else {
            let deed = deed(by, at, "token.revoke", vec![id.to_string()], json!({"of": token.name}));
            commit_with(transaction, &deed).await?;
        }
        Ok(token)
    }

    async fn note_token_use(&self, id: Uuid, day: NaiveDate) -> Result<()> {
        sqlx::query(
            "UPDATE api_token SET last_used_day = $2 WHERE id = $1 AND (last_used_day IS NULL OR last_used_day < $2)",
        )
        .bind(id)
        .bind(day.to_string())
        .execute(&self.pools.write)
        .await
        .map(drop)
        .doing(|| format!("noting the use of token {id}"))
    }

    async fn add_session(&self, session: &Session, secret: &SecretHash) -> Result<()> {
        let doing = || "opening a session".to_owned();
        let mut transaction = self.pools.begin_write().await?;
        for delete in [
            "DELETE FROM access_session WHERE expires_at < $1",
            "DELETE FROM access_login WHERE expires_at < $1",
        ] {
            sqlx::query(delete).bind(session.created_at).execute(&mut *transaction).await.doing(doing)?;
        }
        sqlx::query(
            "INSERT INTO access_session (secret_hash, name, roles, token_id, created_at, seen_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&secret[..])
        .bind(&session.name)
        .bind(session.roles.to_string())
        .bind(session.token_id)
        .bind(session.created_at)
        .bind(session.seen_at)
        .bind(session.expires_at)
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
        let token: Vec<_> = session.token_id.iter().map(Uuid::to_string).collect();
        let detail = json!({"roles": session.roles.to_string(), "expires_at": session.expires_at});
        let deed = deed(&session.name, session.created_at, "session.begin", token, detail);
        commit_with(transaction, &deed).await.map(drop)
    }

    async fn session_of(&self, secret: &SecretHash, now: DateTime<Utc>) -> Result<Option<Session>> {
        let doing = || "looking for a session".to_owned();
        let row: Option<SessionRow> = sqlx::query_as(
            "SELECT name, roles, token_id, created_at, seen_at, expires_at FROM access_session WHERE secret_hash = $1",
        )
        .bind(&secret[..])
        .fetch_optional(&self.pools.read)
        .await
        .doing(doing)?;
        let Some(row) = row else { return Ok(None) };
        let SessionRow { name, token_id, created_at, seen_at, expires_at, .. } = row;
        let roles = match token_id {
            None => roles(&row.roles, doing)?,
            Some(id) => {
                let mut connection = self.pools.read.acquire().await.doing(doing)?;
                let token = token_by_id(&mut connection, id).await?.filter(|token| token.is_valid_at(now));
                let Some(token) = token else { return Ok(None) };
                token.roles
            }
        };
        Ok(Some(Session { name, roles, token_id, created_at, seen_at, expires_at }))
    }

    async fn note_session_use(&self, secret: &SecretHash, at: DateTime<Utc>) -> Result<()> {
        sqlx::query("UPDATE access_session SET seen_at = $2 WHERE secret_hash = $1")
            .bind(&secret[..])
            .bind(at)
            .execute(&self.pools.write)
            .await
            .map(drop)
            .doing(|| "noting the use of a session".into())
    }

    async fn end_session(&self, secret: &SecretHash) -> Result<()> {
        sqlx::query("DELETE FROM access_session WHERE secret_hash = $1")
            .bind(&secret[..])
            .execute(&self.pools.write)
            .await
            .map(drop)
            .doing(|| "ending a session".into())
    }

    async fn add_login(&self, login: &PendingLogin, state: &SecretHash) -> Result<()> {
        sqlx::query(
            "INSERT INTO access_login (state_hash, nonce, verifier, return_to, expires_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&state[..])
        .bind(&login.nonce)
        .bind(&login.verifier)
        .bind(&login.return_to)
        .bind(login.expires_at)
        .execute(&self.pools.write)
        .await
        .map(drop)
        .doing(|| "keeping a login".into())
    }

    async fn note_refusal(&self, why: &str, address: &str, at: DateTime<Utc>) -> Result<()> {
        let detail = json!({"why": why, "address": address});
        let deed = deed("nobody", at, "sign-in.refused", Vec::new(), detail);
        commit_with(self.pools.begin_write().await?, &deed).await.map(drop)
    }

    async fn take_login(&self, state: &SecretHash) -> Result<Option<PendingLogin>> {
        let row: Option<LoginRow> = sqlx::query_as(
            "DELETE FROM access_login WHERE state_hash = $1 RETURNING nonce, verifier, return_to, expires_at",
        )
        .bind(&state[..])
        .fetch_optional(&self.pools.write)
        .await
        .doing(|| "taking a login".into())?;
        Ok(row.map(|LoginRow { nonce, verifier, return_to, expires_at }| PendingLogin {
            nonce,
            verifier,
            return_to,
            expires_at,
        }))
    }
}
