//! The last step: encoded video and the source's sound into one MP4 with its index in front. Nothing is encoded twice.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::command::{self, AudioTreatment, CLOCK_HZ, Remux};
use super::encoder::Written;
use super::ffmpeg::Ffmpeg;
use super::process::{Process, SpawnError};
use super::sandbox::Files;
use crate::video::{AudioStream, Demuxer};

/// What became of the source's sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AudioOutcome {
    Copied,
    Transcoded,
    None,
}

#[derive(Debug, thiserror::Error)]
pub enum RemuxError {
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    #[error("the MP4 could not be finished: {0}")]
    Failed(String),
}

/// Codecs that MP4 can hold. Not every browser plays the last three, but players do, and nothing of the sound is lost.
const COPIED: [&str; 7] = ["aac", "mp3", "opus", "flac", "ac3", "eac3", "alac"];

/// What FFmpeg says at the end where nothing of the sound came through, which is no error to it.
const NO_SOUND: &str = "stream #0:1 (audio): 0 packets muxed";

/// A copy is as fast as the disk; transcoding the sound of many hours takes minutes.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// A frame's time on the screen where nothing tells it, a 25th of a second.
const DEFAULT_FRAME_US: i64 = 40_000;

pub struct RemuxInput<'a> {
    /// The fragmented MP4 of the encoder, and what went into it.
    pub video: &'a Path,
    pub written: Written,
    pub source: &'a Path,
    pub demuxer: Demuxer,
    pub audio: Option<&'a AudioStream>,
}

/// Writes `output`, which is whole or not there. Sound that can be neither copied nor transcoded is left out: a video
/// without sound is better than none.
pub fn remux(ffmpeg: &Ffmpeg, input: &RemuxInput<'_>, output: &Path, stop: &dyn Fn() -> bool) -> Result<AudioOutcome, RemuxError> {
    let attempts: &[AudioTreatment] = match input.audio {
        None => &[AudioTreatment::Drop],
        Some(audio) if COPIED.contains(&audio.codec.as_str()) => &[AudioTreatment::Copy, AudioTreatment::ToAac, AudioTreatment::Drop],
        Some(_) => &[AudioTreatment::ToAac, AudioTreatment::Drop],
    };
    let mut partial = PathBuf::from(output);
    partial.set_extension("mp4.part");
    let outcome = first_to_succeed(ffmpeg, input, attempts, &partial, stop).and_then(|audio| {
        std::fs::rename(&partial, output).map_err(|e| RemuxError::Failed(e.to_string()))?;
        Ok(audio)
    });
    if outcome.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    outcome
}

fn first_to_succeed(
    ffmpeg: &Ffmpeg,
    input: &RemuxInput<'_>,
    attempts: &[AudioTreatment],
    partial: &Path,
    stop: &dyn Fn() -> bool,
) -> Result<AudioOutcome, RemuxError> {
    let mut reason = String::new();
    for &audio in attempts {
        match attempt(ffmpeg, input, audio, partial, stop)? {
            Ok(()) => {
                return Ok(match audio {
                    AudioTreatment::Copy => AudioOutcome::Copied,
                    AudioTreatment::ToAac => AudioOutcome::Transcoded,
                    AudioTreatment::Drop => AudioOutcome::None,
                });
            }
            Err(why) => reason = why,
        }
        if stop() {
            break;
        }
    }
    Err(RemuxError::Failed(reason))
}

fn attempt(
    ffmpeg: &Ffmpeg,
    input: &RemuxInput<'_>,
    audio: AudioTreatment,
    partial: &Path,
    stop: &dyn Fn() -> bool,
) -> Result<Result<(), String>, RemuxError> {
    let last_frame_us = input.written.mean_step_us.filter(|us| *us > 0).unwrap_or(DEFAULT_FRAME_US);
    let args = command::remux(&Remux {
        video: input.video,
        video_start_us: input.written.first_us,
        source: input.source,
        demuxer: input.demuxer,
        audio_stream: input.audio.map_or(0, |a| a.index),
        audio,
        frames: input.written.frames,
        last_frame_ticks: (last_frame_us as u64 * u64::from(CLOCK_HZ)).div_ceil(1_000_000),
        output: partial,
    });
    let files = Files { read: &[input.video, input.source], written: Some(partial) };
    let silent = Arc::new(AtomicBool::new(false));
    let found_silent = Arc::clone(&silent);
    let on_line = move |line: &str| {
        if line.contains(NO_SOUND) {
            found_silent.store(true, Ordering::Relaxed);
        }
    };
    let mut process = Process::spawn(ffmpeg, "remux", &args, &files, on_line)?;
    drop(process.take_stdout());
    let exit = process.wait(PATIENCE, stop).map_err(|e| RemuxError::Failed(e.to_string()))?;
    Ok(match exit.status.success() {
        true if silent.load(Ordering::Relaxed) => Err("the sound's track is empty".to_owned()),
        true => Ok(()),
        false => Err(exit.reason()),
    })
}
