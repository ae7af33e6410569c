//! The frame loop's body: analyse, record, draw, show, encode. One value a run.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossbeam_channel::SendTimeoutError;

use super::job::{Job, Observer};
use super::progress::{Pace, PlacesNow, Progress, Stage};
use super::resources::Resources;
use super::results::header::{Header, HeaderModels, HeaderSource};
use super::results::{Ending, ResultWriter, Sheet};
use super::summary::Tally;
use super::verdict;
use crate::annotate::{Annotator, Style};
use crate::error_code::{ErrorCode, Problem};
use crate::frame::TimedFrame;
use crate::geometry::Size;
use crate::imaging::PreviewEncoder;
use crate::media::decoder::Decoder;
use crate::media::encoder::{Encoder, Written};
use crate::options::AnalysisOptions;
use crate::pipeline::analyzer::{Analyzed, Analyzer, AnalyzerError};
use crate::pipeline::result::FrameResult;
use crate::sessions::cancel::CancelToken;
use crate::video::SourceInfo;
use crate::vision::VisionError;
use crate::zones::Watch;

/// Widest preview in pixels, and its JPEG quality.
const PREVIEW_WIDTH: u32 = 640;
const PREVIEW_QUALITY: u8 = 75;
/// How long a wait for the encoder lasts before the job looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(200);
/// The encoder takes a frame within this, or it hangs.
const ENCODER_STALL: Duration = Duration::from_secs(60);

pub struct Processor<'a> {
    resources: &'a Resources,
    job: &'a Job,
    cancel: &'a CancelToken,
    observer: &'a mut dyn Observer,
    analyzer: Analyzer,
    annotator: Annotator,
    preview: PreviewEncoder,
    tally: Tally,
    began: Instant,
    encoded: PathBuf,
    /// As the file's index lists them.
    listed_frames: Option<u64>,
    /// From the first frame on.
    output: Option<Output>,
}

/// What exists once the picture's size is known.
struct Output {
    size: Size,
    source: Option<SourceInfo>,
    total_frames: Option<u64>,
    /// Where zones or lines are asked for.
    watch: Option<Watch>,
    files: Files,
    encoder: Option<Encoder>,
}

/// What is written beside the video; complete once all frames are done, but still to be given its names.
pub struct Files {
    results: ResultWriter,
    sheet: Option<Sheet>,
}

impl Files {
    /// Gives the files their names.
    pub fn finish(self, ending: &Ending) -> std::io::Result<()> {
        self.results.finish(ending)?;
        self.sheet.map_or(Ok(()), |sheet| sheet.finish(ending))
    }
}

/// All frames are done.
pub struct Processed {
    pub tally: Tally,
    pub source: Option<SourceInfo>,
    pub size: Size,
    pub written: Option<Written>,
    pub watch: Option<Watch>,
    pub detector: Option<String>,
    pub pose: Option<String>,
}

impl<'a> Processor<'a> {
    pub fn new(
        resources: &'a Resources,
        job: &'a Job,
        cancel: &'a CancelToken,
        encoded: PathBuf,
        observer: &'a mut dyn Observer,
    ) -> Result<Self, Problem> {
        let analyzer = Analyzer::new(&resources.catalog, &job.options).map_err(|e| refusal(&e))?;
        Ok(Self {
            resources,
            job,
            cancel,
            observer,
            analyzer,
            annotator: Annotator::new(style(&job.options)),
            preview: PreviewEncoder::new(),
            tally: Tally::default(),
            began: Instant::now(),
            encoded,
            listed_frames: None,
            output: None,
        })
    }

    /// Tells how many frames the file lists, before the first one.
    pub fn expect_frames(&mut self, listed: Option<u64>) {
        self.listed_frames = listed;
    }

    /// Takes a frame through all stages; with it those that waited for it.
    pub fn frame(&mut self, frame: TimedFrame, decoder: &Decoder) -> Result<(), Problem> {
        if self.output.is_none() {
            self.output = Some(self.open_output(&frame, decoder)?);
            if let Some(plan) = &self.job.options.zones {
                self.annotator.place(plan, frame.picture.size());
            }
        }
        self.done(decoder, |analyzer| analyzer.analyze(frame))
    }

