//! A person as BlazePose's person finder sees one: four points that say where the body is, how large and how it leans.

use crate::geometry::{BBox, Point, Size};
use crate::vision::blazepose::roi::Roi;

/// Numbers a row of the model has: a box and four points.
const ROW: usize = 12;
/// The model's numbers are in pixels of its input.
const SCALE: f32 = super::anchors::INPUT as f32;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sighting {
    /// 0..=1.
    pub score: f32,
    /// The box of head and shoulders, by which sightings are told apart.
    pub bbox: BBox,
    /// In the middle between the hips.
    pub hips: Point,
    /// On the circle around hips that holds the whole body, above the head.
    pub body: Point,
    /// In the middle between the shoulders.
    pub shoulders: Point,
    /// On the circle that holds the upper body.
    pub upper: Point,
}

/// The sightings of a model's answer, 0..=1 of its input: `boxes` is `[2254, 12]`, `scores` `[2254]` before the sigmoid
/// (`TensorsToDetectionsCalculator` with the options of pose_detection_cpu.pbtxt).
pub fn sightings(boxes: &[f32], scores: &[f32], anchors: &[Point], least: f32) -> Vec<Sighting> {
    let rows = boxes.chunks_exact(ROW).zip(scores).zip(anchors);
    rows.filter_map(|((row, &score), anchor)| {
        let score = 1.0 / (1.0 + (-score.clamp(-100.0, 100.0)).exp());
        let at = |i: usize| Point::new(row[i] / SCALE + anchor.x, row[i + 1] / SCALE + anchor.y);
        let (center, w, h) = (at(0), row[2] / SCALE, row[3] / SCALE);
        let usable = score >= least && row.iter().all(|v| v.is_finite()) && w >= 0.0 && h >= 0.0;
        usable.then(|| Sighting { score, bbox: BBox::from_center(center, w, h), hips: at(4), body: at(6), shoulders: at(8), upper: at(10) })
    })
    .collect()
}

/// One sighting for each person, the surest first: those that overlap by more than 0.3 are averaged by their scores
/// (`NonMaxSuppressionCalculator`, `WEIGHTED`).
pub fn merge(mut sightings: Vec<Sighting>) -> Vec<Sighting> {
    sightings.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut merged = Vec::new();
    while let Some(&best) = sightings.first() {
        let (mut same, rest): (Vec<_>, Vec<_>) = sightings.into_iter().partition(|s| s.bbox.iou(&best.bbox) > 0.3);
        // A box without an area overlaps nothing, not even itself.
        if same.is_empty() {
            same.push(best);
        }
        sightings = rest.into_iter().filter(|s| *s != best).collect();
        merged.push(weighted(best.score, &same));
    }
    merged
}

fn weighted(score: f32, same: &[Sighting]) -> Sighting {
    let total: f32 = same.iter().map(|s| s.score).sum();
    let number = |of: &dyn Fn(&Sighting) -> f32| same.iter().map(|s| of(s) * s.score).sum::<f32>() / total;
    let point = |of: fn(&Sighting) -> Point| Point::new(number(&|s| of(s).x), number(&|s| of(s).y));
    let bbox = BBox { x1: number(&|s| s.bbox.x1), y1: number(&|s| s.bbox.y1), x2: number(&|s| s.bbox.x2), y2: number(&|s| s.bbox.y2) };
    Sighting { score, bbox, hips: point(|s| s.hips), body: point(|s| s.body), shoulders: point(|s| s.shoulders), upper: point(|s| s.upper) }
}

impl Sighting {
    /// The same sighting in pixels of the frame the square was cut from. The square must not be turned.
    pub fn on_frame(&self, roi: &Roi) -> Self {
        let (a, b) = (roi.to_frame(Point::new(self.bbox.x1, self.bbox.y1)), roi.to_frame(Point::new(self.bbox.x2, self.bbox.y2)));
        Self {
            score: self.score,
            bbox: BBox::new(a.x, a.y, b.x, b.y),
            hips: roi.to_frame(self.hips),
            body: roi.to_frame(self.body),
            shoulders: roi.to_frame(self.shoulders),
            upper: roi.to_frame(self.upper),
        }
    }

