//! One value that draws all the results of a frame.

use super::blur::Veil;
use super::boxes::{self, Tag};
use super::canvas::Canvas;
use super::caption;
use super::heat::Heat;
use super::palette::{self, Rgb};
use super::places::Places;
use super::skeleton;
use super::style::Style;
use super::text::Typeface;
use super::trails::Trails;
use crate::detection::Detection;
use crate::frame::RgbFrame;
use crate::geometry::Size;
use crate::pose::Pose;
use crate::zones::{Observation, ZonePlan};

/// Draws results into frames. Keep one for a video: it remembers what earlier frames showed, and the glyphs it has
/// rasterised.
pub struct Annotator {
    style: Style,
    typeface: Typeface,
    veil: Veil,
    heat: Heat,
    trails: Trails,
    places: Places,
}

impl Default for Annotator {
    fn default() -> Self {
        Self::new(Style::default())
    }
}

impl Annotator {
    /// An annotator that draws in this style.
    pub fn new(style: Style) -> Self {
        let (veil, heat, trails) = (Veil::default(), Heat::default(), Trails::default());
        Self { style, typeface: Typeface::new(), veil, heat, trails, places: Places::default() }
    }

    /// Draws these zones and lines from now on, on frames of this size.
    pub fn place(&mut self, plan: &ZonePlan, size: Size) {
        self.places = Places::new(plan, size);
    }

    /// Takes in how many are where in a frame.
    pub fn observe_places(&mut self, now: &Observation) {
        self.places.observe(now);
    }

    /// Takes in the results of a frame of this size and time (microseconds). Every frame comes here, also one that is not
    /// drawn: what is hidden, trails and the heat map are made of more than one.
    pub fn observe(&mut self, size: Size, pts_us: i64, detections: &[Detection], poses: &[Pose]) {
        self.veil.observe(self.style.blur, pts_us, detections, poses);
        if self.style.heatmap {
            self.heat.observe(size, pts_us, detections);
        }
        if self.style.trails {
            self.trails.observe(pts_us, detections);
        }
    }

    /// Hides what was observed as such, then draws the heat map, zones and lines, trails, boxes, skeletons, and the boxes' labels, in place.
    /// Coordinates are pixels of this frame. What is more certain lies above what is less, and has the first choice of a
    /// place for its label.
    pub fn draw(&mut self, frame: &mut RgbFrame, detections: &[Detection], poses: &[Pose]) {
        let size = frame.size();
        if size.pixels() == 0 {
            return;
        }
        let measures = self.style.measures(size);
        self.veil.draw(frame);
        if self.style.heatmap {
            self.heat.draw(frame);
        }
        let canvas = &mut Canvas::new(frame);
        self.places.draw(canvas, &measures, size);
        if self.style.trails {
            self.trails.draw(canvas, &measures, size);
        }

        let mut surest_first: Vec<&Detection> = detections.iter().collect();
        surest_first.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        for detection in surest_first.iter().rev() {
            boxes::draw_outline(canvas, detection, self.colour(detection), &measures);
        }
        for pose in poses {
            skeleton::draw_pose(canvas, pose, &self.style, &measures);
        }
        let mut taken = Vec::new();
        let mut tags = self.places.tags(&self.typeface, &measures, size, &mut taken);
        if self.style.labels {
            for detection in surest_first {
                // In a crowd a box without a label is better than two labels that nobody can read.
                let tag = Tag::new(detection, &self.typeface, &measures, size, &taken);
                if let Some(tag) = tag.filter(Tag::is_legible) {
                    taken.push(tag.area());
                    tags.push((tag, self.colour(detection)));
                }
            }
        }
        for (tag, colour) in tags.iter().rev() {
            tag.draw(canvas, &mut self.typeface, *colour);
        }
    }

    fn colour(&self, detection: &Detection) -> Rgb {
        palette::of_detection(detection, self.style.colour_by)
    }

