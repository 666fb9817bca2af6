//! Where answers are kept: a row of a file, or a judgement of the live loop. Each is safe before the next question.

use super::super::labels::{Asked, Labels};
use anyhow::{Context, bail};
use csv::StringRecord;
use entity::{CandidatePair, Judgement, JudgementVerdict, Record};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Resolution;
use uuid::Uuid;

/// An answer, with the two records that it is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered<'a> {
    pub(super) left: &'a Record,
    pub(super) right: &'a Record,
    pub(super) verdict: JudgementVerdict,
    pub(super) asked: Asked,
}

/// Where answers are kept.
#[derive(Debug)]
pub(super) enum Book {
    File(FileBook),
    Loop(LoopBook),
}

impl Book {
    /// Keeps an answer; it is safe when this returns.
    pub(super) async fn write(&mut self, answered: Answered<'_>) -> anyhow::Result<()> {
        match self {
            Self::File(book) => book.write(answered),
            Self::Loop(book) => book.write(answered).await,
        }
    }

    /// Takes the last answer back.
    pub(super) async fn take_back(&mut self) -> anyhow::Result<()> {
        match self {
            Self::File(book) => book.take_back(),
            Self::Loop(book) => book.take_back().await,
        }
    }
}

/// A file that this process alone writes.
#[derive(Debug)]
pub(super) struct FileBook {
    labels: Labels,
    /// Held open and locked.
    file: File,
}

impl FileBook {
    /// Opens the file, which may be new, for this process alone. A last row that was cut off in the middle, as a crash
    /// or a full disk leaves it, is dropped: its question comes up again.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut file = locked(path)?;
        drop_torn_row(path)?;
        let labels = Labels::read_or_new(path)?;
        if file.metadata().with_context(|| opening(path))?.len() == 0 {
            file.write_all(line(&labels.header)?.as_bytes()).with_context(|| writing(path))?;
            file.sync_all().with_context(|| writing(path))?;
        }
        Ok(Self { labels, file })
    }

    pub(super) fn labels(&self) -> &Labels {
        &self.labels
    }

    fn write(&mut self, answered: Answered<'_>) -> anyhow::Result<()> {
        let ids = (answered.left.source_id.as_str(), answered.right.source_id.as_str());
        let row = line(self.labels.push(ids, answered.verdict, answered.asked))?;
        let written = self.file.write_all(row.as_bytes()).and_then(|()| self.file.sync_data());
        written.with_context(|| writing(self.labels.file()))
    }

    fn take_back(&mut self) -> anyhow::Result<()> {
        self.labels.pop();
        let path = self.labels.file().to_owned();
        let beside = beside(&path);
        let mut text = line(&self.labels.header)?;
        for row in &self.labels.rows {
            text.push_str(&line(row)?);
        }
        let mut file = File::create(&beside).with_context(|| writing(&beside))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(|| writing(&beside))?;
        std::fs::rename(&beside, &path).with_context(|| writing(&path))?;
        // The old file, and its lock, are gone with its name.
        self.file = locked(&path)?;
        Ok(())
    }
}

fn opening(path: &Path) -> String {
    format!("opening the labels in {}", path.display())
}

fn writing(path: &Path) -> String {
    format!("writing the labels to {}", path.display())
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn locked(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.create(true).read(true).append(true).open(path).with_context(|| opening(path))?;
    if let Err(std::fs::TryLockError::WouldBlock) = file.try_lock() {
        bail!("{} is written by another `orgloop label`: end that one first", path.display());
    }
    Ok(file)
}

/// Ends the file with a whole row.
fn drop_torn_row(path: &Path) -> anyhow::Result<()> {
    let text = std::fs::read(path).with_context(|| opening(path))?;
    if text.is_empty() || text.ends_with(b"\n") {
        return Ok(());
    }
    let mut file = OpenOptions::new().write(true).append(false).open(path).with_context(|| opening(path))?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    if Labels::read(path).is_ok() {
        use std::io::{Seek, SeekFrom};
        file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(b"\n")).with_context(|| writing(path))
    } else if whole > 0 {
        file.set_len(whole as u64).with_context(|| writing(path))
    } else {
        Ok(())
    }
}

/// A row as the file holds it.
fn line(row: &StringRecord) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(row)?;
    Ok(String::from_utf8(writer.into_inner().context("writing a row")?)?)
}

/// Judgements of the live loop, each under an id of its own so that it can be withdrawn.
#[derive(Debug)]
pub(super) struct LoopBook {
    pub(super) resolution: Arc<dyn Resolution>,
    pub(super) judged_by: String,
    pub(super) written: Vec<Uuid>,
}

impl LoopBook {
    async fn write(&mut self, answered: Answered<'_>) -> anyhow::Result<()> {
        let pair = CandidatePair::new(answered.left.id, answered.right.id);
        let judgement = Judgement {
            pair: pair.context("a pair has two records")?,
            verdict: answered.verdict,
            judged_by: self.judged_by.clone(),
            judged_at: entity::clock::now(),
            reason: None,
        };
        let id = Uuid::now_v7();
        self.resolution.judge(&[judgement], Some(id)).await?;
        self.written.push(id);
        Ok(())
    }

    async fn take_back(&mut self) -> anyhow::Result<()> {
        if let Some(id) = self.written.pop() {
            self.resolution.withdraw(id, entity::clock::now()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::JudgementVerdict::{Match, NonMatch};
    use entity::{Organization, RecordId};

    fn record(source_id: &str) -> Record {
        Record {
            id: RecordId(entity::id::derive("test", "organization", source_id)),
            source: "test".into(),
            source_id: source_id.into(),
            created_at: chrono::DateTime::UNIX_EPOCH,
            organization: Organization::default(),
        }
    }

    fn answer(book: &mut FileBook, (left, right): (&str, &str), verdict: JudgementVerdict) {
        let (left, right) = (record(left), record(right));
        book.write(Answered { left: &left, right: &right, verdict, asked: Asked::Chosen }).unwrap();
    }

    #[test]
    fn answers_are_appended_and_taken_back_beside_columns_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs.csv");
        std::fs::write(&path, "id_a,note,id_b,label\n\"a, b\",mine,c,1").unwrap();
        let mut book = FileBook::open(&path).unwrap();
        answer(&mut book, ("d", "e"), NonMatch);
        answer(&mut book, ("f", "g"), Match);
        let text = || std::fs::read_to_string(&path).unwrap();
        assert_eq!(text(), "id_a,note,id_b,label\n\"a, b\",mine,c,1\nd,,e,0\nf,,g,1\n");
        book.take_back().unwrap();
        assert_eq!(text(), "id_a,note,id_b,label\n\"a, b\",mine,c,1\nd,,e,0\n");
        answer(&mut book, ("h", "i"), Match);
        book.take_back().unwrap();
        book.take_back().unwrap();
        book.take_back().unwrap();
        assert_eq!(text(), "id_a,note,id_b,label\n", "to any depth, the answers of another day too");
    }

    #[test]
    fn a_row_that_was_cut_off_is_dropped_and_two_do_not_write_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs.csv");
        for torn in ["c", "c,", "c,d", "\"c"] {
            std::fs::write(&path, format!("left_id,right_id,match\na,b,1\n{torn}")).unwrap();
            let book = FileBook::open(&path).unwrap();
            assert_eq!(book.labels().labels.len(), 1, "{torn}");
        }
        let book = FileBook::open(&path).unwrap();
        let said = format!("{:#}", FileBook::open(&path).unwrap_err());
        drop(book);
        assert!(said.contains("another `orgloop label`"), "{said}");
    }
}
