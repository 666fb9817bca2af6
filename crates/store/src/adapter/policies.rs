//! Survivorship policies: their versions, and the one in force as families are read under it.

use super::audit::commit_with;
use super::{Executor, OrganizationsStore};
use crate::audit::Deed;
use crate::error::{Conflict, Doing, Error, Result};
use crate::merging::By;
use crate::policies::{InForce, Policies, Signature, StatedPolicy};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::{Policy, PolicyDocument};
use serde_json::json;
use sqlx::FromRow;
use std::sync::{Arc, Mutex, PoisonError};

/// The lock under which policies are written, one at a time.
const POLICIES: i64 = 0x706f_6c69;

macro_rules! select_policies {
    () => {
        "SELECT policy.name, policy.version, policy.document, policy.stated_by, policy.stated_at,
                in_force.activated_by, in_force.activated_at
         FROM survivorship_policy AS policy
         LEFT JOIN survivorship_in_force AS in_force
           ON in_force.name = policy.name AND in_force.version = policy.version"
    };
}

/// The policy that was in force when last looked at, with the text it was read from.
#[derive(Clone, Debug, Default)]
pub(super) struct LastPolicy(Arc<Mutex<Option<PolicyAsRead>>>);

/// The text that stood in the database, and what it says.
type PolicyAsRead = (String, Arc<Policy>);

impl OrganizationsStore {
    /// The policy in force as a snapshot sees it; read anew only when it is another.
    pub(super) async fn policy_seen_by(&self, db: Executor<'_>) -> Result<Arc<Policy>> {
        let in_force = "SELECT policy.name, policy.version, policy.document FROM survivorship_in_force AS in_force
             JOIN survivorship_policy AS policy ON in_force.name = policy.name AND in_force.version = policy.version";
        let row: Option<(String, i64, String)> = sqlx::query_as(in_force)
            .fetch_optional(db)
            .await
            .doing(|| "reading the policy in force".into())?;
        // Somebody emptied the table by hand: values win as in a store where nobody has activated a policy.
        let Some((name, version, text)) = row else { return Ok(Arc::default()) };
        let mut last = self.last_policy.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.as_ref().filter(|(document, policy)| {
            policy.name == name && policy.version == version && *document == text
        });
        if let Some((_, policy)) = known {
            return Ok(Arc::clone(policy));
        }
        let policy = Arc::new(Policy { document: document(&name, &text)?, name, version });
        *last = Some((text, Arc::clone(&policy)));
        Ok(policy)
    }
}

fn document(name: &str, text: &str) -> Result<PolicyDocument> {
    serde_json::from_str(text).map_err(|error| Error::Corrupt {
        doing: format!("reading the survivorship policy {name}"),
        source: error.into(),
    })
}

#[derive(Debug, FromRow)]
struct PolicyRow {
    name: String,
    version: i64,
    document: String,
    stated_by: String,
    stated_at: DateTime<Utc>,
    activated_by: Option<String>,
    activated_at: Option<DateTime<Utc>>,
}

impl TryFrom<PolicyRow> for StatedPolicy {
    type Error = Error;
    fn try_from(row: PolicyRow) -> Result<Self> {
        let document = document(&row.name, &row.document)?;
        Ok(Self {
            policy: Policy { name: row.name, version: row.version, document },
            stated_by: row.stated_by,
            stated_at: row.stated_at,
            in_force: row.activated_by.zip(row.activated_at).map(|(by, at)| InForce { by, at }),
        })
    }
}

fn signed(signature: &Signature) -> By {
    By { actor: signature.by.clone(), at: signature.at }
}

