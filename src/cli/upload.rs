//! `sightline upload`: sends videos to a server, shows how far they are, and fetches the results.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Deserialize;
use tokio::sync::watch;

use super::analyze::{Usage, default_output, is_same_file};
use crate::app;
use crate::client::api::Server;
use crate::client::download::download;
use crate::client::failure::Failure;
use crate::client::source::Source;
use crate::client::upload::{Progress, Settings, upload};
use crate::config::UploadArgs;

/// What of the `complete` object is used here.
#[derive(Deserialize)]
struct Complete {
    download_url: String,
    results_url: Option<String>,
    csv_url: Option<String>,
    #[serde(default)]
    total_frames: u64,
    #[serde(default)]
    processing_time_seconds: f64,
    #[serde(default)]
    warnings: Vec<crate::client::failure::Told>,
}

/// Sends every video in turn; the first failure ends it.
pub fn run(args: &UploadArgs) -> anyhow::Result<()> {
    if args.videos.len() > 1 && args.files.name_any() {
        bail!(Usage("-o, --jsonl and --csv name one file each: give one video at a time with them"));
    }
    // The same rules as the server's: what it would refuse is told before anything is sent.
    args.analysis.options()?;
    let settings = Settings { parallel: args.parallel, options: args.analysis.given() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Server::new(&args.server, args.ca_file.as_deref()).map_err(usage)?;
        let work = async {
            for video in &args.videos {
                send(args, &server, &settings, video).await.with_context(|| video.display().to_string())?;
            }
            Ok(())
        };
        tokio::select! {
            done = work => done,
            signal = app::signal() => {
                signal.context("signals are not heard")?;
                bail!("Stopped on request. The same command goes on where this one stopped.")
            }
        }
    })
}

/// A wrong address is a wrong use.
fn usage(failure: Failure) -> anyhow::Error {
    match failure {
        Failure::Address { .. } => anyhow::Error::new(WrongAddress(failure.to_string())),
        other => other.into(),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongAddress(String);

async fn send(args: &UploadArgs, server: &Server, settings: &Settings, video: &Path) -> anyhow::Result<()> {
    let output = if args.no_download { None } else { Some(args.files.output.clone().unwrap_or_else(|| default_output(video))) };
    if [&output, &args.files.jsonl, &args.files.csv].into_iter().flatten().any(|o| is_same_file(o, video)) {
        bail!(Usage("an output has the name of the video itself: give another one"));
    }
    for to in [&output, &args.files.jsonl, &args.files.csv].into_iter().flatten() {
        // Told now, not after the analysis.
        let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            bail!("there is no folder {} for the result", folder.display());
        }
    }
    let source = Source::open(video).context("the file could not be opened")?;
    let progress = watch::Sender::new(Progress::default());
    let bars = Bars::new();
    let text = tokio::select! {
        done = upload(server, &source, settings, &progress) => done,
        never = bars.show(progress.subscribe()) => match never {},
    };
    bars.clear();
    let text = text?;
    let complete: Complete = serde_json::from_str(&text).context("the server's result cannot be read")?;
    let mut fetched = Vec::new();
    let wanted = [
        (&output, Some(&complete.download_url)),
        (&args.files.jsonl, complete.results_url.as_ref()),
        (&args.files.csv, complete.csv_url.as_ref()),
    ];
    for (to, from) in wanted {
        if let Some(to) = to {
            let from = from.context("the server does not offer this kind of result")?;
            download(server, from, to).await?;
            fetched.push(to);
        }
    }
    if args.json {
        println!("{text}");
    } else {
        tell(video, &complete, &fetched);
    }
    Ok(())
}

/// For people, on stderr.
fn tell(video: &Path, complete: &Complete, fetched: &[&PathBuf]) {
    eprintln!("{}: {} frames in {:.1} s", video.display(), complete.total_frames, complete.processing_time_seconds);
    for warning in &complete.warnings {
        eprintln!("  {}: {}", warning.code, warning.detail);
    }
    for path in fetched {
        eprintln!("  {}", path.display());
    }
}

/// How far upload and analysis are, on a terminal; nothing elsewhere.
struct Bars {
    all: MultiProgress,
    upload: ProgressBar,
    analysis: ProgressBar,
}

enum Never {}

impl Bars {
    fn new() -> Self {
        // indicatif hides them where stderr is no terminal.
        let all = MultiProgress::new();
        let bar = |template: &str| {
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            all.add(ProgressBar::new(1).with_style(style))
        };
        let upload = bar("upload   {wide_bar} {percent:>3} %  {msg}");
        let analysis = bar("analysis {wide_bar} {percent:>3} %  {msg}");
        Self { all, upload, analysis }
    }

    /// Draws every change; the caller ends it.
    async fn show(&self, mut progress: watch::Receiver<Progress>) -> Never {
        while progress.changed().await.is_ok() {
            let now = progress.borrow_and_update().clone();
            self.upload.set_length(now.bytes_total.max(1));
            self.upload.set_position(now.bytes_there());
            self.upload.set_message(if now.disconnected { "the server is away, trying again" } else { "" });
            self.analysis.set_length(now.frames_total.unwrap_or(0).max(now.frames_done).max(1));
            if now.frames_total.is_some() {
                self.analysis.set_position(now.frames_done);
            }
            self.analysis.set_message(format!("{} frames", now.frames_done));
        }
        std::future::pending().await
    }

    fn clear(&self) {
        // Fails where the terminal is gone, and with it the bars.
        let _ = self.all.clear();
    }
}
