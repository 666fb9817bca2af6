//! A place in a topic: the next offset of every partition, as one opaque word.

use crate::paging::{bad_cursor, opened, sealed};
use crate::problem::Result;

/// The word for these offsets, one per partition in the order of the partitions' numbers.
pub(super) fn write(topic: &str, offsets: &[i64]) -> String {
    let offsets: Vec<String> = offsets.iter().map(ToString::to_string).collect();
    sealed(&format!("{topic}:{}", offsets.join(",")))
}

/// The offsets of a word that was written for this topic and as many partitions.
pub(super) fn read(cursor: &str, topic: &str, partitions: usize) -> Result<Vec<i64>> {
    let text = opened(cursor)?;
    let offsets = text.rsplit_once(':').filter(|(of, _)| *of == topic).map(|(_, offsets)| offsets);
    let parsed: Option<Vec<i64>> =
        offsets.and_then(|offsets| offsets.split(',').map(|offset| offset.parse().ok()).collect());
    parsed
        .filter(|offsets| offsets.len() == partitions && offsets.iter().all(|offset| *offset >= 0))
        .ok_or_else(|| bad_cursor(cursor))
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn a_cursor_is_read_as_written_and_for_its_own_topic_only() {
        let cursor = write("a.b.v1", &[0, 41, i64::MAX]);
        assert_eq!(read(&cursor, "a.b.v1", 3).unwrap(), [0, 41, i64::MAX]);
        assert!(read(&cursor, "a.c.v1", 3).is_err());
        assert!(read(&cursor, "a.b.v1", 2).is_err());
        for bad in ["", "x", "earliest!", &write("a.b.v1", &[-1, 0, 0])] {
            assert!(read(bad, "a.b.v1", 3).is_err(), "{bad}");
        }
    }
}
