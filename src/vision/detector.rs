//! Finds objects in frames.

use std::sync::Arc;

use crate::detection::{Detection, Labels};
use crate::frame::RgbFrame;
use crate::geometry::BBox;
use crate::vision::VisionError;
use crate::vision::blazepose::finder::FinderModel;
use crate::vision::blazepose::people::People;
use crate::vision::detect_options::DetectOptions;
use crate::vision::engine_error::EngineError;
use crate::vision::nms::Candidate;
use crate::vision::objects::{ObjectModel, Objects};
use crate::vision::stopwatch::Stopwatch;

/// One session's detector. The model behind it is shared, the place it runs in is its own.
pub struct Detector {
    name: Arc<str>,
    kind: Kind,
    watch: Arc<Stopwatch>,
}

enum Kind {
    Objects(Box<Objects>),
    People(Box<People>),
}

impl Detector {
    pub(super) fn objects(name: Arc<str>, model: &ObjectModel) -> Result<Self, EngineError> {
        Ok(Self { name, kind: Kind::Objects(Box::new(Objects::new(model)?)), watch: Arc::default() })
    }

    pub(super) fn people(name: Arc<str>, model: &FinderModel) -> Result<Self, EngineError> {
        Ok(Self { name, kind: Kind::People(Box::new(People::new(model)?)), watch: Arc::default() })
    }

    /// The same, whose frames are timed together with those of other sessions.
    pub fn timed(self, watch: Arc<Stopwatch>) -> Self {
        Self { watch, ..self }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it can be asked for objects that it is less sure of, without finding the others otherwise. The finder of
    /// persons follows whom it finds, and would follow those as well.
    pub fn tells_unsure(&self) -> bool {
        matches!(self.kind, Kind::Objects(_))
    }

    pub fn labels(&self) -> &Labels {
        match &self.kind {
            Kind::Objects(objects) => objects.labels(),
            Kind::People(people) => people.labels(),
        }
    }

    /// How many frames are worth being under way at once, from `start` to `finish`. More are possible, and wait.
    pub fn at_once(&self) -> usize {
        match &self.kind {
            Kind::Objects(objects) => objects.at_once(),
            // It looks where the persons of the frame before were.
            Kind::People(_) => 0,
        }
    }

    /// The objects of a frame, the surest first, boxes in pixels of the frame and within it. No other frame may be under way.
    pub fn detect(&mut self, frame: &RgbFrame, options: &DetectOptions) -> Result<Vec<Detection>, VisionError> {
        self.start(frame)?;
        self.finish(frame, options)
    }

    /// Begins to work on a frame. The caller may do something else, and begin other frames, before `finish`.
    pub fn start(&mut self, frame: &RgbFrame) -> Result<(), VisionError> {
        match &mut self.kind {
            Kind::Objects(objects) => {
                let begun = self.watch.part(|| objects.start(frame));
                begun.map_err(|cause| failed(&self.name, cause))
            }
            Kind::People(_) => Ok(()),
        }
    }

    /// The objects of the frame that was begun first of those under way.
    pub fn finish(&mut self, frame: &RgbFrame, options: &DetectOptions) -> Result<Vec<Detection>, VisionError> {
        let found = match &mut self.kind {
            Kind::Objects(objects) if !objects.is_started() => return Err(VisionError::NothingStarted { model: self.name.to_string() }),
            Kind::Objects(objects) => self.watch.time(|| detections(objects, options)),
            Kind::People(people) => self.watch.time(|| people.detect(frame, options)),
        };
        found.map_err(|cause| failed(&self.name, cause))
    }
}

fn failed(name: &Arc<str>, cause: EngineError) -> VisionError {
    VisionError::Inference { model: name.to_string(), cause }
}

fn detections(objects: &mut Objects, options: &DetectOptions) -> Result<Vec<Detection>, EngineError> {
    let found = objects.finish(options)?;
    let detection = |(c, bbox): (Candidate, BBox)| {
        let (label, confidence) = (objects.labels().get(c.class_id), c.score.clamp(0.0, 1.0));
        Detection { class_id: c.class_id, label, confidence, bbox, track_id: None }
    };
    Ok(found.into_iter().map(detection).collect())
}
