//! Structured logs on standard error.

use crate::config::{LogFormat, LogSettings};
use tracing_subscriber::EnvFilter;

/// Starts logging. `level` is a level or a filter such as `info,pipeline=debug`.
pub(crate) fn start(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.level)
        .map_err(|error| anyhow::anyhow!("log.level {:?} is not a filter: {error}", settings.level))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Text => builder.with_target(false).compact().init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
