//! FFmpeg as a source of frames: pictures from its stdout, each with the time that its log names.

use std::io::BufReader;
use std::os::fd::AsFd;
use std::process::{ChildStdin, ChildStdout};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use nix::fcntl::{FcntlArg, fcntl};
use parking_lot::Mutex;

use super::command::{self, Source};
use super::ffmpeg::Ffmpeg;
use super::log::{Complaints, DecodeLog, Fact};
use super::ppm::{self, PpmError};
use super::process::{Exit, Process, SpawnError};
use super::sandbox::Files;
use super::timeline::Timeline;
use crate::frame::TimedFrame;
use crate::video::{Demuxer, Pixels, SourceInfo};

/// Decoded frames that may wait for the processor. Beyond, FFmpeg waits: its pipe is full.
const FRAMES_AHEAD: usize = 3;
/// Frame times may run ahead of the pictures by what FFmpeg holds inside; a child that floods its log loses the rest.
const TIMES_AHEAD: usize = 1024;
/// How long a picture waits for its time, which FFmpeg wrote before it.
const TIME_PATIENCE: Duration = Duration::from_secs(5);
/// How long a child may take to end after its last picture.
const END_PATIENCE: Duration = Duration::from_secs(10);
/// A larger pipe means fewer switches between FFmpeg and us; the kernel's default is 64 KiB.
const PIPE_BYTES: i32 = 1 << 20;

#[derive(Debug)]
pub struct Decoder {
    process: Option<Process>,
    frames: Option<Receiver<TimedFrame>>,
    spent: Sender<Vec<u8>>,
    reader: Option<JoinHandle<ReaderEnd>>,
    heard: Arc<Heard>,
}

/// What the log has told so far.
#[derive(Debug, Default)]
struct Heard {
    source: OnceLock<SourceInfo>,
    complaints: Mutex<Complaints>,
}

#[derive(Debug)]
struct ReaderEnd {
    frames: u64,
    error: Option<PpmError>,
}

/// How decoding ended.
#[derive(Debug)]
pub struct DecodeEnd {
    /// Pictures that came out.
    pub frames: u64,
    pub exit: Exit,
    pub complaints: Complaints,
    /// Where the pictures themselves were at fault.
    pub error: Option<PpmError>,
}

impl Decoder {
    /// Starts decoding, with what these pixels need to be seen on a standard screen. With `Source::Pipe` the child's
    /// stdin comes back beside it, to be fed by another thread.
    pub fn start(
        ffmpeg: &Ffmpeg,
        source: &Source,
        demuxer: Demuxer,
        max_pixels: u64,
        pixels: Pixels,
    ) -> Result<(Self, Option<ChildStdin>), SpawnError> {
        let (time_out, times) = bounded(TIMES_AHEAD);
        let heard = Arc::new(Heard::default());
        let listener = Arc::clone(&heard);
        let mut log = DecodeLog::default();
        let file = match source {
            Source::Pipe => None,
            Source::File(path) => Some(path.as_path()),
        };
        let files = Files { read: file.as_slice(), written: None };
        let mut process = Process::spawn(ffmpeg, "decode", &command::decode(source, demuxer, max_pixels, pixels), &files, move |line| {
            for fact in log.line(line) {
                match fact {
                    Fact::Source(source) => {
                        let _ = listener.source.set(source);
                    }
                    Fact::FrameTime(time) => {
                        let _ = time_out.try_send(time);
                    }
                }
            }
            *listener.complaints.lock() = log.complaints.clone();
        })?;
        let stdin = process.take_stdin().filter(|_| *source == Source::Pipe);
        let (frame_out, frames) = bounded(FRAMES_AHEAD);
        let (spent, reuse) = bounded(2 * FRAMES_AHEAD);
        let pictures = process.take_stdout();
        let mut reader = Reader { times, frames: frame_out, reuse, heard: Arc::clone(&heard), max_pixels, timeline: Timeline::default() };
        let reader = std::thread::Builder::new()
            .name("frames".to_owned())
            .spawn(move || reader.run(pictures))
            .map_err(|source| SpawnError { role: "decode", source })?;
        Ok((Self { process: Some(process), frames: Some(frames), spent, reader: Some(reader), heard }, stdin))
    }

    /// The frames in order; disconnected when there are no more.
    pub fn frames(&self) -> Receiver<TimedFrame> {
        self.frames.clone().unwrap_or_else(crossbeam_channel::never)
    }

    /// Where buffers go that are no longer needed, to be filled again.
    pub fn spent(&self) -> Sender<Vec<u8>> {
        self.spent.clone()
    }

    /// What FFmpeg says of the source; there from the first frame on.
    pub fn source(&self) -> Option<&SourceInfo> {
        self.heard.source.get()
    }

    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Waits for the child's end; called when `frames` is disconnected.
    pub fn finish(mut self, stop: &dyn Fn() -> bool) -> std::io::Result<DecodeEnd> {
        self.frames = None;
        let reader = self.reader.take().and_then(|r| r.join().ok()).unwrap_or(ReaderEnd { frames: 0, error: None });
        let Some(process) = self.process.take() else { return Err(std::io::ErrorKind::NotFound.into()) };
        let exit = process.wait(END_PATIENCE, stop)?;
        let complaints = self.heard.complaints.lock().clone();
        Ok(DecodeEnd { frames: reader.frames, exit, complaints, error: reader.error })
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // Kill first: the reader then sees the end of the pictures. Let go of the frames before waiting for the reader:
        // it may be waiting for room among them.
        drop(self.process.take());
        self.frames = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

struct Reader {
    times: Receiver<Option<i64>>,
    frames: Sender<TimedFrame>,
    reuse: Receiver<Vec<u8>>,
    heard: Arc<Heard>,
    max_pixels: u64,
    timeline: Timeline,
}

impl Reader {
    fn run(&mut self, pictures: Option<ChildStdout>) -> ReaderEnd {
        let Some(pictures) = pictures else { return ReaderEnd { frames: 0, error: None } };
        // Refused where the user's pipe quota is used up; then the pipe just stays small.
        let _ = fcntl(pictures.as_fd(), FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
        let mut stream = BufReader::with_capacity(4096, pictures);
        let mut index = 0;
        loop {
            let buffer = self.reuse.try_recv().unwrap_or_default();
            let picture = match ppm::read_frame(&mut stream, self.max_pixels, buffer) {
                Ok(Some(picture)) => picture,
                Ok(None) => return ReaderEnd { frames: index, error: None },
                Err(error) => return ReaderEnd { frames: index, error: Some(error) },
            };
            let frame = TimedFrame { index, pts_us: self.next_time(), picture };
            if self.frames.send(frame).is_err() {
                return ReaderEnd { frames: index, error: None };
            }
            index += 1;
        }
    }

    fn next_time(&mut self) -> i64 {
        let told = self.times.recv_timeout(TIME_PATIENCE).ok().flatten();
        self.timeline.next(told, self.heard.source.get().and_then(|s| s.fps))
    }
}
