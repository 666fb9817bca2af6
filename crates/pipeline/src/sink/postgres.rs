//! SQL copies in PostgreSQL, in a schema of their own beside whatever else the database holds.

use super::failure::{failed, migration_failed};
use crate::error::{Error, Result};
use events::codec::Codec;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Pool, Postgres, Transaction};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

type Db = Postgres;
/// An id as stored.
type Id = Uuid;
/// Any number of ids as one parameter: an array.
type IdList = Vec<Uuid>;

fn id(id: Uuid) -> Id {
    id
}

fn id_list(ids: &[Id]) -> IdList {
    ids.to_vec()
}

/// Whether a column holds one of the ids of the first parameter.
macro_rules! among {
    ($column:literal) => {
        concat!($column, " = ANY($1)")
    };
}

#[expect(clippy::duplicate_mod, reason = "written once, compiled for each database")]
#[path = "adapter/copy.rs"]
mod copy;

pub use copy::SqlCopy;

/// The schema of a copy whose URL names none.
const SCHEMA_DEFAULT: &str = "orgloop";
/// Short, so that the runner can show the trouble and keep its place among the members.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

impl SqlCopy {
    /// A copy in this database, in the schema `orgloop` or the one that the URL names (`?schema=NAME`). The database
    /// is reached when the first partition is read, and until then one that is away stops nothing.
    ///
    /// # Errors
    /// `Misconfigured` when the URL is not right.
    #[expect(clippy::unused_async, reason = "the pool starts its tasks on the runtime it is made in")]
    pub async fn connect(url: &str, codec: Arc<Codec>) -> Result<Self> {
        let (url, schema) = split_schema(url);
        let schema = schema.unwrap_or_else(|| SCHEMA_DEFAULT.to_owned());
        if !is_plain_name(&schema) {
            return Err(Error::Misconfigured(format!(
                "the sink's schema {schema:?} must be 1 to 63 characters of a-z, 0-9 and '_', not beginning with a digit"
            )));
        }
        let options = PgConnectOptions::from_str(&url)
            .map_err(|error| Error::Misconfigured(format!("the sink's URL is not right: {error}")))?
            .application_name("orgloop-sink")
            .options([
                ("search_path", schema.as_str()),
                ("lock_timeout", "5s"),
                // A process that was frozen half-way must not hold its keys for ever.
                ("idle_in_transaction_session_timeout", "30s"),
            ]);
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT);
        Ok(Self::new(pool.connect_lazy_with(options), codec))
    }
}

/// The URL without its parameter `schema`, which is ours, and that parameter.
fn split_schema(url: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let (ours, theirs): (Vec<_>, Vec<_>) = query.split('&').partition(|pair| pair.starts_with("schema="));
    let schema = ours.last().and_then(|pair| pair.strip_prefix("schema=")).map(str::to_owned);
    let query = theirs.join("&");
    (if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") }, schema)
}

fn is_plain_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (1..=63).contains(&name.len())
        && name.chars().all(legal)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

async fn prepare(pool: &Pool<Db>) -> Result<()> {
    let looking = "looking for the copy's schema";
    let schema: String =
        sqlx::query_scalar("SHOW search_path").fetch_one(pool).await.map_err(failed(looking))?;
    // Looked for first: a user who was given a schema need not be allowed to make one.
    let known =
        sqlx::query("SELECT FROM pg_namespace WHERE nspname = $1").bind(&schema).fetch_optional(pool).await;
    if known.map_err(failed(looking))?.is_none() {
        // Invariant: `connect` took no name that would need quotes.
        let create = AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
        // Two members may make it at once, and one of them fails: it looks again.
        let created = sqlx::query(create).execute(pool).await;
        created
            .map_err(|error| Error::Transient { doing: "making the copy's schema", source: error.into() })?;
    }
    sqlx::migrate!("../../migrations/postgres/sink").run(pool).await.map_err(migration_failed)
}

async fn begin(pool: &Pool<Db>) -> Result<Transaction<'static, Db>> {
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
    pool.begin_with(begin).await.map_err(failed("beginning a write to the copy"))
}

#[cfg(test)]
mod tests {
    use super::{is_plain_name, split_schema};

    #[test]
    fn the_schema_is_taken_out_of_the_url() {
        let check = |url: &str, base: &str, schema: Option<&str>| {
            assert_eq!(split_schema(url), (base.to_owned(), schema.map(str::to_owned)));
        };
        check("postgres://h/d", "postgres://h/d", None);
        check("postgres://h/d?schema=copy", "postgres://h/d", Some("copy"));
        check("postgres://h/d?sslmode=require&schema=copy", "postgres://h/d?sslmode=require", Some("copy"));
        check("postgres://h/d?schema=copy&sslmode=require", "postgres://h/d?sslmode=require", Some("copy"));
    }

    #[test]
    fn a_schema_that_would_need_quotes_is_refused() {
        assert!(is_plain_name("orgloop") && is_plain_name("_a1"));
        for bad in ["", "Orgloop", "1a", "a-b", "a\"; DROP", &"a".repeat(64)] {
            assert!(!is_plain_name(bad), "{bad}");
        }
    }
}