    /// Draws lines of text on a translucent plate in the upper left corner; lines that do not fit are cut.
    pub fn draw_caption(&mut self, frame: &mut RgbFrame, lines: &[String]) {
        let size = frame.size();
        let measures = self.style.measures(size);
        caption::draw(&mut Canvas::new(frame), &mut self.typeface, &measures, size, lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;
    use crate::pose::{Keypoint, Skeleton};
    use proptest::prelude::*;

    fn detection(label: &str, confidence: f32, bbox: BBox, track_id: Option<u32>) -> Detection {
        Detection { class_id: 0, label: label.into(), confidence, bbox, track_id }
    }

    #[test]
    fn nothing_found_leaves_the_frame_as_it_is() {
        let mut frame = RgbFrame::filled(Size::new(64, 48), [1, 2, 3]);
        Annotator::default().draw(&mut frame, &[], &[]);
        Annotator::default().draw_caption(&mut frame, &[]);
        assert_eq!(frame, RgbFrame::filled(Size::new(64, 48), [1, 2, 3]));
    }

    #[test]
    fn a_box_touches_its_own_surroundings_only() {
        let mut frame = RgbFrame::filled(Size::new(1280, 720), [9; 3]);
        Annotator::default().draw(&mut frame, &[detection("person", 0.91, BBox::new(400.0, 300.0, 700.0, 600.0), Some(3))], &[]);
        assert_eq!(frame.pixel(400, 450), palette::colour(2), "track 3");
        let far = |x: usize, y: usize| {
            !(390..710).contains(&x) || !(270..610).contains(&y) || ((410..690).contains(&x) && (310..590).contains(&y))
        };
        for y in 0..720 {
            for x in 0..1280 {
                assert!(!far(x, y) || frame.pixel(x, y) == [9; 3], "at {x}, {y}");
            }
        }
    }

    #[test]
    fn the_same_results_give_the_same_picture_with_cold_and_warm_glyphs() {
        let found = [
            detection("person", 0.91, BBox::new(40.0, 60.0, 200.0, 300.0), None),
            detection("кот", 0.5, BBox::new(90.0, 60.0, 320.0, 200.0), None),
        ];
        let mut annotator = Annotator::default();
        let mut draw = || {
            let mut frame = RgbFrame::filled(Size::new(640, 480), [50; 3]);
            annotator.draw(&mut frame, &found, &[]);
            frame
        };
        assert_eq!(draw(), draw());
    }

    #[test]
    fn labels_can_be_left_out() {
        let mut frame = RgbFrame::filled(Size::new(640, 480), [9; 3]);
        let found = [detection("person", 0.9, BBox::new(100.0, 100.0, 200.0, 200.0), None)];
        Annotator::new(Style { labels: false, ..Style::default() }).draw(&mut frame, &found, &[]);
        assert!((0..95).all(|y| frame.row(y).iter().all(|&v| v == 9)));
    }

    proptest! {
        #[test]
        fn nothing_panics(
            boxes in prop::collection::vec((prop::array::uniform4(prop_oneof![-50.0f32..900.0, any::<f32>()]), any::<f32>(), ".{0,9}"), 0..5),
            points in prop::collection::vec((any::<f32>(), -50.0f32..900.0), 33),
            size in prop::sample::select(vec![(0, 0), (1, 1), (2, 2), (7, 500), (500, 7), (320, 240)]),
        ) {
            let found: Vec<_> = boxes.iter().map(|(c, confidence, label)| detection(label, *confidence, BBox { x1: c[0], y1: c[1], x2: c[2], y2: c[3] }, None)).collect();
            let keypoints = points.iter().map(|&(x, y)| Keypoint { x, y, z: None, visibility: 0.9 }).collect();
            let pose = Pose { track_id: None, skeleton: Skeleton::BlazePose33, score: 0.9, keypoints };
            let mut frame = RgbFrame::filled(Size::new(size.0, size.1), [0; 3]);
            let mut annotator = Annotator::default();
            annotator.draw(&mut frame, &found, &[pose]);
            annotator.draw_caption(&mut frame, &["frame 1".into(), "x".repeat(99)]);
        }
    }
}
