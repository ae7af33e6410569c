//! The stages in their order, with the models of one session.

use std::collections::VecDeque;

use crate::detection::{Detection, Labels};
use crate::frame::TimedFrame;
use crate::geometry::BBox;
use crate::options::{AnalysisOptions, Blur};
use crate::pipeline::gap::{Gap, Sight};
use crate::pipeline::result::FrameResult;
use crate::pipeline::tracker::{self, Tracker};
use crate::pose::Pose;
use crate::vision::VisionError;
use crate::vision::catalog::{Catalog, CatalogError};
use crate::vision::detect_options::DetectOptions;
use crate::vision::detector::Detector;
use crate::vision::pose_estimator::PoseEstimator;

/// The label whose boxes tell the pose stage where to look.
const PERSON: &str = "person";
/// Frames that wait for the detector take no more; of large pictures it sees more than was asked for.
const MOST_WAITING_BYTES: usize = 256 << 20;

#[derive(Debug, thiserror::Error)]
pub enum AnalyzerError {
    #[error(transparent)]
    Model(#[from] CatalogError),
    #[error("{name:?} is not a class of {model}; it knows: {known}")]
    UnknownClass { name: String, model: String, known: String },
    #[error("blur needs persons to be found: a model that knows them, and person among the classes")]
    NobodyToBlur,
    #[error("zones count tracks: they need an object model, and tracking")]
    NothingToCount,
}

/// A frame with what is known of it.
pub struct Analyzed {
    pub frame: TimedFrame,
    pub result: FrameResult,
}

pub struct Analyzer {
    detector: Option<Detector>,
    /// Also where no tracks are told but frames are left out: it knows who is who on both sides of a gap.
    tracker: Option<Tracker>,
    pose: Option<PoseEstimator>,
    detect: DetectOptions,
    /// Least confidence of what is told, 0..=1.
    confidence: f32,
    tracking: bool,
    max_poses: usize,
    smoothing: bool,
    detect_every: usize,
    /// Frames since the last one that the detector was shown.
    waiting: Vec<TimedFrame>,
    /// Frames of which the detector was shown the last, but has not been asked yet what it saw.
    begun: VecDeque<Vec<TimedFrame>>,
    sight: Option<Sight>,
}

impl Analyzer {
    pub fn new(catalog: &Catalog, options: &AnalysisOptions) -> Result<Self, AnalyzerError> {
        let detector = catalog.detector(&options.detector)?;
        let pose = if options.max_poses == 0 { None } else { catalog.pose(&options.pose)? };
        let classes = match &detector {
            Some(detector) if !options.classes.is_empty() => Some(class_ids(detector, &options.classes)?),
            _ => None,
        };
        let person = detector.as_ref().and_then(|d| d.labels().find(PERSON));
        let finds_persons = match (person, &classes) {
            (Some(id), Some(kept)) => kept.contains(&id),
            (Some(_), None) => true,
            (None, _) => pose.is_some(),
        };
        if options.blur != Blur::None && !finds_persons {
            return Err(AnalyzerError::NobodyToBlur);
        }
        if let Some(plan) = &options.zones {
            let Some(detector) = detector.as_ref().filter(|_| options.tracking) else { return Err(AnalyzerError::NothingToCount) };
            plan.scopes().try_for_each(|scope| class_ids(detector, &scope.classes).map(|_| ()))?;
        }
        // Whoever comes in between two sights would be seen by others for some frames.
        let detect_every = if options.blur == Blur::None { options.detect_every } else { 1 };
        let tracker = (options.tracking || detect_every > 1).then(|| Tracker::new(options));
        let wants_unsure = tracker.is_some() && detector.as_ref().is_some_and(Detector::tells_unsure);
        let confidence = if wants_unsure { Tracker::wanted_confidence(options.confidence) } else { options.confidence };
        let detect = DetectOptions { confidence, iou: options.iou, max_detections: options.max_detections, classes };
        Ok(Self {
            detector,
            tracker,
            pose,
            detect,
            confidence: options.confidence,
            tracking: options.tracking,
            max_poses: options.max_poses,
            smoothing: options.smoothing,
            detect_every,
            waiting: Vec::new(),
            begun: VecDeque::new(),
            sight: None,
        })
    }

    pub fn detector_name(&self) -> Option<&str> {
        self.detector.as_ref().map(Detector::name)
    }

    pub fn pose_name(&self) -> Option<&str> {
        self.pose.as_ref().map(PoseEstimator::name)
    }

    pub fn labels(&self) -> Option<&Labels> {
        self.detector.as_ref().map(Detector::labels)
    }

