//! Finds persons with BlazePose alone, for machines that have no object model.

use crate::detection::{Detection, Labels};
use crate::frame::RgbFrame;
use crate::geometry::{Point, Size};
use crate::vision::blazepose::finder::{Finder, FinderModel};
use crate::vision::blazepose::roi::Roi;
use crate::vision::blazepose::sighting::Sighting;
use crate::vision::detect_options::DetectOptions;
use crate::vision::engine_error::EngineError;

pub const NAME: &str = "blazepose-person";
/// The only class.
pub const PERSON: usize = 0;
/// The model was trained to be believed from here on; below it sees persons in lamp posts.
const LEAST_SCORE: f32 = 0.5;
/// Squares looked at beside the whole frame: 2 ms each.
const MOST_TILES: usize = 3;

/// The classes of the detector it makes: persons alone.
pub fn labels() -> Labels {
    Labels::new(["person"])
}

pub struct People {
    finder: Finder,
    labels: Labels,
}

impl People {
    pub fn new(model: &FinderModel) -> Result<Self, EngineError> {
        Ok(Self { finder: Finder::new(model)?, labels: labels() })
    }

    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Persons as an object detector would box them, the surest first.
    pub fn detect(&mut self, frame: &RgbFrame, options: &DetectOptions) -> Result<Vec<Detection>, EngineError> {
        if options.classes.as_ref().is_some_and(|classes| !classes.contains(&PERSON)) {
            return Ok(Vec::new());
        }
        let least = options.confidence.max(LEAST_SCORE);
        let mut sightings = Vec::new();
        for square in squares(frame.size()) {
            sightings.extend(self.finder.find(frame, &square, least)?);
        }
        let person = |s: &Sighting| {
            let bbox = s.person_box(frame.size())?;
            Some(Detection { class_id: PERSON, label: self.labels.get(PERSON), confidence: s.score, bbox, track_id: None })
        };
        sightings.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut found: Vec<(Sighting, Detection)> = Vec::new();
        for (sighting, detection) in sightings.iter().filter_map(|s| Some((*s, person(s)?))) {
            let again = |(other, kept): &(Sighting, Detection)| kept.bbox.iou(&detection.bbox) > options.iou || same(other, &sighting);
            if found.len() < options.max_detections && !found.iter().any(again) {
                found.push((sighting, detection));
            }
        }
        Ok(found.into_iter().map(|(_, detection)| detection).collect())
    }
}

/// One person seen in two squares: hips and size agree though the boxes may be cut differently.
fn same(a: &Sighting, b: &Sighting) -> bool {
    matches!((a.roi(), b.roi()), (Some(a), Some(b)) if a.is_near(&b))
}

/// The whole frame, and for a long one squares along it, in which persons are larger.
fn squares(frame: Size) -> Vec<Roi> {
    let (w, h) = (frame.width as f32, frame.height as f32);
    let (long, short) = (w.max(h), w.min(h));
    let mut squares = vec![Roi::whole(frame)];
    // Neighbours overlap by a fifth, so that hardly anybody is cut in both.
    if long >= 1.3 * short && short > 0.0 {
        let tiles = (((long / short - 1.0) / 0.8).ceil() as usize).min(MOST_TILES - 1) + 1;
        for i in 0..tiles {
            let along = short / 2.0 + (long - short) * i as f32 / (tiles - 1) as f32;
            let center = if w > h { Point::new(along, h / 2.0) } else { Point::new(w / 2.0, along) };
            squares.push(Roi { center, side: short, rotation: 0.0 });
        }
    }
    squares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_frame_is_looked_at_in_squares_too() {
        let all = squares(Size::new(1280, 720));
        assert_eq!(all.len(), 3);
        assert_eq!((all[1].center.x, all[2].center.x, all[1].side), (360.0, 920.0, 720.0));
        assert_eq!(squares(Size::new(720, 1280))[2].center.y, 920.0);
        assert_eq!(squares(Size::new(100, 100)).len(), 1);
        assert_eq!(squares(Size::new(8000, 2)).len(), 4);
        assert_eq!(squares(Size::new(1, 1)), [Roi::whole(Size::new(1, 1))]);
    }
}
