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
    /// Asks for what is not known of the members of these clusters.
    pub(super) async fn learn(&self, room: &Room, clusters: impl Iterator<Item = &Cluster>) -> Result<()> {
        let members = clusters.flat_map(|cluster| &cluster.members).map(|member| member.record_id);
        let unknown: Vec<RecordId> = members.filter(|id| self.of(*id).is_none()).collect();
        if !unknown.is_empty() {
            let records = room.organizations.records(&unknown).await?;
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() > REMEMBERED_MAX {
                known.clear();
            }
            known.extend(records.into_iter().map(|record| (record.id, record.source.into())));
        }
        Ok(())
    }

    /// Whether a member of the cluster, of which all was learnt, comes from this source; no source is every source.
    pub(super) fn tells(&self, source: Option<&str>, cluster: &Cluster) -> bool {
        let Some(source) = source else { return true };
        let mut members = cluster.members.iter().map(|member| member.record_id);
        members.any(|id| self.of(id).is_some_and(|known| &*known == source))
    }

    fn of(&self, id: RecordId) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }
}