    /// Takes the next frame. Gives those whose results are known now, in their order: frames that no detector sees wait for
    /// the next one that it sees, and while it looks at one the stages after it work on those before.
    pub fn analyze(&mut self, frame: TimedFrame) -> Result<Vec<Analyzed>, VisionError> {
        let most = MOST_WAITING_BYTES / frame.picture.data().len().max(1);
        self.waiting.push(frame);
        let is_first = self.sight.is_none() && self.begun.is_empty();
        let group = self.detect_every.min(most).max(1);
        if self.detector.is_some() && !is_first && self.waiting.len() < group {
            return Ok(Vec::new());
        }
        self.begin()?;
        let ahead = self.detector.as_ref().map_or(0, Detector::at_once).min(most / group);
        if self.begun.len() > ahead { self.end() } else { Ok(Vec::new()) }
    }

    /// The frames that the detector was shown, while there is no other one to show it.
    pub fn catch_up(&mut self) -> Result<Vec<Analyzed>, VisionError> {
        let mut analyzed = Vec::new();
        while !self.begun.is_empty() {
            analyzed.extend(self.end()?);
        }
        Ok(analyzed)
    }

    /// There is no further frame: those that still wait, of which the detector sees the last.
    pub fn finish(&mut self) -> Result<Vec<Analyzed>, VisionError> {
        self.begin()?;
        self.catch_up()
    }

    /// Shows the detector the last of the frames that wait.
    fn begin(&mut self) -> Result<(), VisionError> {
        let frames = std::mem::take(&mut self.waiting);
        let Some(last) = frames.last() else { return Ok(()) };
        if let Some(detector) = &mut self.detector {
            detector.start(&last.picture)?;
        }
        self.begun.push_back(frames);
        Ok(())
    }

    /// The frames up to the one that the detector was shown first.
    fn end(&mut self) -> Result<Vec<Analyzed>, VisionError> {
        let Some(frames) = self.begun.pop_front() else { return Ok(Vec::new()) };
        let Some(last) = frames.last() else { return Ok(Vec::new()) };
        let end = self.look(last)?;
        let begin = self.sight.take();
        let mut analyzed = Vec::with_capacity(frames.len());
        let between = frames.len() - 1;
        for (place, frame) in frames.into_iter().enumerate() {
            let gap = begin.as_ref().filter(|_| place < between).map(|begin| Gap { begin, end: &end });
            let mut detections = gap.as_ref().map_or_else(|| end.detections.clone(), |gap| gap.at(frame.pts_us));
            detections.retain(|d| d.confidence >= self.confidence);
            let poses = self.poses(&frame, &detections)?;
            if !self.tracking {
                detections.iter_mut().for_each(|d| d.track_id = None);
            }
            let result =
                FrameResult { frame: frame.index, pts_us: frame.pts_us, interpolated: gap.is_some(), detections, poses, places: None };
            analyzed.push(Analyzed { frame, result });
        }
        self.sight = Some(end);
        Ok(analyzed)
    }

    /// What the detector saw, and who was there before.
    fn look(&mut self, frame: &TimedFrame) -> Result<Sight, VisionError> {
        let detections = match &mut self.detector {
            Some(detector) => detector.finish(&frame.picture, &self.detect)?,
            None => Vec::new(),
        };
        Ok(match &mut self.tracker {
            Some(tracker) => tracker.follow(frame.pts_us, detections),
            None => Sight { pts_us: frame.pts_us, before: vec![None; detections.len()], detections },
        })
    }

    fn poses(&mut self, frame: &TimedFrame, detections: &[Detection]) -> Result<Vec<Pose>, VisionError> {
        let Some(pose) = &mut self.pose else { return Ok(Vec::new()) };
        let persons: Vec<&Detection> = detections.iter().filter(|d| &*d.label == PERSON).collect();
        let places: Vec<BBox> = persons.iter().map(|d| d.bbox).collect();
        let mut poses = pose.estimate(&frame.picture, &places, self.max_poses)?;
        if self.smoothing {
            pose.smooth(frame.pts_us, &mut poses);
        }
        if self.tracking && self.detector.is_some() {
            tracker::name_poses(&mut poses, &persons);
        }
        Ok(poses)
    }
}

fn class_ids(detector: &Detector, names: &[String]) -> Result<Vec<usize>, AnalyzerError> {
    let labels = detector.labels();
    let id = |name: &String| {
        labels.find(name).ok_or_else(|| AnalyzerError::UnknownClass {
            name: name.clone(),
            model: detector.name().to_owned(),
            known: labels.iter().collect::<Vec<_>>().join(", "),
        })
    };
    names.iter().map(id).collect()
}
