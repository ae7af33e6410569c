//! The real binary as a server in a process of its own, whose threads and children are all its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::scratch;

/// Threads that work for a session and must end with it.
const SESSION_THREADS: [&str; 5] = ["job-", "writer", "frames", "encode", "log-"];

/// What a session may take until all it used is gone.
const GONE: Duration = Duration::from_secs(2);

pub struct Program {
    child: Child,
    pub url: String,
    data: Arc<TempDir>,
    log: Arc<Mutex<String>>,
}

impl Program {
    /// Starts without models, which these tests, all about bytes and processes, would only have to wait for.
    pub fn start(options: &[&str]) -> Self {
        Self::start_in(Arc::new(scratch::folder("data-")), options)
    }

    /// Starts on a data folder that another process may have left.
    pub fn start_in(data: Arc<TempDir>, options: &[&str]) -> Self {
        Self::start_by(&[], data, options)
    }

    /// Starts by another program, which becomes the server after it has changed what the server finds.
    pub fn start_by(launcher: &[&str], data: Arc<TempDir>, options: &[&str]) -> Self {
        let line = [launcher, &[env!("CARGO_BIN_EXE_sightline")]].concat();
        let mut command = Command::new(line[0]);
        command.args(&line[1..]).arg("serve");
        if !options.contains(&"--models-dir") {
            command.args(["--models-dir", scratch::no_models()]);
        }
        if !options.contains(&"--port") {
            command.args(["--port", "0"]);
        }
        command.arg("--data-dir").arg(data.path()).args(options);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (tell, told) = mpsc::channel();
        let (stderr, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(url) = line.strip_prefix("listening on ") {
                    let _ = tell.send(url.to_owned());
                }
                *kept.lock().unwrap() += &format!("{line}\n");
            }
        });
        let url = told.recv_timeout(Duration::from_secs(30));
        let url = url.unwrap_or_else(|_| panic!("the server does not start: {}", log.lock().unwrap()));
        Self { child, url, data, log }
    }

    pub fn data(&self) -> &Arc<TempDir> {
        &self.data
    }

    /// What it has written on stderr.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Its resident memory, in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.data.path().join(below)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A path of the data folder as the server sees it, which may have mounted something there.
    pub fn inner_path(&self, below: &str) -> PathBuf {
        self.proc("root").join(self.data.path().strip_prefix("/").unwrap()).join(below)
    }

    /// What it has said on stderr so far.
    pub fn said(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        let ended = within(patience, || self.child.try_wait().unwrap());
        ended.unwrap_or_else(|| panic!("the server did not end within {patience:?}: {}", self.log.lock().unwrap()))
    }

    /// Process ids of children whose command line holds `part`.
    pub fn children(&self, part: &str) -> Vec<i32> {
        let text = |path: PathBuf| std::fs::read(path).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default();
        let tasks = entries(&self.proc("task"));
        let children = tasks.iter().flat_map(|t| text(t.join("children")).split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        children.filter(|c| text(Path::new("/proc").join(c).join("cmdline")).contains(part)).map(|c| c.parse().unwrap()).collect()
    }

    /// The child that decodes; there is one while a session's analysis waits for bytes.
    pub fn decoder(&self) -> Pid {
        let found = within(Duration::from_secs(10), || self.children("ppm").first().copied());
        Pid::from_raw(found.expect("FFmpeg decodes"))
    }

    fn session_threads(&self) -> Vec<String> {
        let names = entries(&self.proc("task")).into_iter().filter_map(|t| std::fs::read_to_string(t.join("comm")).ok());
        names.map(|n| n.trim().to_owned()).filter(|n| SESSION_THREADS.iter().any(|t| n.starts_with(t))).collect()
    }

    /// Memory in use, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// Lines it has logged.
    pub fn log_lines(&self) -> usize {
        self.log.lock().unwrap().lines().count()
    }

    /// No session's analysis is on: no child and no thread of one, within two seconds.
    pub fn assert_quiet(&self, after: &str) {
        let left = || (self.children(""), self.session_threads());
        let gone = within(GONE, || (left() == (Vec::new(), Vec::new())).then_some(()));
        assert!(gone.is_some(), "left after {after}: {:?}\n{}", left(), self.log.lock().unwrap());
    }

    /// Quiet, and no file of a session either.
    pub fn assert_nothing_left(&self, after: &str) {
        self.assert_quiet(after);
        let left = || (self.files("sessions"), self.files("results"));
        let gone = within(GONE, || (left() == (Vec::new(), Vec::new())).then_some(()));
        assert!(gone.is_some(), "left after {after}: {:?}\n{}", left(), self.log.lock().unwrap());
    }

    /// Files below a part of the data folder.
    pub fn files(&self, below: &str) -> Vec<String> {
        scratch::files_below(&self.path(below))
    }

    /// Its place below /proc.
    pub fn proc(&self, below: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{below}", self.child.id()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a process is there and no zombie.
pub fn is_alive(process: Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// Asks until there is an answer, or gives up. For what tells nobody when it changes, such as /proc.
pub fn within<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect()
}
