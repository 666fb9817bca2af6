//! The index on Elasticsearch 8 or 9: one index per generation, an alias on the live one.
//!
//! Words and keys come ready from Rust, so it asks nothing of a server but `keyword`, `standard` text, bulk
//! writes with external versions, terms queries and aliases.

mod bulk;
mod candidates;
mod client;
mod config;
mod failure;
mod generation;
mod mapping;
mod read;
mod search;

use crate::error::Result;
use crate::port::{Block, Candidates, Index, IndexWrite, SearchHit, StoredDocument, WriteOutcome};
use async_trait::async_trait;
use client::Client;
pub use config::{Credentials, ElasticConfig, Retries};
use entity::RecordId;
use generation::Scope;
use std::sync::Arc;

/// The index on an Elasticsearch cluster, the live generation or a named one.
#[derive(Clone, Debug)]
pub struct ElasticIndex {
    client: Client,
    config: Arc<ElasticConfig>,
    scope: Scope,
}

impl ElasticIndex {
    /// Connects, and makes the first generation with its alias where there is none; any number of processes
    /// may do so at once.
    ///
    /// # Errors
    /// When the address or the credentials cannot be right, or the cluster does not answer in time.
    pub async fn connect(url: &str, config: ElasticConfig) -> Result<Self> {
        config.check()?;
        let client = Client::new(url, &config)?;
        let index = Self { client, config: Arc::new(config), scope: Scope::Live };
        index.ensure_live().await?;
        Ok(index)
    }

    /// What requests of this handle are addressed to.
    fn target(&self) -> String {
        self.scope.target(&self.config.alias)
    }
}

#[async_trait]
impl Index for ElasticIndex {
    async fn write(&self, writes: Vec<IndexWrite>) -> Result<Vec<WriteOutcome>> {
        bulk::write(&self.client, &self.target(), &writes).await
    }

    async fn refresh(&self) -> Result<()> {
        read::refresh(&self.client, &self.target()).await
    }

    async fn blocks(&self, keys: &[String], block_size_max: usize) -> Result<Vec<Block>> {
        read::blocks(&self.client, &self.target(), keys, block_size_max).await
    }

    async fn candidates(&self, keys: &[String], block_size_max: usize) -> Result<Candidates> {
        candidates::candidates(&self.client, &self.target(), keys, block_size_max).await
    }

    async fn documents(&self, ids: &[RecordId]) -> Result<Vec<StoredDocument>> {
        read::documents(&self.client, &self.target(), ids).await
    }

    async fn search(&self, text: &str, limit: usize) -> Result<Vec<SearchHit>> {
        search::search(&self.client, &self.target(), text, limit).await
    }

    async fn scan(&self, after: Option<RecordId>, limit: usize) -> Result<Vec<StoredDocument>> {
        read::scan(&self.client, &self.target(), after, limit).await
    }

    async fn count(&self) -> Result<u64> {
        read::count(&self.client, &self.target()).await
    }

    async fn generation(&self, name: &str) -> Result<Arc<dyn Index>> {
        Ok(Arc::new(self.open_generation(name).await?))
    }

    async fn generations(&self) -> Result<Vec<String>> {
        self.names().await
    }

    async fn switch_to(&self, name: &str) -> Result<()> {
        self.make_live(name).await
    }

    async fn drop_generation(&self, name: &str) -> Result<()> {
        self.remove(name).await
    }
}
