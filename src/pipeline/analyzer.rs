//! The stages in their order, with the models of one session.

use crate::detection::{Detection, Labels};
use crate::frame::TimedFrame;
use crate::geometry::BBox;
use crate::options::{AnalysisOptions, Blur};
use crate::pipeline::result::FrameResult;
use crate::pipeline::tracker::{self, Tracker};
use crate::vision::VisionError;
use crate::vision::catalog::{Catalog, CatalogError};
use crate::vision::detect_options::DetectOptions;
use crate::vision::detector::Detector;
use crate::vision::pose_estimator::PoseEstimator;

/// The label whose boxes tell the pose stage where to look.
const PERSON: &str = "person";

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

pub struct Analyzer {
    detector: Option<Detector>,
    tracker: Option<Tracker>,
    pose: Option<PoseEstimator>,
    detect: DetectOptions,
    max_poses: usize,
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
        let tracker = options.tracking.then(|| Tracker::new(options.confidence));
        let unsure = tracker.as_ref().filter(|_| detector.as_ref().is_some_and(Detector::tells_unsure));
        let confidence = unsure.map_or(options.confidence, Tracker::wanted_confidence);
        let detect = DetectOptions { confidence, iou: options.iou, max_detections: options.max_detections, classes };
        Ok(Self { detector, tracker, pose, detect, max_poses: options.max_poses })
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

    pub fn analyze(&mut self, frame: &TimedFrame) -> Result<FrameResult, VisionError> {
        let detections = match &mut self.detector {
            Some(detector) => detector.detect(&frame.picture, &self.detect)?,
            None => Vec::new(),
        };
        let detections = match &mut self.tracker {
            Some(tracker) => tracker.follow(frame.pts_us, detections),
            None => detections,
        };
        let poses = match &mut self.pose {
            Some(pose) => {
                let persons: Vec<&Detection> = detections.iter().filter(|d| &*d.label == PERSON).collect();
                let places: Vec<BBox> = persons.iter().map(|d| d.bbox).collect();
                let mut poses = pose.estimate(&frame.picture, &places, self.max_poses)?;
                if self.tracker.is_some() && self.detector.is_some() {
                    tracker::name_poses(&mut poses, &persons);
                }
                poses
            }
            None => Vec::new(),
        };
        Ok(FrameResult { frame: frame.index, pts_us: frame.pts_us, detections, poses, places: None })
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
