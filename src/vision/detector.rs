//! Finds objects in frames: letterbox ▸ inference ▸ head ▸ suppression.

use std::sync::Arc;

use crate::detection::{Detection, Labels};
use crate::frame::RgbFrame;
use crate::geometry::Size;
use crate::vision::VisionError;
use crate::vision::blazepose::finder::FinderModel;
use crate::vision::blazepose::people::People;
use crate::vision::detect_options::DetectOptions;
use crate::vision::engine_error::EngineError;
use crate::vision::letterbox::Letterbox;
use crate::vision::network::{Inference, Network};
use crate::vision::nms::{Candidate, Wanted, suppress};
use crate::vision::resample::{PixelFormat, Resampler};
use crate::vision::stopwatch::Stopwatch;
use crate::vision::{ultralytics, yolox};

/// How an object network is fed and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectHead {
    Yolox { classes: usize },
    Ultralytics { boxes: usize },
}

#[derive(Clone)]
pub struct ObjectModel {
    pub network: Network,
    pub input: Size,
    pub head: ObjectHead,
    pub labels: Labels,
}

/// One session's detector. The model behind it is shared, the place it runs in is its own.
pub struct Detector {
    name: Arc<str>,
    kind: Kind,
    watch: Arc<Stopwatch>,
}

enum Kind {
    Objects(Box<Objects>),
    People { people: Box<People>, waiting: Option<RgbFrame> },
}

struct Objects {
    inference: Inference,
    input: Size,
    head: ObjectHead,
    labels: Labels,
    /// The tables for the size of the last frame.
    resampler: Option<Resampler>,
    started: bool,
    scratch: ultralytics::Scratch,
}

impl Detector {
    pub(super) fn objects(name: Arc<str>, model: &ObjectModel) -> Result<Self, EngineError> {
        let ObjectModel { network, input, head, labels } = model;
        let inference = network.inference()?;
        let objects = Objects {
            inference,
            input: *input,
            head: *head,
            labels: labels.clone(),
            resampler: None,
            started: false,
            scratch: ultralytics::Scratch::default(),
        };
        Ok(Self { name, kind: Kind::Objects(Box::new(objects)), watch: Arc::default() })
    }

    pub(super) fn people(name: Arc<str>, model: &FinderModel) -> Result<Self, EngineError> {
        Ok(Self { name, kind: Kind::People { people: Box::new(People::new(model)?), waiting: None }, watch: Arc::default() })
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
            Kind::Objects(objects) => &objects.labels,
            Kind::People { people, .. } => people.labels(),
        }
    }

    /// The objects of a frame, the surest first, boxes in pixels of the frame and within it.
    pub fn detect(&mut self, frame: &RgbFrame, options: &DetectOptions) -> Result<Vec<Detection>, VisionError> {
        let watch = Arc::clone(&self.watch);
        watch.time(|| self.detect_now(frame, options))
    }

    fn detect_now(&mut self, frame: &RgbFrame, options: &DetectOptions) -> Result<Vec<Detection>, VisionError> {
        if let Kind::People { people, .. } = &mut self.kind {
            return people.detect(frame, options).map_err(|cause| failed(&self.name, cause));
        }
        self.start(frame)?;
        self.finish(options)
    }

    /// Begins to work on a frame; `finish` gives its objects. The caller may do something else in between.
    /// A frame that was begun before and not asked for is forgotten.
    pub fn start(&mut self, frame: &RgbFrame) -> Result<(), VisionError> {
        match &mut self.kind {
            Kind::Objects(objects) => objects.start(frame).map_err(|cause| failed(&self.name, cause)),
            Kind::People { waiting, .. } => {
                *waiting = Some(frame.clone());
                Ok(())
            }
        }
    }

    /// The objects of the frame that was begun.
    pub fn finish(&mut self, options: &DetectOptions) -> Result<Vec<Detection>, VisionError> {
        let nothing = || VisionError::NothingStarted { model: self.name.to_string() };
        match &mut self.kind {
            Kind::Objects(objects) if objects.started => objects.finish(options).map_err(|cause| failed(&self.name, cause)),
            Kind::Objects(_) => Err(nothing()),
            Kind::People { people, waiting } => {
                let frame = waiting.take().ok_or_else(nothing)?;
                people.detect(&frame, options).map_err(|cause| failed(&self.name, cause))
            }
        }
    }
}

fn failed(name: &Arc<str>, cause: EngineError) -> VisionError {
    VisionError::Inference { model: name.to_string(), cause }
}

impl Objects {
    fn start(&mut self, frame: &RgbFrame) -> Result<(), EngineError> {
        self.started = false;
        let (input, head) = (self.input, self.head);
        let prepared = self.resampler.take().filter(|r| r.letterbox().frame == frame.size());
        let resampler = prepared.unwrap_or_else(|| match head {
            ObjectHead::Yolox { .. } => Resampler::new(Letterbox::top_left(frame.size(), input), PixelFormat::BgrByte),
            ObjectHead::Ultralytics { .. } => Resampler::new(Letterbox::centred(frame.size(), input), PixelFormat::RgbUnit),
        });
        resampler.write(frame, self.inference.input()?);
        self.resampler = Some(resampler);
        self.inference.start()?;
        self.started = true;
        Ok(())
    }

    fn finish(&mut self, options: &DetectOptions) -> Result<Vec<Detection>, EngineError> {
        self.started = false;
        self.inference.wait()?;
        let output = self.inference.output(0)?;
        let wanted = Wanted { confidence: options.confidence, classes: options.classes.as_deref() };
        let candidates = match self.head {
            ObjectHead::Yolox { classes } => yolox::candidates(output, self.input, classes, wanted),
            ObjectHead::Ultralytics { boxes } => ultralytics::candidates(output, boxes, wanted, &mut self.scratch),
        };
        let kept = suppress(candidates, options.iou, options.max_detections);
        let Some(letterbox) = self.resampler.as_ref().map(Resampler::letterbox) else { return Ok(Vec::new()) };
        let detection = |c: Candidate| {
            let bbox = letterbox.box_to_frame(&c.bbox)?;
            let confidence = c.score.clamp(0.0, 1.0);
            Some(Detection { class_id: c.class_id, label: self.labels.get(c.class_id), confidence, bbox, track_id: None })
        };
        Ok(kept.into_iter().filter_map(detection).collect())
    }
}
