//! One analysis from bytes to files, whoever asked for it: recognise the container, decode as early as it allows, let
//! the processor do the frames, put the result together.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::feeder::Feeder;
use super::job::{ENCODED, Job, Observer};
use super::processor::{Processed, Processor};
use super::resources::Resources;
use super::results::Ending;
use super::slots::Place;
use super::summary::{Summary, Tally};
use super::verdict;
use crate::error_code::{ErrorCode, Problem};
use crate::ingest::container::{self, Sniff};
use crate::ingest::plan::{self, Decision, Plan};
use crate::media::command::Source;
use crate::media::decoder::{DecodeEnd, Decoder};
use crate::media::remux::{AudioOutcome, RemuxInput, remux};
use crate::sessions::cancel::CancelToken;
use crate::sessions::session::SessionState;
use crate::video::{Demuxer, Pixels, SourceInfo};
use crate::zones::Report;

/// How long a wait for bytes lasts before the job looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(200);

/// What a finished job knows beyond its summary.
pub struct Finished {
    pub summary: Summary,
    pub tally: Tally,
    pub detector: Option<String>,
    pub pose: Option<String>,
}

/// A decoder and its writer. Dropped in this order: a writer in the middle of a write waits for the child.
struct Decoding {
    decoder: Decoder,
    feeder: Option<Feeder>,
}

/// How far a decoder came.
enum Decoded {
    ToItsEnd(DecodeEnd),
    /// To the first frame, which tells that the pictures need more than was asked for.
    NotAsTheyAre(Pixels),
}

/// Runs the job on the calling thread until it is done, failed or cancelled. Outputs get their names at the very end: a
/// job that fails leaves what was there before.
pub fn run(resources: &Resources, job: &Job, cancel: &CancelToken, observer: &mut dyn Observer) -> Result<Finished, Problem> {
    let run = Run { resources, job, cancel, place: Place::new(&resources.slots) };
    let outcome = run.run(observer);
    if outcome.is_err() || !job.keeps_encoded {
        let _ = std::fs::remove_file(run.encoded_path());
    }
    outcome
}

struct Run<'a> {
    resources: &'a Resources,
    job: &'a Job,
    cancel: &'a CancelToken,
    place: Place<'a>,
}