    /// The square to read the landmarks from.
    pub fn roi(&self) -> Option<Roi> {
        Roi::aligned(self.hips, self.body)
    }

    /// About the box an object detector would draw around the person, on the frame; none where nothing of it is.
    pub fn person_box(&self, frame: Size) -> Option<BBox> {
        let radius = self.hips.distance(self.body);
        let up = Point::new((self.body.x - self.hips.x) / radius, (self.body.y - self.hips.y) / radius);
        // Medians against the boxes of YOLOv8n on 260 walking persons: the circle reaches a little beyond head and feet.
        let (ahead, behind, beside) = (0.91 * radius, 0.94 * radius, 0.31 * radius);
        let corner =
            |along: f32, across: f32| Point::new(self.hips.x + up.x * along - up.y * across, self.hips.y + up.y * along + up.x * across);
        let corners = [corner(ahead, beside), corner(ahead, -beside), corner(-behind, beside), corner(-behind, -beside)];
        let (mut low, mut high) = (corners[0], corners[0]);
        for c in &corners[1..] {
            (low.x, low.y, high.x, high.y) = (low.x.min(c.x), low.y.min(c.y), high.x.max(c.x), high.y.max(c.y));
        }
        let bbox = BBox::new(low.x, low.y, high.x, high.y).clamp(frame);
        (bbox.width() > 0.0 && bbox.height() > 0.0).then_some(bbox)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(x: f32, score: f32) -> Sighting {
        let p = Point::new(x, 0.5);
        Sighting { score, bbox: BBox::from_center(p, 0.2, 0.2), hips: p, body: Point::new(x, 0.1), shoulders: p, upper: p }
    }

    #[test]
    fn a_row_is_read_from_its_anchor() {
        let row = [0.0, 0.0, 22.4, 44.8, 0.0, 22.4, 0.0, -22.4, 1.0, 1.0, 2.0, 2.0];
        let found = sightings(&row, &[2.0], &[Point::new(0.5, 0.5)], 0.5);
        assert_eq!(found.len(), 1);
        let s = found[0];
        assert!((s.score - 0.8808).abs() < 1e-4);
        assert!((s.bbox.width() - 0.1).abs() < 1e-6 && (s.bbox.height() - 0.2).abs() < 1e-6);
        assert!((s.hips.y - 0.6).abs() < 1e-6 && (s.body.y - 0.4).abs() < 1e-6);
        assert!(sightings(&row, &[-1.0], &[Point::new(0.5, 0.5)], 0.5).is_empty());
        assert!(sightings(&[f32::NAN; 12], &[9.0], &[Point::default()], 0.5).is_empty());
        assert!(sightings(&row, &[f32::NAN], &[Point::default()], 0.5).is_empty());
    }

    #[test]
    fn overlapping_sightings_are_averaged_by_score() {
        let merged = merge(vec![sighting(0.50, 0.6), sighting(0.52, 0.9), sighting(0.9, 0.7)]);
        assert_eq!(merged.len(), 2);
        assert_eq!(merged[0].score, 0.9);
        assert!((merged[0].hips.x - 0.512).abs() < 1e-5, "{:?}", merged[0]);
        assert_eq!(merge(merged.clone()).len(), 2);
        let flat = Sighting { bbox: BBox::new(0.1, 0.1, 0.1, 0.1), ..sighting(0.1, 0.8) };
        assert_eq!(merge(vec![flat, flat]).len(), 1);
    }

    #[test]
    fn an_upright_person_has_a_tall_box() {
        let roi = Roi { center: Point::new(500.0, 500.0), side: 1000.0, rotation: 0.0 };
        let bbox = sighting(0.5, 0.9).on_frame(&roi).person_box(Size::new(1000, 1000)).unwrap();
        assert!(bbox.height() > 2.0 * bbox.width() && bbox.contains(Point::new(500.0, 200.0)), "{bbox:?}");
        let nowhere = Sighting { body: Point::new(0.5, 0.5), ..sighting(0.5, 0.9) };
        assert_eq!(nowhere.person_box(Size::new(10, 10)), None);
    }
}
