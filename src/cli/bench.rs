//! `sightline bench`: what the parts of an analysis cost on this machine each for itself, the limit that follows from them,
//! and the whole. Each part runs in a process of its own, so that its memory and processor time are its own as well.

pub mod part;
pub mod sample;

use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Serialize;

use crate::config::BenchArgs;
use part::{Measure, Part};

/// What `--json` prints, and the table shows.
#[derive(Debug, Serialize)]
struct Report {
    video: String,
    /// Processors this process may use.
    cores: usize,
    preset: String,
    crf: u8,
    parts: Vec<Row>,
    limit: Limit,
    whole: Row,
    /// The whole's rate over the limit's.
    share_of_limit: f64,
    /// The whole's processor time over the sum of its parts'.
    cpu_over_parts: f64,
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    part: Part,
    frames: u64,
    fps: f64,
    cpu_ms_per_frame: f64,
    peak_memory_mb: f64,
}

/// All processors busy with nothing but what cannot be left out: decode, inference, encode.
#[derive(Debug, Serialize)]
struct Limit {
    cpu_ms_per_frame: f64,
    fps: f64,
}

/// Runs all parts one after the other, or as a child one of them.
pub fn run(args: &BenchArgs) -> anyhow::Result<()> {
    if let Some(part) = args.part {
        println!("{}", serde_json::to_string(&part::measure(part, args)?)?);
        return Ok(());
    }
    let mut rows = Vec::new();
    for part in [Part::Decode, Part::Detector, Part::Pose, Part::Encode, Part::Whole] {
        eprintln!("measuring: {}", part.word());
        if let Some(measure) = in_a_child(part)? {
            rows.push(Row::of(part, &measure));
        }
    }
    let Some(whole) = rows.pop() else { bail!("nothing was measured") };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let limit = Limit::of(&rows, cores);
    let report = Report {
        video: args.video.display().to_string(),
        cores,
        preset: args.encode.preset.clone(),
        crf: args.encode.crf,
        share_of_limit: round(whole.fps / limit.fps, 3),
        cpu_over_parts: round(whole.cpu_ms_per_frame / limit.cpu_ms_per_frame, 3),
        parts: rows,
        limit,
        whole,
    };
    if args.json {
        println!("{}", serde_json::to_string(&report)?)
    } else {
        print!("{}", table(&report))
    }
    Ok(())
}

/// This program again, with the same words and one part named; none where the options leave the part out.
fn in_a_child(part: Part) -> anyhow::Result<Option<Measure>> {
    let program = std::env::current_exe().context("the program's own path is not known")?;
    let output = Command::new(program)
        .args(std::env::args_os().skip(1))
        .args(["--part", part.word()])
        .stderr(Stdio::inherit())
        .output()
        .context("the program could not be started again")?;
    if !output.status.success() {
        bail!("the measurement of {} failed", part.word());
    }
    serde_json::from_slice(&output.stdout).context("a part's figures could not be read")
}

impl Row {
    fn of(part: Part, measure: &Measure) -> Self {
        let frames = measure.frames.max(1) as f64;
        Self {
            part,
            frames: measure.frames,
            fps: round(frames / measure.seconds.max(1e-6), 2),
            cpu_ms_per_frame: round(measure.cpu_seconds * 1e3 / frames, 2),
            peak_memory_mb: measure.peak_memory_mb.round(),
        }
    }
}

impl Limit {
    fn of(parts: &[Row], cores: usize) -> Self {
        let sum: f64 = parts.iter().map(|row| row.cpu_ms_per_frame).sum();
        Self { cpu_ms_per_frame: round(sum, 2), fps: round(cores as f64 * 1e3 / sum.max(1e-6), 2) }
    }
}

/// For people: a line a part.
fn table(report: &Report) -> String {
    let mut lines = vec![
        format!("{}, {} processors, x264 {} crf {}", report.video, report.cores, report.preset, report.crf),
        format!("{:<10}{:>8}{:>12}{:>16}{:>12}", "part", "frames", "frames/s", "CPU ms/frame", "peak MB"),
    ];
    let row = |row: &Row| {
        let name = row.part.word();
        format!("{name:<10}{:>8}{:>12.1}{:>16.2}{:>12.0}", row.frames, row.fps, row.cpu_ms_per_frame, row.peak_memory_mb)
    };
    lines.extend(report.parts.iter().map(row));
    lines.push(format!("{:<10}{:>8}{:>12.1}{:>16.2}", "limit", "", report.limit.fps, report.limit.cpu_ms_per_frame));
    lines.push(row(&report.whole));
    lines.push(format!(
        "The whole reaches {:.0} % of the limit, at {:.2} times the processor time of its parts.",
        report.share_of_limit * 100.0,
        report.cpu_over_parts
    ));
    lines.join("\n") + "\n"
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}