#[async_trait]
impl Policies for OrganizationsStore {
    async fn put_policy(
        &self,
        name: &str,
        document: &PolicyDocument,
        seen: Option<i64>,
        signature: &Signature,
    ) -> Result<StatedPolicy> {
        let doing = || format!("writing the survivorship policy {name}");
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, POLICIES).await?;
        let newest = select_policy(&mut transaction, name, None).await?;
        if newest.as_ref().map(|newest| newest.policy.version) != seen {
            return Err(Conflict::Stale(format!("survivorship policy {name}")).into());
        }
        if let Some(newest) = newest.filter(|newest| newest.policy.document == *document) {
            return Ok(newest);
        }
        let version = seen.unwrap_or_default() + 1;
        sqlx::query(
            "INSERT INTO survivorship_policy (name, version, document, stated_by, stated_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(name)
        .bind(version)
        .bind(serde_json::to_string(document).expect("a policy is JSON"))
        .bind(&signature.by)
        .bind(signature.at)
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
        let detail = json!({ "policy": name, "version": version, "document": document });
        let deed = Deed::new(&signed(signature), "policy.put", [format!("{name}/{version}")], detail);
        commit_with(transaction, &deed).await?;
        Ok(StatedPolicy {
            policy: Policy { name: name.to_owned(), version, document: document.clone() },
            stated_by: signature.by.clone(),
            stated_at: signature.at,
            in_force: None,
        })
    }

    async fn policy(&self, name: &str, version: Option<i64>) -> Result<Option<StatedPolicy>> {
        let mut connection = self.pools.read.acquire().await.doing(|| "reading policies".into())?;
        select_policy(&mut connection, name, version).await
    }

    async fn policies(&self, after: Option<&str>, limit: usize) -> Result<Vec<StatedPolicy>> {
        let select = concat!(
            select_policies!(),
            " WHERE policy.name > $1 AND NOT EXISTS (
                 SELECT 1 FROM survivorship_policy AS later
                 WHERE later.name = policy.name AND later.version > policy.version)
             ORDER BY policy.name LIMIT $2"
        );
        let rows: Vec<PolicyRow> = sqlx::query_as(select)
            .bind(after.unwrap_or_default())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pools.read)
            .await
            .doing(|| "listing survivorship policies".into())?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn policy_in_force(&self) -> Result<StatedPolicy> {
        let select = concat!(select_policies!(), " WHERE in_force.id = 1");
        let row: Option<PolicyRow> = sqlx::query_as(select)
            .fetch_optional(&self.pools.read)
            .await
            .doing(|| "reading the policy in force".into())?;
        row.ok_or_else(|| Error::NotFound("a survivorship policy in force".into()))?.try_into()
    }

    async fn activate_policy(&self, name: &str, version: i64, signature: &Signature) -> Result<StatedPolicy> {
        let doing = || format!("activating version {version} of the survivorship policy {name}");
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, POLICIES).await?;
        let missing = || Error::NotFound(format!("version {version} of survivorship policy {name}"));
        let mut wanted = select_policy(&mut transaction, name, Some(version)).await?.ok_or_else(missing)?;
        if wanted.in_force.is_some() {
            return Ok(wanted);
        }
        sqlx::query(
            "INSERT INTO survivorship_in_force (id, name, version, activated_by, activated_at)
             VALUES (1, $1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version,
                 activated_by = excluded.activated_by, activated_at = excluded.activated_at",
        )
        .bind(name)
        .bind(version)
        .bind(&signature.by)
        .bind(signature.at)
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
        let detail = json!({ "policy": name, "version": version });
        let deed = Deed::new(&signed(signature), "policy.activate", [format!("{name}/{version}")], detail);
        commit_with(transaction, &deed).await?;
        wanted.in_force = Some(InForce { by: signature.by.clone(), at: signature.at });
        Ok(wanted)
    }
}

async fn select_policy(db: Executor<'_>, name: &str, version: Option<i64>) -> Result<Option<StatedPolicy>> {
    let select = concat!(
        select_policies!(),
        " WHERE policy.name = $1 AND policy.version = COALESCE($2,
              (SELECT MAX(newest.version) FROM survivorship_policy AS newest WHERE newest.name = $1))"
    );
    let row: Option<PolicyRow> = sqlx::query_as(select)
        .bind(name)
        .bind(version)
        .fetch_optional(db)
        .await
        .doing(|| format!("reading the survivorship policy {name}"))?;
    row.map(TryInto::try_into).transpose()
}
