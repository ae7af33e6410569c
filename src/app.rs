//! Puts the server together, runs it, and takes it apart in order.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web;
use anyhow::Context;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::config::ServeArgs;
use crate::error_code::{ErrorCode, Problem};
use crate::http::seats::Seats;
use crate::http::server;
use crate::http::state::{Limits, State};
use crate::installation::{self, Missing};
use crate::media::ffmpeg::Ffmpeg;
use crate::processing::session_run::Analyses;
use crate::sessions::metrics::Counters;
use crate::sessions::reaper::{Reaper, ReaperSettings};
use crate::sessions::registry::Registry;

/// How long a server that was told to stop goes on refusing.
const FAREWELL: Duration = Duration::from_secs(1);

/// A server that is bound and put together. Tests build one on port 0 and run it.
pub struct App {
    pub address: std::net::SocketAddr,
    state: web::Data<State>,
    server: actix_web::dev::Server,
    reaper: Reaper,
    warm_up: Option<JoinHandle<()>>,
}

impl App {
    pub fn build(args: &ServeArgs) -> anyhow::Result<Self> {
        let data = &args.data_dir;
        let results = data.join("results");
        std::fs::create_dir_all(&results).with_context(|| format!("the data folder {} cannot be used", data.display()))?;
        remove_partial(&results);
        std::fs::create_dir_all(&args.engine.models_dir).context("the models folder cannot be made")?;
        let quarantine = data.join("quarantine");
        let registry = Registry::open(data.join("sessions"), &results, &quarantine, args.max_sessions);
        let registry = registry.context("the data folder cannot be used")?;
        let registry = Arc::new(registry);
        let counters = Arc::new(Counters::default());
        let ffmpeg = installation::ffmpeg(&args.engine);
        let version = ffmpeg.as_ref().map(|ffmpeg| ffmpeg.version().to_owned()).map_err(missing);
        let analyses = ffmpeg.and_then(|ffmpeg| analyses(args, ffmpeg, &results, &counters)).map_err(|reason| {
            tracing::error!("no video can be analysed: {reason}");
            missing(&reason)
        });
        let limits = Limits {
            chunk_bytes: args.max_chunk_bytes,
            in_flight_bytes: args.max_bytes_in_flight,
            file_bytes: args.max_file_bytes,
            frame_pixels: args.encode.max_frame_pixels,
            sessions: args.max_sessions,
            running: args.max_running,
            sessions_per_minute: args.rate_limit,
            trusted_proxies: args.trusted_proxy.clone(),
            idle_timeout: args.idle_timeout(),
            min_free_bytes: args.min_free_bytes,
            client_timeout: Duration::from_secs(args.client_timeout),
            keepalive: Duration::from_secs(args.keepalive),
            appearance: Duration::from_secs(args.appearance_timeout),
        };
        let seats = Seats::new(args.max_readers, args.max_readers_per_session);
        let state = web::Data::new(State::new(Arc::clone(&registry), counters, limits, seats, results.clone(), version, analyses));
        let (host, port) = args.address();
        let (listener, address) = server::bind(host, port).with_context(|| format!("cannot listen on {host}:{port}"))?;
        let server = server::server(listener, state.clone())?;
        let settings = ReaperSettings {
            step: Duration::from_secs(args.reaper_step),
            idle_timeout: args.idle_timeout(),
            result_lifetime: Duration::from_secs(args.keep_results * 3600),
            results,
            quarantine,
        };
        let reaper = Reaper::start(registry, settings)?;
        Ok(Self { address, state, server, reaper, warm_up: None })
    }

    /// Begins the analyses again that an earlier process did not end.
    fn take_up(&self) {
        let Ok(analyses) = self.state.analyses() else { return };
        for session in self.state.registry.list().iter().filter(|s| !s.state().is_over()) {
            tracing::info!(session = %session.id, "taken up again");
            if let Err(problem) = analyses.start(session) {
                tracing::error!(session = %session.id, "{problem}");
            }
        }
    }

    /// Loads the models beside the running server, then says on stderr that it is ready.
    fn warm_up(&mut self) -> std::io::Result<()> {
        let (state, address) = (self.state.clone(), self.address);
        let thread = std::thread::Builder::new().name("warm-up".to_owned()).spawn(move || {
            if let Ok(analyses) = state.analyses() {
                let catalog = &analyses.resources().catalog;
                catalog.notices().iter().for_each(|notice| tracing::warn!("{notice}"));
                state.set_warm(catalog.warm_up().map_err(|error| {
                    tracing::error!("the default models do not run: {error}");
                    Problem::new(
                        ErrorCode::NotReady,
                        format!("The default models do not run: {error}. The server's operator can run scripts/setup."),
                    )
                }));
            }
            eprintln!("listening on http://{address}");
        })?;
        self.warm_up = Some(thread);
        Ok(())
    }

