//! The service through a real listening server, on the embedded adapters in a folder of its own.

mod bad_input;
mod document;
mod merges;
mod operations;
mod organizations;
mod pages;
mod review;
mod rows;
mod support;
mod topics;
mod worker;
