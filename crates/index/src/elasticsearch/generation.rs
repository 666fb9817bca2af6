//! Generations: one index each, the alias on the live one; making, finding, switching.

use super::ElasticIndex;
use super::failure::Reason;
use super::mapping;
use crate::error::{Error, Result};
use crate::limits;
use elasticsearch::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The generation that is live before anybody made one.
const FIRST: &str = "first";
/// Somebody else was quicker: what we wanted is there.
const EXISTS: &str = "resource_already_exists_exception";
/// How often a switch starts again because another one came between.
const SWITCH_TRIES: usize = 3;

/// Which generation a handle speaks to.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// Whichever is live when the call comes.
    Live,
    /// This one, live or not.
    Named(String),
}

impl Scope {
    /// An alias in both cases, never an index: a bulk write can require an alias, and so never makes an index
    /// without our mapping after the right one was dropped.
    pub(super) fn target(&self, alias: &str) -> String {
        match self {
            Self::Live => alias.to_owned(),
            Self::Named(name) => own_alias(alias, name),
        }
    }
}

fn own_alias(alias: &str, name: &str) -> String {
    // `@` stands in no generation's name, so no index can be called so.
    format!("{alias}@{name}")
}

fn index_name(alias: &str, name: &str) -> String {
    format!("{alias}-{name}")
}

impl ElasticIndex {
    /// Makes the first generation unless there is a live one.
    pub(super) async fn ensure_live(&self) -> Result<()> {
        if self.live().await?.is_empty() {
            self.create(FIRST, &[&self.config.alias]).await?;
            if self.live().await?.is_empty() {
                return Err(Error::NotFound(format!(
                    "alias {0} on index {1}: the index is there and the alias is not; add it, or delete the index and replay",
                    self.config.alias,
                    index_name(&self.config.alias, FIRST)
                )));
            }
        }
        self.check_mapping(&self.config.alias).await
    }

    /// The named generation, made where it is missing.
    pub(super) async fn open_generation(&self, name: &str) -> Result<Self> {
        limits::check_generation_name(name)?;
        self.create(name, &[]).await?;
        self.check_mapping(&own_alias(&self.config.alias, name)).await?;
        Ok(Self { scope: Scope::Named(name.to_owned()), ..self.clone() })
    }

    /// Moves the alias in one update of the cluster: readers see the one or the other.
    pub(super) async fn make_live(&self, name: &str) -> Result<()> {
        limits::check_generation_name(name)?;
        let doing = format!("switching index {} to generation {name}", self.config.alias);
        let next = index_name(&self.config.alias, name);
        let mut refusal = Error::NotFound(doing.clone());
        for _ in 0..SWITCH_TRIES {
            let live = self.live().await?;
            if live == [next.as_str()] {
                return Ok(());
            }
            let mut actions = vec![json!({"add": {"index": next, "alias": self.config.alias}})];
            let old = live.iter().filter(|index| **index != next);
            actions.extend(old.map(|index| json!({"remove": {"index": index, "alias": self.config.alias}})));
            let switched: Result<Value> =
                self.client.json(&doing, Method::Post, "_aliases", &json!({ "actions": actions })).await;
            match switched {
                Ok(_) => return Ok(()),
                Err(error @ Error::NotFound(_)) => refusal = error,
                Err(error) => return Err(error),
            }
        }
        Err(refusal)
    }

    pub(super) async fn names(&self) -> Result<Vec<String>> {
        let doing = format!("listing the generations of index {}", self.config.alias);
        let path = format!("_alias/{}", own_alias(&self.config.alias, "*"));
        let found: BTreeMap<String, Value> =
            self.client.send(&doing, Method::Get, &path, &[]).await?.parse(&doing)?;
        let prefix = index_name(&self.config.alias, "");
        Ok(found.keys().filter_map(|index| index.strip_prefix(&prefix)).map(str::to_owned).collect())
    }

    pub(super) async fn remove(&self, name: &str) -> Result<()> {
        limits::check_generation_name(name)?;
        let doing = format!("dropping generation {name} of index {}", self.config.alias);
        let path = index_name(&self.config.alias, name);
        if self.live().await?.contains(&path) {
            return Err(limits::live_stays(name));
        }
        let answer = self.client.send(&doing, Method::Delete, &path, &[]).await?;
        if answer.status < 400 || answer.status == 404 {
            return Ok(());
        }
        Err(answer.refusal(&doing, &path))
    }

    /// The indexes under the alias: one, or none before the first.
    async fn live(&self) -> Result<Vec<String>> {
        let doing = format!("finding the live generation of index {}", self.config.alias);
        let path = format!("_alias/{}", self.config.alias);
        let answer = self.client.send(&doing, Method::Get, &path, &[]).await?;
        match answer.status {
            404 => Ok(Vec::new()),
            400.. => Err(answer.refusal(&doing, &path)),
            _ => Ok(answer.parse::<BTreeMap<String, Value>>(&doing)?.into_keys().collect()),
        }
    }

    /// Refuses an index that was there and was made otherwise: its searches would answer wrongly, or its writes fail
    /// one by one.
    async fn check_mapping(&self, target: &str) -> Result<()> {
        let doing = format!("reading the mapping of index {target}");
        let path = format!("{target}/_mapping");
        let answer = self.client.send(&doing, Method::Get, &path, &[]).await?;
        match answer.status {
            // A switch dropped it meanwhile; who uses it finds that out.
            404 => return Ok(()),
            400.. => return Err(answer.refusal(&doing, &path)),
            _ => {}
        }
        for (index, found) in answer.parse::<BTreeMap<String, Value>>(&doing)? {
            if let Some(difference) = mapping::difference(&found["mappings"]) {
                return Err(Error::Invalid(format!(
                    "index {index} does not fit this release: {difference}; delete it and replay, or give this release an index of its own (another alias)"
                )));
            }
        }
        Ok(())
    }

    /// Makes an index together with its aliases, so that none is ever seen without them.
    async fn create(&self, name: &str, aliases: &[&str]) -> Result<()> {
        let alias = &self.config.alias;
        let doing = format!("making generation {name} of index {alias}");
        let own = own_alias(alias, name);
        let aliases: BTreeMap<&str, Value> =
            aliases.iter().copied().chain([own.as_str()]).map(|alias| (alias, json!({}))).collect();
        let mut settings = json!({
            "number_of_shards": self.config.shards,
            "number_of_replicas": self.config.replicas,
        });
        if let Some(interval) = self.config.refresh_interval {
            settings["refresh_interval"] = json!(format!("{}ms", interval.as_millis()));
        }
        let body =
            json!({"settings": settings, "mappings": mapping::wanted(), "aliases": aliases}).to_string();
        let path = index_name(alias, name);
        let answer = self.client.send(&doing, Method::Put, &path, body.as_bytes()).await?;
        if answer.status < 400 || Reason::of(&answer.body).kind == EXISTS {
            return Ok(());
        }
        Err(answer.refusal(&doing, &path))
    }
}
