//! The server as it is released, in a process of its own, and what the system says of it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

pub struct Program {
    child: Child,
    pub address: SocketAddr,
    /// On the disk that the build is on.
    pub data: Arc<TempDir>,
}

impl Program {
    pub fn start(options: &[&str]) -> Self {
        let data = tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self::start_in(Arc::new(data), options)
    }

    pub fn start_in(data: Arc<TempDir>, options: &[&str]) -> Self {
        let no_models = data.path().join("no-models");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sightline"));
        command
            .args(["--log", "error", "serve", "--port", "0", "--models-dir"])
            .arg(no_models)
            .arg("--data-dir")
            .arg(data.path())
            .args(options);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("listening on http://").map(|a| a.parse().unwrap()));
        // Else it would wait for somebody to read what it says.
        std::thread::Builder::new().name("log".to_owned()).spawn(move || lines.for_each(|line| eprintln!("{line}"))).unwrap();
        Self { child, address: address.expect("the server starts"), data }
    }

    pub fn path(&self) -> &Path {
        self.data.path()
    }

    pub fn end(mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
        self.child.wait().unwrap()
    }

    /// Resident memory in MiB.
    pub fn resident(&self) -> f64 {
        resident(self.child.id())
    }

    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }

    pub fn threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.child.id())).map_or(0, Iterator::count)
    }

    /// The most memory while the work goes on, in MiB.
    pub async fn most_resident_during<T>(&self, work: impl Future<Output = T>) -> (f64, T) {
        let (most, process) = (AtomicU64::new(0), self.child.id());
        let watch = async {
            loop {
                most.fetch_max((resident(process) * 1024.0) as u64, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let outcome = tokio::select! {
            outcome = work => outcome,
            () = watch => unreachable!("it watches for ever"),
        };
        (most.into_inner() as f64 / 1024.0, outcome)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resident(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Seconds that something takes.
pub async fn seconds<T>(work: impl Future<Output = T>) -> (f64, T) {
    let began = Instant::now();
    let outcome = work.await;
    (began.elapsed().as_secs_f64(), outcome)
}
