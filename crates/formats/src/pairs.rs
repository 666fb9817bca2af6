//! Scored pairs going out: CSV, or Parquet for those who go on with a data frame.

use crate::error::Error;
use crate::parquet::ParquetPairs;
use std::io::Write;
use std::path::Path;

/// One pair with what speaks for and against it.
#[derive(Clone, Copy, Debug)]
pub struct PairRow<'a> {
    /// One record, as its source calls it.
    pub left_id: &'a str,
    /// The other one.
    pub right_id: &'a str,
    /// Log-odds (natural), prior included.
    pub weight: f64,
    /// The probability of that weight.
    pub probability: f64,
    /// Whether they ended in one cluster.
    pub same_cluster: bool,
    /// The parts of the weight in words, strongest first: `name: same +4.013; …`.
    pub evidence: &'a str,
}

/// The columns of a file of pairs.
pub(crate) const COLUMNS: [&str; 6] =
    ["left_id", "right_id", "weight", "probability", "same_cluster", "evidence"];

/// Writes pairs, one a row.
pub struct PairsWriter<W: Write + Send>(Kind<W>);

enum Kind<W: Write + Send> {
    Csv(Box<csv::Writer<W>>),
    Parquet(Box<ParquetPairs<W>>),
}

impl<W: Write + Send> std::fmt::Debug for PairsWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PairsWriter").finish_non_exhaustive()
    }
}

impl<W: Write + Send> PairsWriter<W> {
    /// Begins a CSV file.
    ///
    /// # Errors
    /// [`Error::Write`] when the header cannot be written.
    pub fn csv(out: W) -> Result<Self, Error> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(COLUMNS).map_err(|error| failed(error.into()))?;
        Ok(Self(Kind::Csv(Box::new(writer))))
    }

    /// Begins a Parquet file.
    ///
    /// # Errors
    /// [`Error::Write`] when it cannot be begun.
    pub fn parquet(out: W) -> Result<Self, Error> {
        Ok(Self(Kind::Parquet(Box::new(ParquetPairs::new(out).map_err(failed)?))))
    }

    /// Writes a pair.
    ///
    /// # Errors
    /// [`Error::Write`] when the output refuses.
    pub fn write(&mut self, pair: &PairRow<'_>) -> Result<(), Error> {
        match &mut self.0 {
            Kind::Csv(writer) => {
                let figures = [pair.weight, pair.probability].map(|figure| format!("{figure:.6}"));
                let [weight, probability] = &figures;
                let same = if pair.same_cluster { "1" } else { "0" };
                let row = [pair.left_id, pair.right_id, weight, probability, same, pair.evidence];
                writer.write_record(row).map_err(|error| failed(error.into()))
            }
            Kind::Parquet(writer) => writer.write(pair).map_err(failed),
        }
    }

    /// Ends the file and gives back what it was written to.
    ///
    /// # Errors
    /// [`Error::Write`] when the output refuses.
    pub fn finish(self) -> Result<W, Error> {
        match self.0 {
            Kind::Csv(writer) => writer.into_inner().map_err(|error| failed(error.into_error())),
            Kind::Parquet(writer) => writer.finish().map_err(failed),
        }
    }
}

fn failed(source: std::io::Error) -> Error {
    Error::write(Path::new("the pairs"))(source)
}
