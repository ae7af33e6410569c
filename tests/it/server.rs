//! The real app on a free port, in this process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::Parser;
use sightline::app::{App, Stopper};
use sightline::config::{Cli, Command, ServeArgs};
use tempfile::TempDir;

use crate::scratch;

/// Longest that a server may take to end.
const END: Duration = Duration::from_secs(10);

pub struct Server {
    pub address: SocketAddr,
    data: TempDir,
    stopper: Stopper,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Server {
    /// Starts `sightline serve` with these options beside the ones every test needs.
    pub fn start(options: &[&str]) -> Self {
        let data = scratch::folder("data-");
        let args = serve_args(data.path(), options);
        let (tell, told) = mpsc::channel();
        let serve = move || {
            actix_web::rt::System::new().block_on(async move {
                let app = App::build(&args)?;
                tell.send((app.address, app.handle())).expect("the test waits for the address");
                app.run().await
            })
        };
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(serve).unwrap();
        let (address, stopper) = told.recv_timeout(Duration::from_secs(30)).expect("the app starts");
        Self { address, data, stopper, thread: Some(thread) }
    }

    /// The same with an empty folder of models: for tests about bytes, which need not wait for models to be compiled.
    pub fn without_models(options: &[&str]) -> Self {
        Self::start(&[options, &["--models-dir", scratch::no_models()]].concat())
    }

    /// One server for all tests that need no options of their own. Nothing ends it but the process.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }
}

impl Drop for Server {
    /// Stops the server and asserts that it ends.
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        let stopper = self.stopper.clone();
        let stopping = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(stopper.stop());
        });
        let deadline = Instant::now() + END;
        while !thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        if std::thread::panicking() {
            return;
        }
        assert!(thread.is_finished(), "the server did not end within {END:?}");
        stopping.join().unwrap();
        thread.join().unwrap().unwrap();
    }
}

fn serve_args(data: &Path, options: &[&str]) -> ServeArgs {
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/models");
    let mut line = vec!["sightline", "serve", "--port", "0", "--data-dir", data.to_str().unwrap()];
    line.extend(options);
    if !options.contains(&"--models-dir") {
        line.extend(["--models-dir", models]);
    }
    match Cli::try_parse_from(line).unwrap_or_else(|e| panic!("{e}")).command {
        Command::Serve(args) => *args,
        _ => unreachable!("serve was asked for"),
    }
}
