//! Files that are there whole or not at all: written beside their place, then renamed.

use anyhow::Context;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file being written. Dropped before [`Self::finish`], it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Written {
    place: PathBuf,
    beside: PathBuf,
    out: Option<BufWriter<File>>,
}

impl Written {
    pub(super) fn create(place: &Path) -> anyhow::Result<Self> {
        let name = place.file_name().with_context(|| format!("{} names no file", place.display()))?;
        let beside = place.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
        let file = File::create(&beside).with_context(|| format!("creating {}", place.display()))?;
        Ok(Self { place: place.to_owned(), beside, out: Some(BufWriter::with_capacity(1 << 18, file)) })
    }

    /// Ends the file, and puts it in its place.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        let written = || format!("writing {}", self.place.display());
        if let Some(out) = self.out.take() {
            out.into_inner().map_err(io::IntoInnerError::into_error).with_context(written)?;
        }
        fs::rename(&self.beside, &self.place).with_context(written)
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.as_mut().map_or(Err(io::ErrorKind::BrokenPipe.into()), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // After `finish` it is gone already.
        let _ = fs::remove_file(&self.beside);
    }
}

/// A cell of CSV, quoted where it must be.
pub(super) fn cell(text: &str) -> std::borrow::Cow<'_, str> {
    let plain = !text.contains(['"', ',', '\n', '\r']) && text.trim().len() == text.len() && !text.is_empty();
    if plain { text.into() } else { format!("\"{}\"", text.replace('"', "\"\"")).into() }
}

#[cfg(test)]
mod tests {
    use super::{Written, cell};
    use std::io::Write;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("clusters.csv");
        std::fs::write(&place, "old").unwrap();
        let mut dropped = Written::create(&place).unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "old");
        let mut written = Written::create(&place).unwrap();
        written.write_all(b"new").unwrap();
        written.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!([cell("a b"), cell("a,b"), cell("a\"b")], ["a b", "\"a,b\"", "\"a\"\"b\""]);
    }
}