    /// The next frame is not there yet: those before it need not wait for it.
    pub fn catch_up(&mut self, decoder: &Decoder) -> Result<(), Problem> {
        self.done(decoder, Analyzer::catch_up)
    }

    /// There is no further frame: those that waited for one wait no more.
    pub fn last_frames(&mut self, decoder: &Decoder) -> Result<(), Problem> {
        self.done(decoder, Analyzer::finish)
    }

    fn done(
        &mut self,
        decoder: &Decoder,
        analyze: impl FnOnce(&mut Analyzer) -> Result<Vec<Analyzed>, VisionError>,
    ) -> Result<(), Problem> {
        let begun = Instant::now();
        let analyzed = analyze(&mut self.analyzer).map_err(|e| Problem::new(ErrorCode::InferenceFailed, e.to_string()))?;
        let each = begun.elapsed() / analyzed.len().max(1) as u32;
        analyzed.into_iter().try_for_each(|Analyzed { frame, result }| self.finish_frame(frame, result, each, decoder))
    }

    /// Records, draws, shows and encodes. `analysis` is the time that the stages before took.
    fn finish_frame(
        &mut self,
        mut frame: TimedFrame,
        mut result: FrameResult,
        analysis: Duration,
        decoder: &Decoder,
    ) -> Result<(), Problem> {
        self.tally.count(&result);
        self.annotator.observe(frame.picture.size(), frame.pts_us, &result.detections, &result.poses);
        let Some(output) = &mut self.output else { return Ok(()) };
        result.places = output.watch.as_mut().map(|watch| watch.observe(frame.pts_us, &result.detections));
        if let Some(places) = &result.places {
            self.annotator.observe_places(places);
        }
        output.files.results.write(&result).map_err(|e| unwritten(&e))?;
        let on_sheet = output.files.sheet.as_mut().is_some_and(|sheet| sheet.wants(frame.pts_us));
        let pace = Pace { done: self.tally.frames, total: output.total_frames, elapsed_seconds: self.began.elapsed().as_secs_f64() };
        let previewed = frame.index.is_multiple_of(u64::from(self.job.options.preview_interval)) && self.observer.wants_previews();
        if previewed || on_sheet || output.encoder.is_some() {
            self.draw(&mut frame, &result, analysis);
        }
        if on_sheet && let Some(sheet) = self.output.as_mut().and_then(|o| o.files.sheet.as_mut()) {
            sheet.add(&frame).map_err(|e| unwritten(&e))?;
        }
        if previewed {
            self.show(&frame, result, &pace)?;
        }
        self.observer.frame_done(&pace);
        self.encode(frame, decoder)
    }

    fn open_output(&self, frame: &TimedFrame, decoder: &Decoder) -> Result<Output, Problem> {
        let size = frame.picture.size();
        let source = decoder.source().cloned();
        let models = HeaderModels { detector: self.analyzer.detector_name(), pose: self.analyzer.pose_name() };
        let described =
            HeaderSource { filename: self.job.filename.as_deref(), width: size.width, height: size.height, info: source.as_ref() };
        let header = Header::new(described, models, &self.job.options);
        let results = ResultWriter::create(&self.job.outputs, &header, size).map_err(|e| unwritten(&e))?;
        let files = Files { results, sheet: Sheet::create(&self.job.outputs) };
        let watch = self.job.options.zones.as_ref().map(|plan| Watch::new(plan, size));
        let total_frames = self.listed_frames.or_else(|| source.as_ref().and_then(SourceInfo::expected_frames));
        let encoder = match self.job.outputs.video() {
            None => None,
            Some(_) => {
                let (ffmpeg, settings) = (&self.resources.ffmpeg, &self.resources.encode);
                let encoder = Encoder::start(ffmpeg, settings, size, source.as_ref(), &self.encoded, decoder.spent());
                Some(encoder.map_err(|e| verdict::encoder(&e.to_string()))?)
            }
        };
        Ok(Output { size, source, total_frames, watch, files, encoder })
    }

