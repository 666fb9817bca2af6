//! `orgloop`: reads the settings, opens the ports by their URLs, and runs what the command line asks for.

mod access;
mod commands;
mod config;
mod crews;
mod logging;
mod output;
mod ports;
mod roles;

use clap::Parser;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// For Rust, SQLite and librdkafka alike (`override`): measured a fifth less CPU over the whole loop than with glibc's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = commands::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::fail(&anyhow::Error::new(error).context("starting the runtime")),
    };
    match runtime.block_on(commands::run(arguments)) {
        Ok(code) => code,
        Err(error) => output::fail(&error),
    }
}
