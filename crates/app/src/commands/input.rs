//! A file's organizations, reduced as they are read.

use super::memory;
use crate::output;
use anyhow::bail;
use entity::{Record, RecordId};
use formats::{Chunk, Chunks, ColumnMap, ReadOptions, RowError};
use pipeline::batch::{self, Batch, Blocks, MemoryEstimate, Reducer};
use scoring::Model;
use std::collections::{HashMap, HashSet};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Rows that are named one by one when they are left out.
const PROBLEMS_SHOWN_MAX: usize = 20;

/// Where organizations come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input<'a> {
    pub(super) path: &'a Path,
    pub(super) map: &'a ColumnMap,
    pub(super) threads: NonZero<usize>,
    pub(super) memory_limit: Option<u64>,
}

/// As many as the machine has.
pub(super) fn threads() -> NonZero<usize> {
    std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// What was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) batch: Batch,
    pub(super) blocks: Blocks,
    pub(super) left_out: usize,
    pub(super) estimate: Option<MemoryEstimate>,
}

impl Input<'_> {
    fn chunks(&self) -> anyhow::Result<Chunks> {
        let options = ReadOptions { source: "input".into(), created_at: entity::clock::now() };
        Ok(formats::chunks(self.path, &options, self.map)?)
    }

    /// Reads all of it, unless that would not fit in memory.
    pub(super) fn read(&self, model: &Model) -> anyhow::Result<Read> {
        let length = memory::length(self.path)?;
        let estimate = length.map(|length| self.estimate(length)).transpose()?.flatten();
        if let Some(estimate) = &estimate {
            memory::check(estimate, self.memory_limit)?;
        }
        let bar = match length {
            Some(length) => output::bytes_bar(length, "reading organizations"),
            None => output::counter("reading organizations"),
        };
        let problems: Mutex<Vec<RowError>> = Mutex::default();
        let reduced = batch::gather(self.threads, self.chunks()?, |chunk: Chunk, reducer: &mut Reducer| {
            let (bytes_read, rows) = (chunk.bytes_read, chunk.len() as u64);
            chunk.records(|record| match record {
                Ok((line, record)) => reducer.push(&record, line),
                Err(problem) => problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem),
            });
            match bytes_read {
                Some(bytes) => bar.set_position(bar.position().max(bytes)),
                None => bar.inc(rows),
            }
        });
        bar.finish_and_clear();
        let records = reduced.iter().map(batch::Reduced::len).sum::<usize>() as u64;
        memory::check(&MemoryEstimate::new(&reduced, records), self.memory_limit)?;
        let (batch, blocks) = Batch::new(reduced, model, self.threads);
        let mut problems = problems.into_inner().unwrap_or_else(PoisonError::into_inner);
        let repeated = batch.repeated().iter();
        problems.extend(repeated.map(|n| RowError::repeated(batch.line(*n).into(), batch.source_id(*n))));
        tell(&mut problems);
        if batch.is_empty() && !problems.is_empty() {
            bail!("nothing of {} could be read", self.path.display());
        }
        Ok(Read { batch, blocks, left_out: problems.len(), estimate })
    }

    /// From the first rows; `None` when they are all.
    fn estimate(&self, length: u64) -> anyhow::Result<Option<MemoryEstimate>> {
        let Some(first) = self.chunks()?.next() else { return Ok(None) };
        let (rows, bytes) = (first.len() as u64, first.bytes_read.unwrap_or(length).max(1));
        if bytes >= length {
            return Ok(None);
        }
        let reduced = batch::gather(NonZero::<usize>::MIN, [first].into_iter(), |chunk, reducer| {
            chunk.records(|record| {
                if let Ok((line, record)) = record {
                    reducer.push(&record, line);
                }
            });
        });
        let records = u64::try_from(u128::from(length) * u128::from(rows) / u128::from(bytes))?;
        Ok(Some(MemoryEstimate::new(&reduced, records)))
    }

    /// Reads these records again, for people to see. Of a record told twice the first telling counts, as in a batch.
    pub(super) fn again(&self, wanted: &HashSet<RecordId>) -> anyhow::Result<HashMap<RecordId, Record>> {
        let mut found = HashMap::new();
        for chunk in self.chunks()? {
            chunk.records(|record| {
                if let Ok((_, record)) = record
                    && wanted.contains(&record.id)
                {
                    found.entry(record.id).or_insert(record);
                }
            });
        }
        Ok(found)
    }
}

fn tell(problems: &mut [RowError]) {
    problems.sort_by_key(|problem| problem.line);
    for problem in problems.iter().take(PROBLEMS_SHOWN_MAX) {
        output::note(format_args!("left out: {problem}"));
    }
    if let Some(more) = problems.len().checked_sub(PROBLEMS_SHOWN_MAX).filter(|more| *more > 0) {
        output::note(format_args!("left out: {more} more"));
    }
}

/// Records by their ids in the file.
#[derive(Debug)]
pub(super) struct Found<'a>(HashMap<&'a str, Vec<u32>>);

impl<'a> Found<'a> {
    pub(super) fn new(batch: &Batch, ids: impl Iterator<Item = &'a str>) -> Self {
        let mut found: HashMap<&str, Vec<u32>> = ids.map(|id| (id, Vec::new())).collect();
        for number in batch.numbers() {
            if let Some(numbers) = found.get_mut(batch.source_id(number)) {
                numbers.push(number);
            }
        }
        Self(found)
    }

    /// The record of this id, if it is there.
    pub(super) fn one(&self, id: &str) -> anyhow::Result<Option<u32>> {
        match self.0.get(id).map_or(&[][..], Vec::as_slice) {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => bail!("{} sources of the file have an organization `{id}`", several.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_record_told_twice_people_see_the_telling_that_was_compared() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orgs.csv");
        std::fs::write(&path, "id,name\n1,Harbor Food Pantry\n2,River Clinic\n1,Another Name\n").unwrap();
        let map = ColumnMap::default();
        let input = Input { path: &path, map: &map, threads: threads(), memory_limit: None };
        let read = input.read(Model::shipped()).unwrap();
        assert_eq!((read.batch.len(), read.left_out), (2, 1));
        let found = Found::new(&read.batch, ["1", "3"].into_iter());
        let id = read.batch.id(found.one("1").unwrap().unwrap());
        assert_eq!(found.one("3").unwrap(), None);
        let again = input.again(&HashSet::from([id])).unwrap();
        assert_eq!(again[&id].organization.name.as_deref(), Some("Harbor Food Pantry"));
    }
}
