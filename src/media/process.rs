//! One FFmpeg child and the thread that reads its log. Whoever holds the value owns both: dropping it kills and waits.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ffmpeg_sidecar::command::FfmpegCommand;
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use parking_lot::Mutex;

use super::ffmpeg::Ffmpeg;
use super::log::split_level;
use super::sandbox::Files;

/// Longest log line taken; what is beyond is read and thrown away.
const LINE_LIMIT: u64 = 8 * 1024;
/// Complaints kept for the error message.
const TAIL_LINES: usize = 20;
/// Address space a child may use. FFmpeg 9 with its threads maps about 1.5 GB for 4K HEVC; a bomb wants far more.
const MEMORY_LIMIT_BYTES: u64 = 6 << 30;
/// Files and pipes a child may have open. FFmpeg has about ten.
const OPEN_FILES: u64 = 256;

#[derive(Debug, thiserror::Error)]
#[error("FFmpeg could not be started ({role}): {source}")]
pub struct SpawnError {
    pub role: &'static str,
    pub source: std::io::Error,
}

#[derive(Debug)]
pub struct Process {
    child: Child,
    waited: bool,
    role: &'static str,
    log: Option<JoinHandle<()>>,
    tail: Arc<Mutex<Tail>>,
}

/// What is kept of a log.
#[derive(Debug, Default)]
struct Tail {
    lines: VecDeque<String>,
    /// The one that tells the cause; later ones tell its consequences.
    first_error: Option<String>,
}

impl Tail {
    fn take(&mut self, line: &str) {
        let (level, message) = split_level(line);
        if matches!(level, "error" | "fatal" | "panic") && self.first_error.is_none() && !message.contains("increasing dts") {
            self.first_error = Some(message.trim().to_owned());
        }
        if self.lines.len() == TAIL_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }
}

/// How a child ended.
#[derive(Clone, Debug)]
pub struct Exit {
    pub status: ExitStatus,
    /// The first error in its log.
    pub first_error: Option<String>,
    /// The last lines of its log at warning level or worse.
    pub tail: Vec<String>,
}

impl Exit {
    /// The signal that ended the child, where one did.
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Why it ended, in FFmpeg's words.
    pub fn reason(&self) -> String {
        self.first_error.clone().unwrap_or_else(|| format!("FFmpeg ended with {}", self.status))
    }
}

impl Process {
    /// Starts FFmpeg with all three pipes, confined to these files. `on_line` gets each line of its log, on the log's own
    /// thread.
    ///
    /// The child dies with the thread that calls this (`PR_SET_PDEATHSIG` goes by thread), so the caller must be the one
    /// that also waits for it.
    pub fn spawn(
        ffmpeg: &Ffmpeg,
        role: &'static str,
        args: &[OsString],
        files: &Files<'_>,
        mut on_line: impl FnMut(&str) + Send + 'static,
    ) -> Result<Self, SpawnError> {
        let failed = |source| SpawnError { role, source };
        let mut command = FfmpegCommand::new_with_path(ffmpeg.path());
        command.args(args);
        // SAFETY: the closure runs between fork and exec and makes only async-signal-safe system calls.
        unsafe {
            command.as_inner_mut().pre_exec(|| {
                nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
                // A server with less for itself may not give its children more.
                for (resource, wanted) in [(Resource::RLIMIT_AS, MEMORY_LIMIT_BYTES), (Resource::RLIMIT_NOFILE, OPEN_FILES)] {
                    let (_, most) = getrlimit(resource)?;
                    setrlimit(resource, wanted.min(most), wanted.min(most))?;
                }
                setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
                Ok(())
            });
        }
        ffmpeg.sandbox().confine(command.as_inner_mut(), files).map_err(failed)?;
        // A group of its own: Ctrl-C on the terminal is for the server, which then ends its children in order.
        command.as_inner_mut().process_group(0);
        let mut child = command.as_inner_mut().spawn().map_err(failed)?;
        let tail = Arc::new(Mutex::new(Tail::default()));
        let stderr = child.stderr.take();
        let kept = Arc::clone(&tail);
        let log = std::thread::Builder::new().name(format!("log-{role}")).spawn(move || {
            let Some(stderr) = stderr else { return };
            each_line(BufReader::new(stderr), |line| {
                if matches!(split_level(line).0, "warning" | "error" | "fatal" | "panic") {
                    kept.lock().take(line);
                }
                on_line(line);
            });
        });
        let mut process = Self { child, waited: false, role, log: None, tail };
        process.log = Some(log.map_err(failed)?);
        Ok(process)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Ends the child and whatever it has started. At once and without SIGTERM before: what it would still write is
    /// thrown away, and one that hangs would not hear it.
    fn end(&mut self) -> std::io::Result<ExitStatus> {
        if !self.waited {
            // Until the child is waited for, its number (also its group's) is nobody else's. An error: nobody is left.
            let _ = killpg(self.pid(), Signal::SIGKILL);
        }
        let status = self.child.wait()?;
        self.waited = true;
        Ok(status)
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// Whether the child has ended; it is still to be waited for.
    fn has_ended(&self) -> Result<bool, Errno> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        Ok(waitid(Id::Pid(self.pid()), flags)? != WaitStatus::StillAlive)
    }

    /// Waits for the child and for the end of its log. A child that takes longer than `patience`, or that nobody needs
    /// any more (`stop`), is killed; its exit then tells the signal.
    pub fn wait(mut self, patience: Duration, stop: &dyn Fn() -> bool) -> std::io::Result<Exit> {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_millis(1);
        while !self.has_ended()? && Instant::now() < deadline && !stop() {
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        let status = self.end()?;
        self.join_log();
        let tail = std::mem::take(&mut *self.tail.lock());
        Ok(Exit { status, first_error: tail.first_error, tail: tail.lines.into() })
    }

    fn join_log(&mut self) {
        if let Some(log) = self.log.take()
            && log.join().is_err()
        {
            tracing::error!(role = self.role, "the log thread panicked");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Order: kill, so that nobody keeps writing; wait, so that no zombie stays; join, so that no thread stays.
        let _ = self.end();
        self.join_log();
    }
}

/// Calls `take` with each line (ended by `\n` or `\r`), cut to `LINE_LIMIT`, until the stream ends. A flood without an
/// end of line costs no memory.
fn each_line(mut stream: impl BufRead, mut take: impl FnMut(&str)) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut stream).take(LINE_LIMIT).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let whole = line.last() == Some(&b'\n');
        take(String::from_utf8_lossy(&line).trim_end());
        if !whole && skip_line(&mut stream).is_err() {
            return;
        }
    }
}

fn skip_line(stream: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = stream.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        match buffer.iter().position(|b| *b == b'\n') {
            Some(at) => {
                stream.consume(at + 1);
                return Ok(());
            }
            None => {
                let length = buffer.len();
                stream.consume(length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; 100_000];
        text.extend(b"\nshort\nlast");
        let mut lines = Vec::new();
        each_line(&text[..], |line| lines.push(line.to_owned()));
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].len() as u64, LINE_LIMIT);
        assert_eq!(lines[1..], ["short", "last"]);
    }
}
