//! `sightline analyze`: files in, an annotated MP4 and numbers out, without a server.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::usage;
use crate::config::{AnalyzeArgs, EncodeArgs, EngineArgs};
use crate::error_code::Problem;
use crate::ingest::spool::Spool;
use crate::installation;
use crate::options::{AnalysisOptions, ModelChoice};
use crate::processing::job::{Job, Observer};
use crate::processing::outputs::{OutputKind, Outputs};
use crate::processing::progress::{Pace, Progress};
use crate::processing::resources::Resources;
use crate::processing::run::{self, Finished};
use crate::sessions::cancel::CancelToken;
use crate::sessions::session::SessionState;
use crate::vision::catalog::Catalog;
use crate::zones::report::Totals;

/// The line on stdout that `--json` asks for.
#[derive(Debug, Serialize)]
struct Report<'a> {
    frames: u64,
    duration_seconds: f64,
    processing_seconds: f64,
    fps: f64,
    cpu_seconds: f64,
    peak_memory_mb: f64,
    detections: &'a BTreeMap<Arc<str>, u64>,
    poses: u64,
    models: Models<'a>,
    encoder: EncoderUsed<'a>,
    output: Option<&'a Path>,
    results: Option<&'a Path>,
    warnings: &'a [Problem],
    /// Where zones or lines are asked for.
    #[serde(flatten)]
    places: Option<&'a Totals>,
}

#[derive(Debug, Serialize)]
struct Models<'a> {
    detector: Option<&'a str>,
    pose: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct EncoderUsed<'a> {
    preset: &'a str,
    crf: u8,
}

/// Analyses every video; the first failure ends it. `cancel` is set by Ctrl-C.
pub fn run(args: &AnalyzeArgs, cancel: &CancelToken) -> anyhow::Result<()> {
    if args.videos.len() > 1 && args.files.name_any() {
        bail!(Usage("-o, --jsonl and --csv name one file each: give one video at a time with them"));
    }
    let prepared = Prepared::new(&args.engine, &args.encode, args.analysis.options()?)?;
    for video in &args.videos {
        analyze(args, &prepared, video, cancel).with_context(|| video.display().to_string())?;
    }
    Ok(())
}

/// What analyses here run with, their models loaded: loading is not part of what is timed.
pub struct Prepared {
    pub resources: Resources,
    pub options: AnalysisOptions,
}

impl Prepared {
    /// Models that are named by a path join the catalog.
    pub fn new(engine_args: &EngineArgs, encode: &EncodeArgs, mut options: AnalysisOptions) -> anyhow::Result<Self> {
        let ffmpeg = installation::ffmpeg(engine_args)?;
        let engine = installation::engine(engine_args, installation::model_cache())?;
        let catalog = installation::catalog(engine, engine_args)?;
        options.detector = by_path(&catalog, options.detector)?;
        options.pose = by_path(&catalog, options.pose)?;
        if options.detector == ModelChoice::Default {
            catalog.notices().iter().for_each(|notice| tracing::warn!("{notice}"));
        }
        catalog.detector(&options.detector)?;
        catalog.pose(&options.pose)?;
        Ok(Self { resources: installation::resources(ffmpeg, catalog, encode, 1), options })
    }
}

/// A wrong use of the command line, for exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub &'static str);

/// A model that is named by a path joins the catalog.
fn by_path(catalog: &Catalog, choice: ModelChoice) -> anyhow::Result<ModelChoice> {
    match choice {
        ModelChoice::Named(text) if is_path(&text) => Ok(ModelChoice::Named(catalog.add(Path::new(&text))?)),
        other => Ok(other),
    }
}

/// Whether a model is named by its path.
pub fn is_path(text: &str) -> bool {
    text.contains(std::path::MAIN_SEPARATOR) || Path::new(text).is_file()
}

/// Whether an output would be written over the video it is made from.
pub fn is_same_file(output: &Path, video: &Path) -> bool {
    let identity = |path: &Path| std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
    identity(video).is_some_and(|video| identity(output) == Some(video))
}

fn analyze(args: &AnalyzeArgs, prepared: &Prepared, video: &Path, cancel: &CancelToken) -> anyhow::Result<()> {
    let output = if args.no_video { None } else { Some(args.files.output.clone().unwrap_or_else(|| default_output(video))) };
    let scratch = Scratch::beside(output.as_deref())?;
    let outputs = outputs(args, video, output)?;
    if outputs.paths().any(|o| is_same_file(o, video)) {
        bail!(Usage("an output has the name of the video itself: give another one"));
    }
    let job = Job {
        spool: Arc::new(Spool::open_complete(video).context("the file could not be opened")?),
        filename: video.file_name().map(|n| n.to_string_lossy().into_owned()),
        options: prepared.options.clone(),
        outputs,
        scratch: scratch.path().to_owned(),
        keeps_encoded: false,
    };
    let mut bar = Bar::default();
    let before = usage::now();
    let finished = run::run(&prepared.resources, &job, cancel, &mut bar);
    bar.0.finish_and_clear();
    let finished = finished?;
    let used = usage::now();
    let report = report(args, &job, &finished, used.cpu_seconds - before.cpu_seconds, used.peak_memory_mb);
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        tell(video, &report, &finished);
    }
    Ok(())
}

