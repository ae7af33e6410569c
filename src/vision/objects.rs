//! Runs an object model on a frame: letterbox ▸ inference ▸ head ▸ suppression.

use crate::detection::Labels;
use crate::frame::RgbFrame;
use crate::geometry::BBox;
use crate::pose::Keypoint;
use crate::vision::detect_options::DetectOptions;
use crate::vision::engine_error::EngineError;
use crate::vision::feed::Feed;
use crate::vision::heads::ObjectHead;
use crate::vision::heads::keypoints;
use crate::vision::heads::ultralytics::Scratch;
use crate::vision::network::{Inference, Network};
use crate::vision::nms::{Candidate, Wanted, suppress};
use crate::vision::resample::Resampler;
use crate::vision::told::Told;

/// The grey a model is shown to learn its numbers.
const GREY: [u8; 3] = [114; 3];

/// An object network, how it is fed and how it is read.
#[derive(Clone)]
pub struct ObjectModel {
    network: Network,
    feed: Feed,
    head: ObjectHead,
    labels: Labels,
}

/// One session's place in it.
pub struct Objects {
    inference: Inference,
    feed: Feed,
    head: ObjectHead,
    labels: Labels,
    /// The tables for the size of the last frame.
    resampler: Option<Resampler>,
    started: bool,
    scratch: Scratch,
}

impl ObjectModel {
    /// Runs the network once to see in which numbers it answers.
    pub fn new(network: Network, feed: Feed, head: ObjectHead, labels: Labels, told: &Told) -> Result<Self, EngineError> {
        let feed = feed.told(told);
        let mut inference = network.inference()?;
        Resampler::new(&feed, feed.size).write(&RgbFrame::filled(feed.size, GREY), inference.input()?);
        inference.run()?;
        let head = head.settled(&inference.outputs()?, told);
        Ok(Self { network, feed, head, labels })
    }

    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    pub fn head(&self) -> &ObjectHead {
        &self.head
    }

    pub fn labels(&self) -> &Labels {
        &self.labels
    }
}

impl Objects {
    pub fn new(model: &ObjectModel) -> Result<Self, EngineError> {
        let ObjectModel { network, feed, head, labels } = model.clone();
        let (inference, scratch) = (network.inference()?, Scratch::default());
        Ok(Self { inference, feed, head, labels, resampler: None, started: false, scratch })
    }

    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Whether there is a frame that `finish` would answer for.
    pub fn is_started(&self) -> bool {
        self.started
    }

    pub fn start(&mut self, frame: &RgbFrame) -> Result<(), EngineError> {
        self.started = false;
        let prepared = self.resampler.take().filter(|r| r.letterbox().frame == frame.size());
        let resampler = prepared.unwrap_or_else(|| Resampler::new(&self.feed, frame.size()));
        resampler.write(frame, self.inference.input()?);
        self.resampler = Some(resampler);
        self.inference.start()?;
        self.started = true;
        Ok(())
    }

    /// What was found, the surest first, and its boxes in pixels of the frame and within it.
    pub fn finish(&mut self, options: &DetectOptions) -> Result<Vec<(Candidate, BBox)>, EngineError> {
        self.started = false;
        self.inference.wait()?;
        let wanted = Wanted { confidence: options.confidence, classes: options.classes.as_deref() };
        let candidates = self.head.candidates(&self.inference.outputs()?, self.feed.size, wanted, &mut self.scratch);
        // Boxes of a head that gives each object once may overlap as they like.
        let iou = if self.head.repeats() { options.iou } else { 1.0 };
        let kept = suppress(candidates, iou, options.max_detections);
        let Some(letterbox) = self.resampler.as_ref().map(Resampler::letterbox) else { return Ok(Vec::new()) };
        Ok(kept.into_iter().filter_map(|c| Some((c, letterbox.box_to_frame(&c.bbox)?))).collect())
    }

    /// The keypoints of a candidate of the last answer, in pixels of the frame; none where its model gives none.
    pub fn keypoints(&self, candidate: &Candidate) -> Result<Option<Vec<Keypoint>>, EngineError> {
        let Some(letterbox) = self.resampler.as_ref().map(Resampler::letterbox) else { return Ok(None) };
        let (numbers, scale) = self.head.keypoints(&self.inference.outputs()?, self.feed.size, candidate);
        Ok(keypoints::of_row(&numbers, scale, letterbox))
    }
}