    /// A handle that stops the server from elsewhere.
    pub fn handle(&self) -> Stopper {
        Stopper { state: self.state.clone(), server: self.server.handle() }
    }

    /// Serves until it is stopped.
    pub async fn run(mut self) -> anyhow::Result<()> {
        self.take_up();
        self.warm_up()?;
        self.server.await?;
        if let Some(warm_up) = self.warm_up.take() {
            let _ = warm_up.join();
        }
        drop(self.reaper);
        Ok(())
    }
}

/// Ends a server in order: nothing new is taken, what runs is told to stop and waited for, readers are told, connections
/// close.
#[derive(Clone)]
pub struct Stopper {
    state: web::Data<State>,
    server: ServerHandle,
}

impl Stopper {
    pub async fn stop(self) {
        self.end_sessions().await;
        self.server.stop(true).await;
    }

    /// The same, but whoever asks in the first moment after is told `503` and not met by a closed door: a balancer that looks at
    /// `/readyz`, a sender in the middle of a file.
    async fn stop_politely(self) {
        self.end_sessions().await;
        actix_web::rt::time::sleep(FAREWELL).await;
        self.server.stop(true).await;
    }

    async fn end_sessions(&self) {
        self.state.drain();
        let sessions = self.state.registry.list();
        let reason = || Problem::new(ErrorCode::ShuttingDown, "The server was stopped. Send the video again when it is back.");
        sessions.iter().for_each(|s| s.cancel(reason()));
        let ended = web::block(move || {
            for session in sessions {
                // What can go on is taken up by the next process; a file that came in one piece cannot.
                if session.upload.is_resumable() {
                    session.suspend(reason());
                } else if let Err(error) = session.end(reason()) {
                    tracing::warn!(session = %session.id, %error, "files of a session are left; the next start removes them");
                }
            }
        });
        if ended.await.is_err() {
            tracing::error!("not every session could be ended");
        }
    }
}

/// `sightline serve`
pub fn serve(args: ServeArgs) -> anyhow::Result<()> {
    let args = args.with_older_names()?;
    raise_descriptor_limit();
    actix_web::rt::System::new().block_on(async move {
        let app = App::build(&args)?;
        let stopper = app.handle();
        actix_web::rt::spawn(async move {
            match signal().await {
                Ok(()) => {
                    tracing::info!("stopping");
                    stopper.stop_politely().await;
                }
                Err(error) => tracing::error!(%error, "signals are not heard"),
            }
        });
        app.run().await
    })
}

/// Every reader and every upload holds a descriptor or two, and many systems begin with a soft limit of 1024.
fn raise_descriptor_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Blocks until SIGINT or SIGTERM comes.
pub fn wait_for_signal() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(signal())
}

/// Waits until SIGINT or SIGTERM comes.
pub async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

fn analyses(args: &ServeArgs, ffmpeg: Ffmpeg, results: &Path, counters: &Arc<Counters>) -> Result<Analyses, Missing> {
    let engine = installation::engine(&args.engine, Some(args.data_dir.join("model-cache")))?;
    let catalog = installation::catalog(engine, &args.engine)?;
    let resources = installation::resources(ffmpeg, catalog, &args.encode, args.max_running);
    Ok(Analyses::new(resources, results, Arc::clone(counters)))
}

/// What clients are told of it; paths of this machine stay in the log.
fn missing(reason: &Missing) -> Problem {
    let (code, what) = match reason {
        Missing::Ffmpeg(_) => (ErrorCode::DecoderMissing, "FFmpeg is"),
        Missing::Engine(_) => (ErrorCode::NotReady, "OpenVINO is"),
        Missing::Models(_) => (ErrorCode::NotReady, "The models are"),
    };
    let detail = format!("{what} missing or cannot be used on this server. Its operator can run scripts/setup; its log says more.");
    Problem::new(code, detail)
}

/// What an earlier process left half-written.
fn remove_partial(results: &Path) {
    let Ok(entries) = std::fs::read_dir(results) else { return };
    for path in entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "part")) {
        let _ = std::fs::remove_file(path);
    }
}
