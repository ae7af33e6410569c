//! What this process and its children have used so far.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Of this process and of children that have been waited for.
    pub cpu_seconds: f64,
    /// Largest resident size of this process.
    pub peak_memory_mb: f64,
}

pub fn now() -> Usage {
    let seconds = |who| getrusage(who).map(|u| (u.user_time() + u.system_time()).num_microseconds() as f64 / 1e6).unwrap_or(0.0);
    let peak_kib = getrusage(UsageWho::RUSAGE_SELF).map(|u| u.max_rss()).unwrap_or(0);
    Usage { cpu_seconds: seconds(UsageWho::RUSAGE_SELF) + seconds(UsageWho::RUSAGE_CHILDREN), peak_memory_mb: peak_kib as f64 / 1024.0 }
}
