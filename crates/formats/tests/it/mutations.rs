//! No bytes make a reader panic, run for ever, or take more from a file than it holds.

use crate::support::{options, read_bytes, shared};
use formats::{HsdsCsvWriter, HsdsJsonWriter};
use proptest::prelude::*;
use proptest::sample::Index;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

/// One random change of a file.
#[derive(Clone, Debug)]
enum Mutation {
    Flip(usize, u8),
    Insert(usize, Vec<u8>),
    Delete(usize, usize),
    Repeat(usize, usize),
    Cut(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = 0_usize..100_000;
    let pieces = prop::sample::select(vec![
        &b"\""[..],
        b"\"\"",
        b",",
        b";",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b"\\",
        b"\\u0000",
        b"null",
        b"1e999",
        b"-",
        b"\"id\"",
        b"_json",
        b"\xff\xfe",
    ]);
    prop_oneof![
        (place.clone(), any::<u8>()).prop_map(|(at, byte)| Mutation::Flip(at, byte)),
        (place.clone(), pieces).prop_map(|(at, piece)| Mutation::Insert(at, piece.to_vec())),
        (place.clone(), 1_usize..400).prop_map(|(at, length)| Mutation::Delete(at, length)),
        (place.clone(), 1_usize..400).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        place.prop_map(Mutation::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    let size = bytes.len();
    let span = |at: usize, length: usize| (at % size)..(at % size + length).min(size);
    match mutation {
        Mutation::Flip(at, byte) => bytes[at % size] = *byte,
        Mutation::Insert(at, piece) => drop(bytes.splice(at % size..at % size, piece.iter().copied())),
        Mutation::Delete(at, length) => drop(bytes.drain(span(*at, *length))),
        Mutation::Repeat(at, length) => {
            let piece = bytes[span(*at, *length)].to_vec();
            bytes.splice(at % size..at % size, piece);
        }
        Mutation::Cut(at) => bytes.truncate(at % size),
    }
}

/// Reads to the end. Every item costs at least one byte of input, so a reader that makes no way is seen.
fn read_to_the_end(path: &Path, size: usize) {
    let Ok(reader) = formats::read(path, &options()) else { return };
    let mut json = HsdsJsonWriter::new(Vec::new());
    let mut items = 0_usize;
    for row in reader {
        items += 1;
        assert!(items <= size + 1, "more rows than bytes");
        match row {
            Ok(record) => json.write(&record).unwrap(),
            Err(error) => assert!(error.line >= 1 && !error.message.is_empty()),
        }
    }
    serde_json::from_slice::<serde_json::Value>(&json.finish().unwrap()).unwrap();
}

/// HSDS as orgloop writes it, and the samples of others where they are there.
struct Samples {
    json: Vec<Vec<u8>>,
    folders: Vec<PathBuf>,
    _own: TempDir,
}

static SAMPLES: LazyLock<Samples> = LazyLock::new(|| {
    let (records, errors) = read_bytes("orgs.csv", RICH_CSV).unwrap();
    assert_eq!((records.len(), errors.len()), (2, 0));
    let own = tempfile::tempdir().unwrap();
    let (mut json, mut csv) = (HsdsJsonWriter::new(Vec::new()), HsdsCsvWriter::create(own.path()).unwrap());
    for record in &records {
        json.write(record).unwrap();
        csv.write(record).unwrap();
    }
    csv.finish().unwrap();
    let sample = shared("hsds_samples/organization_full.json").map(|path| fs::read(path).unwrap());
    Samples {
        json: [json.finish().unwrap()].into_iter().chain(sample).collect(),
        folders: [own.path().to_owned()].into_iter().chain(shared("hsds_samples/ohana")).collect(),
        _own: own,
    }
});

const RICH_CSV: &str = "id,name,alternate_name,street,city,latitude,longitude,phone,email,website,identifier,\
    identifier_scheme,services,x\n1,\"A, \"\"B\"\"\",Be; Bee,1 Main,Town,41.5,-87,555-0100; 555-0101,a@b.example,b.example,\
    123,GB-COH,food; shelter,y\n2,Café,,,,,,,,,,,,\n";

const CSV: &str = "id,name,street,city,latitude,longitude,services,x\n1,\"A, \"\"B\"\"\",1 Main,Town,41.5,-87,a; b,\n\
    2,Café,,,,,,y\n3,\"two\nlines\",,,,,,\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plain_csv(mutations in prop::collection::vec(mutation(), 1..6)) {
        let mut bytes = CSV.repeat(3).into_bytes();
        mutations.iter().for_each(|mutation| apply(&mut bytes, mutation));
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &bytes).unwrap();
        read_to_the_end(file.path(), bytes.len());
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &bytes).unwrap();
        read_to_the_end(file.path(), bytes.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json(mutations in prop::collection::vec(mutation(), 1..6), which in any::<Index>(), lines in any::<bool>()) {
        let mut bytes = which.get(&SAMPLES.json).clone();
        if lines {
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            bytes = format!("{value}\n{value}\n").into_bytes();
        }
        mutations.iter().for_each(|mutation| apply(&mut bytes, mutation));
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &bytes).unwrap();
        read_to_the_end(file.path(), bytes.len());
    }

    #[test]
    fn folder(mutations in prop::collection::vec((any::<Index>(), mutation()), 1..6), which in any::<Index>()) {
        let path = which.get(&SAMPLES.folders);
        let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let folder = tempfile::tempdir().unwrap();
        let mut size = 0;
        for (n, file) in files.iter().enumerate() {
            let mut bytes = fs::read(file).unwrap();
            let of_file = mutations.iter().filter(|(at, _)| at.index(files.len()) == n);
            of_file.for_each(|(_, mutation)| apply(&mut bytes, mutation));
            size += bytes.len();
            fs::write(folder.path().join(file.file_name().unwrap()), bytes).unwrap();
        }
        read_to_the_end(folder.path(), size);
    }
}
