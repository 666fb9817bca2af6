//! Files in and out: plain CSV, HSDS CSV and JSON.
//!
//! This crate never touches a database and holds no more of a file than it must: plain CSV and JSON are read
//! as streams; a folder of HSDS tables is joined in memory. Start with [`read`], then [`RowError`].
//!
//! HSDS comes in as trees in the shape of its `organization_full`: the folder reader joins tables into them, the
//! JSON reader cuts them out of the file, and one place (`hsds::from_tree`) makes records of them. What the
//! records do not model stays in `extra` on its parent, under its HSDS name, and goes out again.

mod chunks;
mod columns;
mod error;
mod hsds;
mod ids;
mod json;
mod pairs;
mod parquet;
mod plain;
mod plain_write;
mod read;
mod scanner;
mod table;
mod text;
mod write;

pub use chunks::{Chunk, Chunks, chunks};
pub use columns::{ColumnMap, MapError, PLAIN_CSV_COLUMNS};
pub use error::{Error, RowError};
pub use hsds::folder_write::HsdsCsvWriter;
pub use pairs::{PairRow, PairsWriter};
pub use plain_write::CsvWriter;
pub use read::{Format, ReadOptions, Reader, read};
pub use write::{HsdsJsonWriter, OrganizationView};
