//! The copy.

use crate::error::Result;
use crate::runner::Stage;
use async_trait::async_trait;
use events::Event;
use events::codec::Codec;
use std::sync::Arc;

/// Keeps a copy.
#[derive(Debug)]
pub struct SqlCopy {
    _codec: Arc<Codec>,
}

impl SqlCopy {
    /// Opens a copy.
    ///
    /// # Errors
    /// Not yet.
    #[expect(clippy::unused_async, reason = "soon")]
    pub async fn connect(_url: &str, codec: Arc<Codec>) -> Result<Self> {
        Ok(Self { _codec: codec })
    }
}

#[async_trait]
impl Stage for SqlCopy {
    async fn apply(&mut self, _events: &[Event]) -> Result<usize> {
        Ok(0)
    }
}
