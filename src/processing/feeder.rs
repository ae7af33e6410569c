//! The writer: bytes from the spool into FFmpeg's stdin, in order, as they arrive.

use std::io::Write;
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::ingest::spool::{Available, Spool};

/// How often a writer without bytes looks whether it should stop.
const LOOK: Duration = Duration::from_millis(200);
const BUFFER_BYTES: usize = 256 * 1024;

#[derive(Debug)]
pub struct Feeder {
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    written: AtomicU64,
    /// The sender is slow, FFmpeg is not at fault.
    starved: AtomicBool,
}

impl Feeder {
    pub fn start(spool: Arc<Spool>, stdin: ChildStdin) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let state = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || feed(&spool, stdin, &state))?;
        Ok(Self { thread: Some(thread), shared })
    }

    /// Bytes that FFmpeg has taken.
    pub fn written(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }

    /// Whether the writer waits for the sender.
    pub fn is_starved(&self) -> bool {
        self.shared.starved.load(Ordering::Relaxed)
    }
}

impl Drop for Feeder {
    /// The child must be gone before: a writer in the middle of a write waits for it.
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn feed(spool: &Spool, mut stdin: ChildStdin, state: &Shared) {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut offset = 0;
    while !state.stop.load(Ordering::Relaxed) {
        match spool.wait(offset, LOOK) {
            Available::Until(_) => {}
            Available::Nothing => {
                state.starved.store(true, Ordering::Relaxed);
                continue;
            }
            Available::End | Available::Closed => {
                // From here on only FFmpeg can be slow.
                state.starved.store(false, Ordering::Relaxed);
                return;
            }
        }
        state.starved.store(false, Ordering::Relaxed);
        let length = match spool.read_at(offset, &mut buffer) {
            Ok(length) => length,
            Err(error) => {
                tracing::error!(%error, "the spool could not be read");
                return;
            }
        };
        // A broken pipe: FFmpeg wants no more, or has ended; which of both, its exit says.
        if stdin.write_all(&buffer[..length]).is_err() {
            return;
        }
        offset += length as u64;
        state.written.store(offset, Ordering::Relaxed);
    }
}
