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
    refuse_huge_pages();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::fail(&anyhow::Error::new(error).context("starting the runtime")),
    };
    match runtime.block_on(commands::run(arguments)) {
        Ok(code) => code,
        Err(error) => output::fail(&error),
    }
}

/// Pages of 2 MiB are cleared whole each time that the allocator takes memory back from the system: measured a
/// tenth of the time and memory of a batch. A kernel that does not know the request goes on as it did.
fn refuse_huge_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
