//! `label` and `train` through the binary: questions, answers, and what a model learns from them.

#[cfg(test)]
mod label;
#[cfg(test)]
mod train;
#[cfg(test)]
mod world;
