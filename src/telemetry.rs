//! Logging, on stderr: stdout is for data.

use tracing_subscriber::EnvFilter;

/// Turns logging on; called once, by `main`.
pub fn start(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|e| format!("{filter:?} is no log filter: {e}"))?;
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).with_target(false).init();
    Ok(())
}
