//! A slow line to a server, on which one can see what goes by.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A chunk on its way up.
    Chunk(u64),
    /// A progress event on its way down.
    Progress,
}

pub struct Proxy {
    pub url: String,
    line: Arc<Line>,
}

struct Line {
    server: String,
    pause_ms: AtomicU64,
    /// Chunks that may go up in all; what comes beyond finds the line cut.
    allowed: AtomicU64,
    seen: Mutex<Vec<Seen>>,
}

impl Proxy {
    /// A line that waits before each chunk.
    pub fn to(server_url: &str, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = server_url.strip_prefix("http://").unwrap().to_owned();
        let pause_ms = AtomicU64::new(pause.as_millis() as u64);
        let line = Arc::new(Line { server, pause_ms, allowed: AtomicU64::new(u64::MAX), seen: Mutex::default() });
        let kept = Arc::clone(&line);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                kept.connect(client);
            }
        });
        Self { url, line }
    }

    pub fn pause(&self, pause: Duration) {
        self.line.pause_ms.store(pause.as_millis() as u64, Ordering::Relaxed);
    }

    /// Lets so many chunks pass in all, counted from the line's beginning.
    pub fn allow(&self, chunks: u64) {
        self.line.allowed.store(chunks, Ordering::Relaxed);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.line.seen.lock().unwrap().clone()
    }

    /// The chunks in the order in which they went up.
    pub fn chunks(&self) -> Vec<u64> {
        self.seen().into_iter().filter_map(|s| if let Seen::Chunk(index) = s { Some(index) } else { None }).collect()
    }
}

impl Line {
    fn connect(self: &Arc<Self>, client: TcpStream) {
        // Where the server is away, the client's connection is closed.
        let Ok(server) = TcpStream::connect(&self.server) else { return };
        let (up, down) = (Arc::clone(self), Arc::clone(self));
        let (client_reads, server_reads) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || up.pump(client_reads, server, chunk));
        std::thread::spawn(move || down.pump(server_reads, client, progress));
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream, look: impl Fn(&mut Vec<u8>) -> Option<Seen>) {
        let (mut buffer, mut unread) = (vec![0; 64 << 10], Vec::new());
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            unread.extend_from_slice(&buffer[..length]);
            while let Some(seen) = look(&mut unread) {
                if seen != Seen::Progress {
                    std::thread::sleep(Duration::from_millis(self.pause_ms.load(Ordering::Relaxed)));
                }
                if !self.passes(seen) {
                    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
                    return;
                }
            }
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}

impl Line {
    /// Notes what goes by; false where it may not.
    fn passes(&self, what: Seen) -> bool {
        let mut seen = self.seen.lock().unwrap();
        let chunks = seen.iter().filter(|s| matches!(s, Seen::Chunk(_))).count() as u64;
        let passes = what == Seen::Progress || chunks < self.allowed.load(Ordering::Relaxed);
        if passes {
            seen.push(what);
        }
        passes
    }
}

/// Takes bytes up to and with `pattern` away; without one, all that cannot be its beginning.
fn after(bytes: &mut Vec<u8>, pattern: &[u8]) -> bool {
    let found = bytes.windows(pattern.len()).position(|w| w == pattern);
    let gone = found.map_or(bytes.len().saturating_sub(pattern.len() - 1), |at| at + pattern.len());
    bytes.drain(..gone);
    found.is_some()
}

fn chunk(bytes: &mut Vec<u8>) -> Option<Seen> {
    if !after(bytes, b"/chunks/") {
        return None;
    }
    // A request line is far shorter than what is read at once, and begins what is read.
    let digits: String = bytes.iter().take_while(|b| b.is_ascii_digit()).map(|b| char::from(*b)).collect();
    digits.parse().ok().map(Seen::Chunk)
}

fn progress(bytes: &mut Vec<u8>) -> Option<Seen> {
    after(bytes, b"event: progress").then_some(Seen::Progress)
}
