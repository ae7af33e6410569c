//! Runs an object model on a frame: letterbox ▸ inference ▸ head ▸ suppression.

use std::collections::VecDeque;

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
use crate::vision::letterbox::Letterbox;
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

/// One session's places in it: several frames may be under way at once.
pub struct Objects {
    network: Network,
    idle: Vec<Inference>,
    /// In the order in which they were begun.
    begun: VecDeque<Begun>,
    /// The last one that was answered for.
    answered: Option<Begun>,
    feed: Feed,
    head: ObjectHead,
    labels: Labels,
    /// The tables for the size of the last frame.
    resampler: Option<Resampler>,
    scratch: Scratch,
}

struct Begun {
    inference: Inference,
    letterbox: Letterbox,
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
        let (idle, begun) = (vec![network.inference()?], VecDeque::new());
        Ok(Self { network, idle, begun, answered: None, feed, head, labels, resampler: None, scratch: Scratch::default() })
    }

    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// How many frames are worth being under way at once.
    pub fn at_once(&self) -> usize {
        self.network.at_once()
    }

    /// Whether there is a frame that `finish` would answer for.
    pub fn is_started(&self) -> bool {
        !self.begun.is_empty()
    }

    pub fn start(&mut self, frame: &RgbFrame) -> Result<(), EngineError> {
        let mut inference = self.idle.pop().map_or_else(|| self.network.inference(), Ok)?;
        let prepared = self.resampler.take().filter(|r| r.letterbox().frame == frame.size());
        let resampler = prepared.unwrap_or_else(|| Resampler::new(&self.feed, frame.size()));
        resampler.write(frame, inference.input()?);
        let letterbox = *resampler.letterbox();
        self.resampler = Some(resampler);
        inference.start()?;
        self.begun.push_back(Begun { inference, letterbox });
        Ok(())
    }

    /// What was found in the frame that was begun first, the surest first, and its boxes in pixels of the frame and within it.
    pub fn finish(&mut self, options: &DetectOptions) -> Result<Vec<(Candidate, BBox)>, EngineError> {
        let Some(mut begun) = self.begun.pop_front() else { return Ok(Vec::new()) };
        begun.inference.wait()?;
        let wanted = Wanted { confidence: options.confidence, classes: options.classes.as_deref() };
        let candidates = self.head.candidates(&begun.inference.outputs()?, self.feed.size, wanted, &mut self.scratch);
        // Boxes of a head that gives each object once may overlap as they like.
        let iou = if self.head.repeats() { options.iou } else { 1.0 };
        let kept = suppress(candidates, iou, options.max_detections);
        let found = kept.into_iter().filter_map(|c| Some((c, begun.letterbox.box_to_frame(&c.bbox)?))).collect();
        self.idle.extend(self.answered.replace(begun).map(|before| before.inference));
        Ok(found)
    }

    /// The keypoints of a candidate of the last answer, in pixels of the frame; none where its model gives none.
    pub fn keypoints(&self, candidate: &Candidate) -> Result<Option<Vec<Keypoint>>, EngineError> {
        let Some(Begun { inference, letterbox }) = &self.answered else { return Ok(None) };
        let (numbers, scale) = self.head.keypoints(&inference.outputs()?, self.feed.size, candidate);
        Ok(keypoints::of_row(&numbers, scale, letterbox))
    }
}
