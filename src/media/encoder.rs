//! FFmpeg as a sink of frames: raw pictures with their times in, a fragmented H.264 MP4 out.

use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded};
use nix::fcntl::{FcntlArg, fcntl};

use super::command::{self, CLOCK_HZ, EncodeSettings};
use super::ffmpeg::Ffmpeg;
use super::matroska;
use super::process::{Process, SpawnError};
use super::sandbox::Files;
use crate::frame::TimedFrame;
use crate::geometry::Size;
use crate::video::{DynamicRange, Rational, SourceInfo};

/// Drawn frames that may wait for the encoder. Beyond, the processor waits.
const FRAMES_AHEAD: usize = 3;
/// Least step between two frames: one tick of the output's clock, rounded up. Sources with repeated times get this.
const LEAST_STEP_US: i64 = 1_000_000 / CLOCK_HZ as i64 + 1;
/// How long an encoder may take for the frames it still holds and the file's index.
const END_PATIENCE: Duration = Duration::from_secs(120);
const PIPE_BYTES: i32 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    #[error("the encoder ended early: {reason}")]
    Ended { reason: String },
}

#[derive(Debug)]
pub struct Encoder {
    process: Option<Process>,
    frames: Option<Sender<TimedFrame>>,
    writer: Option<JoinHandle<io::Result<Written>>>,
    output: PathBuf,
}

/// What went into the encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Written {
    pub frames: u64,
    /// Times of the first and the last frame, in microseconds of the output's clock.
    pub first_us: i64,
    pub last_us: i64,
    /// Sum of the steps between frames over their number.
    pub mean_step_us: Option<i64>,
}

impl Encoder {
    /// Starts an encoder for pictures of this size. Buffers go to `spent` when they are written.
    pub fn start(
        ffmpeg: &Ffmpeg,
        settings: &EncodeSettings,
        size: Size,
        source: Option<&SourceInfo>,
        output: &Path,
        spent: Sender<Vec<u8>>,
    ) -> Result<Self, EncodeError> {
        let matrix_known = source.is_none_or(|s| s.pixels.matrix_known || s.pixels.dynamic_range != DynamicRange::Sdr);
        let files = Files { read: &[], written: Some(output) };
        let mut process = Process::spawn(ffmpeg, "encode", &command::encode(settings, matrix_known, output), &files, |_| {})?;
        drop(process.take_stdout());
        let (frames, queue) = bounded(FRAMES_AHEAD);
        let stdin = process.take_stdin();
        let fps = source.and_then(|s| s.fps);
        let writer = std::thread::Builder::new()
            .name("encode".to_owned())
            .spawn(move || write_frames(stdin, &queue, size, fps, &spent))
            .map_err(|source| SpawnError { role: "encode", source })?;
        Ok(Self { process: Some(process), frames: Some(frames), writer: Some(writer), output: output.to_owned() })
    }

    /// Hands a frame over, waiting for room no longer than `patience`; then the frame comes back.
    pub fn push(&self, frame: TimedFrame, patience: Duration) -> Result<(), SendTimeoutError<TimedFrame>> {
        match &self.frames {
            Some(frames) => frames.send_timeout(frame, patience),
            None => Err(SendTimeoutError::Disconnected(frame)),
        }
    }

    /// No more frames: waits until the file is whole.
    pub fn finish(mut self, stop: &dyn Fn() -> bool) -> Result<Written, EncodeError> {
        self.frames = None;
        let ended = |reason: String| EncodeError::Ended { reason };
        let Some(process) = self.process.take() else { return Err(ended("it was not running".to_owned())) };
        // The child ends when the writer has closed its stdin, and the writer ends when the child does.
        let exit = process.wait(END_PATIENCE, stop).map_err(|e| ended(e.to_string()))?;
        let written = self.writer.take().map(JoinHandle::join);
        if !exit.status.success() {
            return Err(ended(exit.reason()));
        }
        match written {
            Some(Ok(Ok(written))) => Ok(written),
            Some(Ok(Err(error))) => Err(ended(error.to_string())),
            _ => Err(ended("its writer stopped".to_owned())),
        }
    }

    /// After a push was refused: why the child ended.
    pub fn failure(mut self) -> EncodeError {
        self.frames = None;
        let exit = self.process.take().map(|p| p.wait(Duration::from_secs(2), &|| false));
        match exit {
            Some(Ok(exit)) => EncodeError::Ended { reason: exit.reason() },
            _ => EncodeError::Ended { reason: "it was not running".to_owned() },
        }
    }

    pub fn output(&self) -> &Path {
        &self.output
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // Kill first: the writer then gets a broken pipe. Close the queue before waiting for it.
        drop(self.process.take());
        self.frames = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn write_frames(
    stdin: Option<ChildStdin>,
    frames: &Receiver<TimedFrame>,
    size: Size,
    fps: Option<Rational>,
    spent: &Sender<Vec<u8>>,
) -> io::Result<Written> {
    let stdin = stdin.ok_or(io::ErrorKind::BrokenPipe)?;
    let _ = fcntl(stdin.as_fd(), FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
    // Buffers the small heads alone: a picture is larger than the buffer and goes straight through.
    let mut stream = BufWriter::with_capacity(4096, stdin);
    stream.write_all(&matroska::header(size, fps))?;
    let mut clock = OutputClock::default();
    for frame in frames {
        let time_us = clock.next(frame.pts_us);
        matroska::write_frame(&mut stream, time_us as u64, frame.picture.data())?;
        // No room among the spent buffers: this one is freed.
        let _ = spent.try_send(frame.picture.into_data());
    }
    stream.flush()?;
    Ok(clock.written)
}

/// Turns the source's times into ones a Matroska stream can hold: not negative, always growing.
#[derive(Debug, Default)]
struct OutputClock {
    written: Written,
    shift_us: i64,
}

impl OutputClock {
    fn next(&mut self, pts_us: i64) -> i64 {
        let w = &mut self.written;
        if w.frames == 0 {
            self.shift_us = (-pts_us).max(0);
            w.first_us = pts_us + self.shift_us;
            w.last_us = w.first_us;
        } else {
            w.last_us = (pts_us.saturating_add(self.shift_us)).max(w.last_us + LEAST_STEP_US);
        }
        w.frames += 1;
        w.mean_step_us = (w.frames > 1).then(|| (w.last_us - w.first_us) / (w.frames as i64 - 1));
        w.last_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn good_times_are_kept_to_the_microsecond() {
        let mut clock = OutputClock::default();
        assert_eq!([23_000, 56_367, 500_000].map(|t| clock.next(t)), [23_000, 56_367, 500_000]);
        assert_eq!(clock.written, Written { frames: 3, first_us: 23_000, last_us: 500_000, mean_step_us: Some(238_500) });
    }

    #[test]
    fn a_negative_start_is_shifted_and_repeats_are_told_apart() {
        let mut clock = OutputClock::default();
        assert_eq!([-10, -10, 40_000].map(|t| clock.next(t)), [0, LEAST_STEP_US, 40_010]);
    }

    proptest! {
        #[test]
        fn output_times_always_grow(times in prop::collection::vec(-1_000_000i64..1_000_000, 1..50)) {
            let mut clock = OutputClock::default();
            let out: Vec<i64> = times.iter().map(|t| clock.next(*t)).collect();
            prop_assert!(out[0] >= 0);
            prop_assert!(out.windows(2).all(|w| w[1] - w[0] >= LEAST_STEP_US));
        }
    }
}
