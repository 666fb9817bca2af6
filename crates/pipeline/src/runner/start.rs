//! Where a member begins to read the partitions that it was given.

use super::{Runner, Stage};
use crate::error::Result;
use events::GroupReader;
use events::log::{Position, Progress, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

impl Runner {
    /// Begins where the stage stands, or else its group. A position beyond the end belongs to a topic that is no
    /// more: to wait until the new one has grown as long would leave its events out, so it is read from its start.
    /// (That is harmless: versions guard every write. A position within the new topic cannot be told from a right one.)
    pub(super) async fn find_start(
        &self,
        stage: &mut impl Stage,
        reader: &mut dyn GroupReader,
        assigned: &[TopicPartition],
    ) -> Result<()> {
        let own = stage.positions(assigned).await?;
        for position in &own {
            reader.seek(position).await?;
        }
        let topics: BTreeSet<_> = assigned.iter().map(|at| at.topic.clone()).collect();
        let progress = self.log.progress(&self.settings.group, &Vec::from_iter(topics)).await?;
        let own: BTreeMap<_, _> = own.into_iter().map(|position| (position.at, position.offset)).collect();
        let beyond = |progress: &Progress| {
            let stands_at = own.get(&progress.at).copied().or(progress.committed);
            assigned.contains(&progress.at) && stands_at.is_some_and(|offset| offset > progress.end)
        };
        let restarts: Vec<_> = progress.into_iter().filter(beyond).collect();
        if restarts.is_empty() {
            return Ok(());
        }
        let begin = |progress: &Progress| Position { at: progress.at.clone(), offset: progress.start };
        stage.restarted(&restarts.iter().map(begin).collect::<Vec<_>>()).await?;
        for progress in &restarts {
            self.tell_of_restart(progress, own.get(&progress.at).copied());
            reader.seek(&begin(progress)).await?;
        }
        Ok(())
    }

    fn tell_of_restart(&self, progress: &Progress, own: Option<i64>) {
        let Progress { at, committed, start, end } = progress;
        let position = own.or(*committed).unwrap_or(*start);
        tracing::warn!(
            stage = self.settings.stage,
            group = self.settings.group,
            topic = at.topic,
            partition = at.partition,
            position,
            start,
            end,
            "the position lies beyond the end of the topic, which was made anew or cut: the stage reads it from its \
             start. What the old topic's end would have deleted may be left over; to be rid of it, give the stage a \
             new target (an index, a sink's schema or file) and start again"
        );
    }
}
