//! The service through a real listening server, on the embedded adapters in a folder of its own.

#[cfg(test)]
mod access;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod batches;
#[cfg(test)]
mod blind;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod document;
#[cfg(test)]
mod exclusions;
#[cfg(test)]
mod explanations;
#[cfg(test)]
mod merges;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod organizations;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod partition;
#[cfg(test)]
mod previews;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod reconcile;
#[cfg(test)]
mod review;
#[cfg(test)]
mod review_page;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod splits;
#[cfg(test)]
mod support;
#[cfg(test)]
mod survivorship;
#[cfg(test)]
mod topics;
#[cfg(test)]
mod undo;
#[cfg(test)]
mod worker;
