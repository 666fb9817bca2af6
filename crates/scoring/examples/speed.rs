//! What features, bytes, keys and comparing cost: `cargo run --release -p orgloop-scoring --example speed -- SET_FOLDER...`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a tool for those who tune"
)]

#[expect(dead_code, unreachable_pub, reason = "shared with tests")]
#[path = "../tests/quality/sets.rs"]
mod sets;

use scoring::{Model, RecordFeatures};
use std::time::Instant;

fn main() {
    for folder in std::env::args().skip(1) {
        let set = sets::read(folder.as_ref());
        let model = Model::shipped();
        let n = set.records.len();
        let features: Vec<_> = timed("features", n, || set.records.iter().map(scoring::features).collect());
        let bytes: Vec<_> = timed("to_bytes", n, || features.iter().map(RecordFeatures::to_bytes).collect());
        println!("   {:.0} bytes a record", bytes.iter().map(Vec::len).sum::<usize>() as f64 / n as f64);
        let read: Vec<_> = timed("read_bytes", n, || bytes.iter().map(|bytes| read(bytes)).collect());
        let _keys: Vec<_> = timed("keys", n, || read.iter().map(scoring::blocking_keys).collect());
        let pairs = sets::candidates(&features, model.block_size_max());
        let sum: f64 = timed("compare and weigh", pairs.len(), || {
            pairs.iter().map(|&(a, b)| model.weigh(&scoring::compare(&features[a], &features[b]))).sum()
        });
        println!("   {} pairs of {}, sum {sum:.0}", pairs.len(), set.name);
    }
}

fn timed<T>(what: &str, times: usize, work: impl Fn() -> T) -> T {
    work();
    let start = Instant::now();
    let result = work();
    println!("{what}: {:.2} µs", start.elapsed().as_secs_f64() * 1e6 / times as f64);
    result
}

fn read(bytes: &[u8]) -> RecordFeatures<'_> {
    let mut features = RecordFeatures::default();
    features.read_bytes(bytes).unwrap();
    features
}