    fn draw(&mut self, frame: &mut TimedFrame, result: &FrameResult, analysis: Duration) {
        self.annotator.draw(&mut frame.picture, &result.detections, &result.poses);
        if self.job.options.debug {
            let name = |name: Option<&str>| name.unwrap_or("none").to_owned();
            let lines = [
                format!("frame {}  {:.3} s", result.frame, result.pts_us as f64 / 1e6),
                format!("{} + {}", name(self.analyzer.detector_name()), name(self.analyzer.pose_name())),
                format!("{} objects, {} poses in {:.1} ms", result.detections.len(), result.poses.len(), analysis.as_secs_f64() * 1e3),
            ];
            self.annotator.draw_caption(&mut frame.picture, &lines);
        }
    }

    fn show(&mut self, frame: &TimedFrame, result: FrameResult, pace: &Pace) -> Result<(), Problem> {
        let jpeg = self
            .preview
            .encode(&frame.picture, PREVIEW_WIDTH, PREVIEW_QUALITY)
            .map_err(|e| Problem::new(ErrorCode::Internal, format!("The preview could not be made: {e}.")))?;
        self.observer.progress(Progress {
            frame_index: frame.index,
            total_frames: pace.total,
            percent: pace.percent(),
            preview: STANDARD.encode(jpeg),
            fps: pace.fps(),
            eta_seconds: pace.eta_seconds(),
            detections: result.detections,
            stage: Stage::Processing,
            places: result.places.map(|places| PlacesNow { zones: places.zones, lines: places.lines }),
        });
        Ok(())
    }

    /// Hands the frame to the encoder; its buffer comes back to the decoder from there, or at once.
    fn encode(&mut self, mut frame: TimedFrame, decoder: &Decoder) -> Result<(), Problem> {
        let Some(encoder) = self.output.as_ref().and_then(|o| o.encoder.as_ref()) else {
            let _ = decoder.spent().try_send(frame.picture.into_data());
            return Ok(());
        };
        let deadline = Instant::now() + ENCODER_STALL;
        loop {
            self.cancel.check()?;
            match encoder.push(frame, LOOK) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Timeout(back)) if Instant::now() < deadline => frame = back,
                Err(SendTimeoutError::Timeout(_)) => return Err(verdict::encoder("FFmpeg took no frame for a minute")),
                Err(SendTimeoutError::Disconnected(_)) => break,
            }
        }
        let encoder = self.output.take().and_then(|o| o.encoder);
        let reason = encoder.map_or_else(String::new, |e| e.failure().to_string());
        Err(verdict::encoder(&reason))
    }

    /// No more frames: closes the encoder.
    pub fn finish(self) -> Result<(Processed, Files), Problem> {
        let detector = self.analyzer.detector_name().map(str::to_owned);
        let pose = self.analyzer.pose_name().map(str::to_owned);
        let Some(output) = self.output else {
            return Err(Problem::new(ErrorCode::NoFrames, "No frame could be decoded."));
        };
        let Output { size, source, watch, files, encoder, .. } = output;
        let written = match encoder {
            None => None,
            Some(encoder) => {
                let written = encoder.finish(&|| self.cancel.is_cancelled());
                self.cancel.check()?;
                Some(written.map_err(|e| verdict::encoder(&e.to_string()))?)
            }
        };
        Ok((Processed { tally: self.tally, source, size, written, watch, detector, pose }, files))
    }
}

/// How the results are drawn that are asked for by these options.
fn style(options: &AnalysisOptions) -> Style {
    Style { blur: options.blur, trails: options.trails, heatmap: options.heatmap, ..Style::default() }
}

fn unwritten(error: &std::io::Error) -> Problem {
    verdict::storage("The results could not be written", error)
}

/// Models or classes that cannot be had, as their asker gets to know.
pub fn refusal(error: &AnalyzerError) -> Problem {
    let code = match error {
        AnalyzerError::Model(error) => error.code(),
        AnalyzerError::UnknownClass { .. } | AnalyzerError::NobodyToBlur | AnalyzerError::NothingToCount => ErrorCode::InvalidField,
    };
    let said = error.to_string();
    // A sentence: what is below begins in lower case.
    let (first, rest) = said.split_at(said.chars().next().map_or(0, char::len_utf8));
    Problem::new(code, format!("{}{rest}.", first.to_uppercase()))
}
