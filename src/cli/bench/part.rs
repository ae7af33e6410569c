//! One part of an analysis, measured alone. Models are loaded and frames decoded before the clock starts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::ValueEnum;
use crossbeam_channel::bounded;
use serde::{Deserialize, Serialize};

use super::sample::Sample;
use crate::cli::analyze::{Bar, Prepared, Scratch};
use crate::cli::usage;
use crate::config::BenchArgs;
use crate::frame::{RgbFrame, TimedFrame};
use crate::geometry::BBox;
use crate::ingest::spool::Spool;
use crate::media::encoder::Encoder;
use crate::options::{AnalysisOptions, ModelChoice};
use crate::processing::job::Job;
use crate::processing::outputs::{OutputKind, Outputs};
use crate::processing::run;
use crate::sessions::cancel::CancelToken;
use crate::vision::DetectOptions;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The file through FFmpeg into frames here, as an analysis without models and without a video does it.
    Decode,
    /// Letterbox, inference and head of the object model.
    Detector,
    /// Regions, inference and landmarks of the pose model, on persons that are known.
    Pose,
    /// Frames into H.264.
    Encode,
    /// All of it, as `analyze` does it.
    Whole,
}

impl Part {
    pub fn word(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Detector => "detector",
            Self::Pose => "pose",
            Self::Encode => "encode",
            Self::Whole => "whole",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    pub frames: u64,
    pub seconds: f64,
    /// Of this process and of the FFmpegs it started.
    pub cpu_seconds: f64,
    /// Of this process. Parts other than `decode` and `whole` hold their frames in memory.
    pub peak_memory_mb: f64,
}

/// Time and processor time from here on.
struct Clock {
    began: Instant,
    cpu_seconds: f64,
}

impl Clock {
    fn start() -> Self {
        Self { began: Instant::now(), cpu_seconds: usage::now().cpu_seconds }
    }

    fn stop(self, frames: u64) -> Measure {
        let used = usage::now();
        let seconds = self.began.elapsed().as_secs_f64();
        Measure { frames, seconds, cpu_seconds: used.cpu_seconds - self.cpu_seconds, peak_memory_mb: used.peak_memory_mb }
    }
}

/// None where the options leave the part out.
pub fn measure(part: Part, args: &BenchArgs) -> anyhow::Result<Option<Measure>> {
    let mut options = args.analysis.options()?;
    if part == Part::Decode || part == Part::Encode {
        (options.detector, options.pose) = (ModelChoice::None, ModelChoice::None);
    }
    let prepared = Prepared::new(&args.engine, &args.encode, options)?;
    match part {
        Part::Decode => pipeline(args, &prepared, false).map(Some),
        Part::Whole => pipeline(args, &prepared, true).map(Some),
        Part::Detector => detector(args, &prepared),
        Part::Pose => pose(args, &prepared),
        Part::Encode => encode(args, &prepared).map(Some),
    }
}

fn pipeline(args: &BenchArgs, prepared: &Prepared, with_video: bool) -> anyhow::Result<Measure> {
    let scratch = Scratch::below(&std::env::temp_dir())?;
    let mut outputs = Outputs::default();
    outputs.set(OutputKind::Video, with_video.then(|| scratch.path().join("whole.mp4")));
    let job = Job {
        spool: Arc::new(Spool::open_complete(&args.video).context("the file could not be opened")?),
        filename: None,
        options: prepared.options.clone(),
        outputs,
        scratch: scratch.path().to_owned(),
        keeps_encoded: false,
    };
    let clock = Clock::start();
    let finished = run::run(&prepared.resources, &job, &CancelToken::default(), &mut Bar::default())?;
    Ok(clock.stop(finished.summary.total_frames))
}

fn detector(args: &BenchArgs, prepared: &Prepared) -> anyhow::Result<Option<Measure>> {
    let Some(mut detector) = prepared.resources.catalog.detector(&prepared.options.detector)? else { return Ok(None) };
    let sample = Sample::of(&args.video, &prepared.resources)?;
    let options = detect_options(&prepared.options);
    detector.detect(&sample.frames[0].picture, &options)?;
    let clock = Clock::start();
    for frame in sample.there_and_back(args.frames) {
        detector.detect(&frame.picture, &options)?;
    }
    Ok(Some(clock.stop(args.frames)))
}

fn pose(args: &BenchArgs, prepared: &Prepared) -> anyhow::Result<Option<Measure>> {
    let AnalysisOptions { max_poses, pose, detector, .. } = &prepared.options;
    if *max_poses == 0 {
        return Ok(None);
    }
    let catalog = &prepared.resources.catalog;
    let Some(mut pose) = catalog.pose(pose)? else { return Ok(None) };
    let sample = Sample::of(&args.video, &prepared.resources)?;
    let options = detect_options(&prepared.options);
    let mut persons: Vec<Vec<BBox>> = vec![Vec::new(); sample.frames.len()];
    if let Some(mut detector) = catalog.detector(detector)? {
        for (persons, frame) in persons.iter_mut().zip(&sample.frames) {
            let found = detector.detect(&frame.picture, &options)?;
            persons.extend(found.iter().filter(|d| &*d.label == "person").map(|d| d.bbox));
        }
    }
    pose.estimate(&sample.frames[0].picture, &persons[0], *max_poses)?;
    let clock = Clock::start();
    for frame in sample.there_and_back(args.frames) {
        pose.estimate(&frame.picture, &persons[frame.index as usize], *max_poses)?;
    }
    Ok(Some(clock.stop(args.frames)))
}

fn encode(args: &BenchArgs, prepared: &Prepared) -> anyhow::Result<Measure> {
    let sample = Sample::of(&args.video, &prepared.resources)?;
    let scratch = Scratch::below(&std::env::temp_dir())?;
    let (spent, buffers) = bounded(4);
    let resources = &prepared.resources;
    let size = sample.frames[0].picture.size();
    let output = scratch.path().join("encoded.mp4");
    let clock = Clock::start();
    let encoder = Encoder::start(&resources.ffmpeg, &resources.encode, size, sample.source.as_ref(), &output, spent)?;
    for (index, frame) in (0u64..).zip(sample.there_and_back(args.frames)) {
        let mut buffer = buffers.try_recv().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(frame.picture.data());
        let picture = RgbFrame::new(size, buffer)?;
        let pts_us = index as i64 * sample.step_us;
        let patience = Duration::from_secs(60);
        if encoder.push(TimedFrame { index, pts_us, picture }, patience).is_err() {
            bail!(encoder.failure());
        }
    }
    encoder.finish(&|| false)?;
    Ok(clock.stop(args.frames))
}

fn detect_options(options: &AnalysisOptions) -> DetectOptions {
    DetectOptions { confidence: options.confidence, iou: options.iou, max_detections: options.max_detections, classes: None }
}
