//! The zoo: odd, old, damaged and hostile files, each with what becomes of it.

mod table;

use std::path::Path;
use std::sync::Mutex;

use sightline::error_code::Problem;
use sightline::media::remux::AudioOutcome;
use sightline::processing::run::Finished;
use table::{Expected, Video, ZOO};

use crate::{analysis, clips, frame_times, scratch};

/// How much the sound may move against the picture.
const SYNC_US: i64 = 20_000;

#[test]
fn every_odd_file_gives_a_right_result_or_a_clear_error() {
    let Some(folder) = clips::shared("odd") else { return };
    let mut files = scratch::files_below(&folder);
    files.retain(|name| name.contains('.') && !name.ends_with(".tsv") && !name.ends_with(".sh"));
    let known: Vec<_> = ZOO.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, known, "the table has every file");
    judge(&folder, ZOO.iter().filter(|(_, expected)| !matches!(expected, Expected::Result(video) if video.takes_long)).copied());
}

#[test]
#[ignore = "decodes twelve thousand pictures of 1920x1080"]
fn the_longest_files_are_analysed_to_their_end() {
    let Some(folder) = clips::shared("odd") else { return };
    judge(&folder, ZOO.iter().filter(|(_, expected)| matches!(expected, Expected::Result(video) if video.takes_long)).copied());
}

/// Runs several at once and tells everything that is not as the table says.
fn judge(folder: &Path, entries: impl Iterator<Item = (&'static str, Expected)> + Send) {
    let queue = Mutex::new(entries);
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..analysis::AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some((name, expected)) = next else { return };
                    if let Some(fault) = fault_of(&folder.join(name), expected) {
                        faults.lock().unwrap().push(format!("{name}: {fault}"));
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn fault_of(file: &Path, expected: Expected) -> Option<String> {
    let folder = scratch::folder("zoo-");
    let output = folder.path().join("out.mp4");
    let wants_video = matches!(expected, Expected::Result(video) if !video.numbers_alone);
    let outcome = analysis::of(file, wants_video.then_some(&output));
    if let Some(fault) = difference(&outcome, expected) {
        return Some(fault);
    }
    match expected {
        // What FFmpeg alone makes of a damaged file depends on how it reads it.
        Expected::Result(video) if wants_video && video.warnings.is_empty() => out_of_time(file, &output, &video),
        _ => None,
    }
}

fn difference(outcome: &Result<Finished, Problem>, expected: Expected) -> Option<String> {
    match (outcome, expected) {
        (Err(problem), Expected::Refusal(code)) => (problem.code != code).then(|| format!("{problem:?} instead of {code:?}")),
        (Ok(finished), Expected::Refusal(code)) => Some(format!("{} frames instead of {code:?}", finished.summary.total_frames)),
        (Err(problem), Expected::Result(_)) => Some(format!("{problem:?}")),
        (Ok(finished), Expected::Result(video)) => {
            let summary = &finished.summary;
            let warnings: Vec<_> = summary.warnings.iter().map(|w| w.code).collect();
            let got = Video {
                frames: summary.total_frames,
                size: (summary.width, summary.height),
                rotation: summary.rotation,
                sound: if video.numbers_alone { video.sound } else { summary.audio },
                ..video
            };
            (got != video || warnings != video.warnings).then(|| format!("{got:?} and {warnings:?} instead of {video:?}"))
        }
    }
}

/// The same frames at the same times as FFmpeg decodes, and the sound where it was beside them.
fn out_of_time(source: &Path, output: &Path, video: &Video) -> Option<String> {
    let (times, expected) = (frame_times::of(output), frame_times::of(source));
    if let Some(fault) = frame_times::difference(&times, &expected) {
        return Some(fault);
    }
    // The first block of transcoded sound is the new encoder's priming: `sound` listens to what is in it.
    if video.sound != AudioOutcome::Copied {
        return None;
    }
    let (lead, expected) = (frame_times::picture_after_sound(output), frame_times::picture_after_sound(source));
    ((lead - expected).abs() > SYNC_US).then(|| format!("the picture begins {lead} µs after the sound, in the source {expected} µs"))
}
