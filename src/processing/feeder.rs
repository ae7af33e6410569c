//! The writer: a plan's pieces into FFmpeg's stdin, one after the other, as their bytes arrive.

use std::io::Write;
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::ingest::plan::Piece;
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
    pub fn start(spool: Arc<Spool>, pieces: Vec<Piece>, stdin: ChildStdin) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let state = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || feed(&spool, &pieces, stdin, &state))?;
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

fn feed(spool: &Spool, pieces: &[Piece], stdin: ChildStdin, state: &Shared) {
    feed_all(spool, pieces, stdin, state);
    // From here on only FFmpeg can be slow.
    state.starved.store(false, Ordering::Relaxed);
}

fn feed_all(spool: &Spool, pieces: &[Piece], mut stdin: ChildStdin, state: &Shared) {
    for piece in pieces {
        let goes_on = match piece {
            Piece::Made(bytes) => write(&mut stdin, bytes, state),
            Piece::File { from, to } => feed_file(spool, *from, *to, &mut stdin, state),
        };
        if !goes_on {
            return;
        }
    }
}

/// Writes a stretch of the file as it arrives; false where nothing more can or should be written.
fn feed_file(spool: &Spool, from: u64, to: Option<u64>, stdin: &mut ChildStdin, state: &Shared) -> bool {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut offset = from;
    while to.is_none_or(|to| offset < to) {
        if state.stop.load(Ordering::Relaxed) {
            return false;
        }
        match spool.wait(offset, LOOK) {
            Available::Until(_) => {}
            Available::Nothing => {
                state.starved.store(true, Ordering::Relaxed);
                continue;
            }
            Available::End => return true,
            Available::Closed => return false,
        }
        state.starved.store(false, Ordering::Relaxed);
        let wanted = to.map_or(BUFFER_BYTES as u64, |to| to - offset).min(BUFFER_BYTES as u64) as usize;
        let length = match spool.read_at(offset, &mut buffer[..wanted]) {
            Ok(length) => length,
            Err(error) => {
                tracing::error!(%error, "the spool could not be read");
                return false;
            }
        };
        if !write(stdin, &buffer[..length], state) {
            return false;
        }
        offset += length as u64;
    }
    true
}

/// False where the pipe is broken: FFmpeg wants no more, or has ended; which of both, its exit says.
fn write(stdin: &mut ChildStdin, bytes: &[u8], state: &Shared) -> bool {
    let written = stdin.write_all(bytes).is_ok();
    state.written.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    written
}