/// All kinds of files where a folder was named for them, and those that were named one by one.
fn outputs(args: &AnalyzeArgs, video: &Path, output: Option<PathBuf>) -> anyhow::Result<Outputs> {
    let mut outputs = Outputs::default();
    if let Some(folder) = &args.results_dir {
        std::fs::create_dir_all(folder).with_context(|| format!("the folder {} could not be made", folder.display()))?;
        outputs = Outputs::all(folder, &video.file_stem().unwrap_or_default().to_string_lossy());
    }
    outputs.set(OutputKind::Video, output);
    for (kind, path) in [(OutputKind::Frames, &args.files.jsonl), (OutputKind::Table, &args.files.csv)] {
        if path.is_some() {
            outputs.set(kind, path.clone());
        }
    }
    Ok(outputs)
}

fn report<'a>(args: &'a AnalyzeArgs, job: &'a Job, finished: &'a Finished, cpu_seconds: f64, peak_memory_mb: f64) -> Report<'a> {
    let summary = &finished.summary;
    let processing_seconds = summary.processing_time_seconds;
    Report {
        frames: summary.total_frames,
        duration_seconds: summary.duration_seconds,
        processing_seconds,
        fps: (summary.total_frames as f64 / processing_seconds.max(1e-3) * 100.0).round() / 100.0,
        cpu_seconds: (cpu_seconds * 1000.0).round() / 1000.0,
        peak_memory_mb: peak_memory_mb.round(),
        detections: &summary.detection_summary,
        poses: finished.tally.poses,
        models: Models { detector: finished.detector.as_deref(), pose: finished.pose.as_deref() },
        encoder: EncoderUsed { preset: &args.encode.preset, crf: args.encode.crf },
        output: job.outputs.video(),
        results: job.outputs.get(OutputKind::Frames),
        warnings: &summary.warnings,
        places: summary.places.as_ref(),
    }
}

/// For people, on stderr.
fn tell(video: &Path, report: &Report<'_>, finished: &Finished) {
    let seen: Vec<String> = report.detections.iter().map(|(label, count)| format!("{count} {label}")).collect();
    eprintln!(
        "{}: {} frames in {:.1} s ({:.1} frames/s); seen: {}; frames with a pose: {}",
        video.display(),
        report.frames,
        report.processing_seconds,
        report.fps,
        if seen.is_empty() { "nothing".to_owned() } else { seen.join(", ") },
        finished.summary.frames_with_pose,
    );
    for zone in report.places.iter().flat_map(|places| &places.zones) {
        eprintln!("  {}: {} came, at most {} at once, {:.1} s each", zone.name, zone.visitors, zone.most_at_once, zone.dwell.mean);
    }
    for line in report.places.iter().flat_map(|places| &places.lines) {
        eprintln!("  {}: {} in, {} out", line.name, line.crossed.inwards, line.crossed.outwards);
    }
    for warning in report.warnings {
        eprintln!("  {}: {}", warning.code.as_str(), warning.detail);
    }
    for path in [report.output, report.results].into_iter().flatten() {
        eprintln!("  {}", path.display());
    }
}

pub fn default_output(video: &Path) -> PathBuf {
    let stem = video.file_stem().unwrap_or_default().to_string_lossy();
    PathBuf::from(format!("{stem}.annotated.mp4"))
}

/// A folder for files on the way, on the same disk as the output; gone when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    fn beside(output: Option<&Path>) -> std::io::Result<Self> {
        let folder = output.and_then(Path::parent).filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if output.is_some() { Self::below(folder) } else { Ok(Self(Self::name(folder))) }
    }

    pub fn below(folder: &Path) -> std::io::Result<Self> {
        let path = Self::name(folder);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    fn name(folder: &Path) -> PathBuf {
        folder.join(format!(".sightline-{}", std::process::id()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A progress bar on a terminal, nothing elsewhere.
pub struct Bar(ProgressBar);

impl Default for Bar {
    fn default() -> Self {
        // indicatif hides it where stderr is no terminal.
        Self(ProgressBar::no_length())
    }
}

impl Observer for Bar {
    fn entered(&mut self, _state: SessionState) {}

    fn frame_done(&mut self, pace: &Pace) {
        if let Some(total) = pace.total
            && self.0.length() != Some(total)
        {
            self.0.set_length(total);
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} frames, {per_sec}, {eta} left");
            self.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
        self.0.set_position(pace.done);
    }

    fn progress(&mut self, _progress: Progress) {}

    fn wants_from(&mut self, _offset: Option<u64>) {}

    fn wants_previews(&self) -> bool {
        false
    }
}