impl Run<'_> {
    fn run(&self, observer: &mut dyn Observer) -> Result<Finished, Problem> {
        observer.entered(SessionState::Receiving);
        let demuxer = self.recognise()?;
        let plan = self.plan(demuxer, observer)?;
        if plan == Plan::WholeFile {
            self.wait_for_all()?;
        }
        if !self.place.try_take() {
            observer.entered(SessionState::Queued);
            self.place.take(self.cancel)?;
        }
        let began = Instant::now();
        observer.entered(SessionState::Processing);
        let mut processor = Processor::new(self.resources, self.job, self.cancel, self.encoded_path(), observer)?;
        let streamed = plan != Plan::WholeFile;
        let mut end = self.decode(&plan, demuxer, &mut processor)?;
        if end.frames == 0 && streamed && end.exit.signal().is_none() && !end.complaints.oversize {
            // It cannot be streamed after all; with all its bytes there, FFmpeg may seek.
            self.wait_for_all()?;
            end = self.decode(&Plan::WholeFile, demuxer, &mut processor)?;
        }
        verdict::fatal(&end, self.is_cut_short(demuxer)).inspect_err(|_| log_last_words(&end))?;
        let (mut processed, files) = processor.finish()?;
        observer.entered(SessionState::Finishing);
        // FFmpeg may be done before the last bytes come; the sound may be in them.
        self.wait_for_all()?;
        observer.arrived(self.cancel)?;
        let audio = self.put_together(demuxer, &processed)?;
        let ending = self.ending(&mut processed);
        files.finish(&ending).map_err(|e| {
            self.withdraw_outputs();
            verdict::storage("The results could not be written", &e)
        })?;
        let processing_time_seconds = round3(began.elapsed().as_secs_f64());
        Ok(self.finished(demuxer, &end, processed, audio, ending.zones, processing_time_seconds))
    }

    fn encoded_path(&self) -> PathBuf {
        self.job.scratch.join(ENCODED)
    }

    /// Some outputs have their names and others cannot: better none than a part.
    fn withdraw_outputs(&self) {
        for path in self.job.outputs.paths() {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Waits until the first bytes tell the container.
    fn recognise(&self) -> Result<Demuxer, Problem> {
        let spool = &self.job.spool;
        let mut head = [0; container::ENOUGH];
        loop {
            self.cancel.check()?;
            let known = spool.received();
            let complete = spool.is_complete();
            let length = spool.read_at(0, &mut head).map_err(|e| verdict::storage("The upload could not be read", &e))?;
            if complete && length == 0 {
                return Err(Problem::new(ErrorCode::EmptyInput, "The file is empty. Choose another one."));
            }
            match container::sniff(&head[..length], complete) {
                Sniff::Known(demuxer) => return Ok(demuxer),
                Sniff::Unknown => {
                    return Err(Problem::new(
                        ErrorCode::UnsupportedContainer,
                        "This is not a video file Sightline can read. It takes MP4, MOV, MKV, WebM, AVI, MPEG-TS and MPEG-PS.",
                    ));
                }
                Sniff::Undecided => spool.wait_for_more(known, LOOK),
            }
        }
    }

    /// Waits until the bytes tell how the file can be decoded.
    fn plan(&self, demuxer: Demuxer, observer: &mut dyn Observer) -> Result<Plan, Problem> {
        loop {
            self.cancel.check()?;
            let known = self.job.spool.received();
            match plan::decide(demuxer, &self.job.spool) {
                Decision::Ready(plan) => {
                    observer.wants_from(None);
                    return Ok(plan);
                }
                Decision::NeedFrom(offset) => observer.wants_from(Some(offset)),
                Decision::NeedHead => {}
            }
            self.job.spool.wait_for_more(known, LOOK);
        }
    }

    /// Waits for the last byte, and lets others have the place meanwhile. What is decoded after it takes it again; the sound and the
    /// index are copied without one.
    fn wait_for_all(&self) -> Result<(), Problem> {
        while !self.job.spool.is_complete() {
            self.cancel.check()?;
            self.place.lend();
            self.job.spool.wait_for_more(self.job.spool.received(), LOOK);
        }
        Ok(())
    }

    /// Decodes all frames. Only FFmpeg's description, which comes with the first frame, tells that pictures are bright or
    /// transparent: then decoding begins once more, with the filters for them.
    fn decode(&self, plan: &Plan, demuxer: Demuxer, processor: &mut Processor<'_>) -> Result<DecodeEnd, Problem> {
        let pixels = match self.decode_as(plan, demuxer, None, processor)? {
            Decoded::ToItsEnd(end) => return Ok(end),
            Decoded::NotAsTheyAre(pixels) => pixels,
        };
        for pixels in [pixels, Pixels::default()] {
            match self.decode_as(plan, demuxer, Some(pixels), processor)? {
                Decoded::ToItsEnd(end) if end.frames > 0 || pixels.are_standard() => return Ok(end),
                _ => tracing::warn!(?pixels, "this FFmpeg cannot convert such pictures; they are taken as they are"),
            }
        }
        Err(Problem::new(ErrorCode::NoFrames, "No frame could be decoded."))
    }

    /// Decodes with the filters for these pixels; with none given, only as long as pictures are good as they are.
    fn decode_as(&self, plan: &Plan, demuxer: Demuxer, pixels: Option<Pixels>, processor: &mut Processor<'_>) -> Result<Decoded, Problem> {
        let failed = |detail: String| Problem::new(ErrorCode::DecoderCrashed, detail);
        let (source, pieces) = match plan {
            Plan::Stream(pieces) => (Source::Pipe, pieces.clone()),
            Plan::WholeFile => (Source::File(self.job.spool.path().to_owned()), Vec::new()),
        };
        processor.expect_frames(plan::listed_frames(demuxer, &self.job.spool));
        let assumed = pixels.unwrap_or_default();
        let (decoder, stdin) = Decoder::start(&self.resources.ffmpeg, &source, demuxer, self.resources.max_pixels, assumed)
            .map_err(|e| Problem::new(ErrorCode::DecoderMissing, e.to_string()))?;
        let mut decoding = Decoding { decoder, feeder: None };
        if let Some(stdin) = stdin {
            let feeder = Feeder::start(Arc::clone(&self.job.spool), pieces, stdin);
            decoding.feeder = Some(feeder.map_err(|e| failed(format!("The writer could not be started: {e}.")))?);
        }
        let frames = decoding.decoder.frames();
        let mut watchdog = Watchdog::new(self.resources.stall_limit);
        loop {
            crossbeam_channel::select! {
                recv(frames) -> frame => match frame {
                    Ok(frame) => {
                        let found = decoding.decoder.source().map(|s| s.pixels).unwrap_or_default();
                        if pixels.is_none() && frame.index == 0 && !found.are_standard() {
                            return Ok(Decoded::NotAsTheyAre(found));
                        }
                        self.place.take(self.cancel)?;
                        processor.frame(frame, &decoding.decoder)?;
                        watchdog.saw_frame();
                    }
                    Err(_) => break,
                },
                recv(self.cancel.signal()) -> _ => return Err(self.cancel.reason()),
                default(LOOK) => {
                    processor.catch_up(&decoding.decoder)?;
                    if decoding.feeder.as_ref().is_some_and(Feeder::is_starved) {
                        self.place.lend();
                    }
                    watchdog.look(decoding.feeder.as_ref())?;
                }
            }
        }
        drop(frames);
        processor.last_frames(&decoding.decoder)?;
        let Decoding { decoder, feeder } = decoding;
        let end = decoder.finish(&|| self.cancel.is_cancelled()).map_err(|e| failed(format!("FFmpeg was lost: {e}.")))?;
        drop(feeder);
        self.cancel.check()?;
        Ok(Decoded::ToItsEnd(end))
    }

    fn ending(&self, processed: &mut Processed) -> Ending {
        let nominal = processed.source.as_ref().and_then(|s| s.fps).map(|r| r.value());
        let end_us = processed.tally.times().end_us(nominal);
        Ending { end_us, zones: processed.watch.take().map(|watch| watch.finish(end_us)) }
    }

    /// The finished MP4 out of the encoded frames and the source's sound.
    fn put_together(&self, demuxer: Demuxer, processed: &Processed) -> Result<AudioOutcome, Problem> {
        let (Some(output), Some(written)) = (self.job.outputs.video(), processed.written) else { return Ok(AudioOutcome::None) };
        let input = RemuxInput {
            video: &self.encoded_path(),
            written,
            source: self.job.spool.path(),
            demuxer,
            audio: processed.source.as_ref().and_then(|s| s.audio.as_ref()),
        };
        let outcome = remux(&self.resources.ffmpeg, &input, output, &|| self.cancel.is_cancelled());
        self.cancel.check()?;
        outcome.map_err(|e| verdict::encoder(&e.to_string()))
    }

    /// Whether the file ends before its container does; false while its end is not known.
    fn is_cut_short(&self, demuxer: Demuxer) -> bool {
        let spool = &self.job.spool;
        spool.length().is_some_and(|length| container::is_cut_short(demuxer, length, |at| spool.read16(at)))
    }

    fn finished(
        &self,
        demuxer: Demuxer,
        end: &DecodeEnd,
        processed: Processed,
        audio: AudioOutcome,
        zones: Option<Report>,
        seconds: f64,
    ) -> Finished {
        let Processed { tally, source, size, detector, pose, .. } = processed;
        let nominal = source.as_ref().and_then(|s| s.fps).map(|r| r.value());
        let cut = self.is_cut_short(demuxer);
        let wants_sound = self.job.outputs.video().is_some() && source.as_ref().is_some_and(|s| s.audio.is_some());
        let lost_sound = wants_sound && audio == AudioOutcome::None;
        let duration_seconds = tally.times().duration_seconds(nominal);
        let declared = source.as_ref().and_then(|s| s.duration_seconds);
        let listed = plan::listed_frames(demuxer, &self.job.spool);
        let warnings = verdict::warnings(&verdict::Evidence { end, cut, lost_sound, duration_seconds, declared, listed });
        let summary = Summary {
            fps: round3(tally.times().fps(nominal)),
            total_frames: tally.frames,
            duration_seconds: round3(duration_seconds),
            width: size.width,
            height: size.height,
            detection_summary: tally.detections.clone(),
            frames_with_pose: tally.frames_with_pose,
            processing_time_seconds: seconds,
            audio,
            rotation: source.as_ref().map_or(0, |s: &SourceInfo| s.rotation),
            variable_frame_rate: tally.times().is_variable(),
            partial: warnings.iter().any(|w| w.code == ErrorCode::VideoTruncated),
            warnings,
            places: zones.map(|report| report.totals()),
        };
        Finished { summary, tally, detector, pose }
    }
}

/// Tells a child that hangs from one that waits for the sender or works on a hard frame.
struct Watchdog {
    limit: Duration,
    last_progress: Instant,
    written: u64,
}

impl Watchdog {
    fn new(limit: Duration) -> Self {
        Self { limit, last_progress: Instant::now(), written: 0 }
    }

    fn saw_frame(&mut self) {
        self.last_progress = Instant::now();
    }

    fn look(&mut self, feeder: Option<&Feeder>) -> Result<(), Problem> {
        let written = feeder.map_or(0, Feeder::written);
        if written != self.written || feeder.is_some_and(Feeder::is_starved) {
            self.written = written;
            self.last_progress = Instant::now();
        }
        if self.last_progress.elapsed() < self.limit {
            return Ok(());
        }
        Err(Problem::new(
            ErrorCode::DecoderTimeout,
            format!("FFmpeg gave no frame for {} seconds and was stopped. The video may be damaged.", self.limit.as_secs()),
        ))
    }
}

/// What FFmpeg said last, for whoever runs the server. A few lines for a whole job, and no control character of theirs.
fn log_last_words(end: &DecodeEnd) {
    for line in &end.exit.tail {
        tracing::warn!("FFmpeg: {}", line.escape_debug());
    }
}

fn round3(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
