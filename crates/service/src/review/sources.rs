//! Which source tells a record: asked of the organizations once, since it never changes.

use super::Room;
use crate::problem::Result;
use entity::{Cluster, RecordId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is known of records' sources.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources(Arc<Mutex<HashMap<RecordId, Arc<str>>>>);

/// Records remembered; past it, all are asked for anew.
const REMEMBERED_MAX: usize = 200_000;

impl Sources {
    /// Whether a member of the cluster comes from this source; no source is every source.
    pub(super) async fn tells(&self, room: &Room, source: Option<&str>, cluster: &Cluster) -> Result<bool> {
        let Some(source) = source else { return Ok(true) };
        let ids: Vec<RecordId> = cluster.members.iter().map(|member| member.record_id).collect();
        let unknown: Vec<RecordId> = ids.iter().filter(|id| self.of(**id).is_none()).copied().collect();
        if !unknown.is_empty() {
            let records = room.organizations.records(&unknown).await?;
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() > REMEMBERED_MAX {
                known.clear();
            }
            known.extend(records.into_iter().map(|record| (record.id, record.source.into())));
        }
        Ok(ids.into_iter().any(|id| self.of(id).is_some_and(|known| &*known == source)))
    }

    fn of(&self, id: RecordId) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }
}
