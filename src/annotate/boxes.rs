//! Boxes of detections, and the tags with their labels.

use super::canvas::{Canvas, Ink};
use super::label;
use super::palette;
use super::style::Measures;
use super::text::Typeface;
use crate::detection::Detection;
use crate::geometry::{BBox, Point, Size};

/// The outline of one box, with a dark rim that keeps it readable on any background.
pub fn draw_outline(canvas: &mut Canvas, detection: &Detection, colour: palette::Rgb, measures: &Measures) {
    let Measures { line, rim, corner, .. } = *measures;
    canvas.stroke_rect(&detection.bbox, corner, line + 2.0 * rim, Ink::translucent(palette::INK, 0.45));
    canvas.stroke_rect(&detection.bbox, corner, line, Ink::opaque(colour));
}

/// A label with its place on the frame.
pub struct Tag {
    area: BBox,
    /// Pixels an em.
    size: u16,
    rim: f32,
    /// Square pixels of other tags below it.
    hidden: f32,
    name: String,
    /// Empty on a short tag.
    percent: String,
    /// Pixels from the tag's left edge to the confidence.
    percent_at: f32,
}

impl Tag {
    /// The label of a detection, placed so that it hides none of the tags in `taken` if there is room; a short one where
    /// only that has room. None where the box lies outside of the frame, is no box, or the frame is too small for text.
    pub fn new(detection: &Detection, typeface: &Typeface, measures: &Measures, frame: Size, taken: &[BBox]) -> Option<Self> {
        let bbox = &detection.bbox;
        let on_frame = bbox.x1 < frame.width as f32 && bbox.y1 < frame.height as f32 && bbox.x2 > 0.0 && bbox.y2 > 0.0;
        if !(on_frame && [bbox.x1, bbox.y1, bbox.x2, bbox.y2].iter().all(|v| v.is_finite())) {
            return None;
        }
        let outer = grown(bbox, measures.line / 2.0);
        let tag = |name: String, percent| Self::named(&name, percent, &outer, typeface, measures, frame, taken);
        let full = tag(label::name(detection), label::percent(detection.confidence));
        match full {
            Some(full) if full.hidden == 0.0 => Some(full),
            _ => {
                let short = tag(label::short_name(detection), String::new());
                [short, full].into_iter().flatten().reduce(|a, b| if b.hidden < a.hidden { b } else { a })
            }
        }
    }

    /// A name and what is paler behind it, for what lies `around`, placed so that it hides as little as can be of the tags
    /// in `taken`. None where the frame is too small for text.
    pub fn named(
        name: &str,
        percent: String,
        around: &BBox,
        typeface: &Typeface,
        measures: &Measures,
        frame: Size,
        taken: &[BBox],
    ) -> Option<Self> {
        let size = measures.text;
        let pad = padding(size);
        let word_gap = if percent.is_empty() { 0.0 } else { f32::from(size) * 0.4 };
        let percent_width = typeface.width(&percent, size);
        let room = frame.width as f32 - 2.0 * pad - word_gap - percent_width - 1.0;
        let name = typeface.fitted(name, size, room).into_owned();
        let percent_at = if name.is_empty() { pad } else { pad + typeface.width(&name, size) + word_gap };
        let (width, height) = ((percent_at + percent_width + pad).ceil(), (f32::from(size) * 1.5).round());
        if (name.is_empty() && percent.is_empty()) || width > frame.width as f32 || height > frame.height as f32 {
            return None;
        }
        let place = label::place(width, height, around, measures.rim + 1.0, frame, taken);
        Some(Self { area: place.area, size, rim: measures.rim, hidden: place.hidden, name, percent, percent_at })
    }

    /// Where on the frame it lies, with its rim.
    pub fn area(&self) -> BBox {
        grown(&self.area, self.rim)
    }

    /// Whether it hides so little of other tags that all of them can be read.
    pub fn is_legible(&self) -> bool {
        self.hidden <= 0.1 * self.area.area()
    }

    /// Draws the plate and its text; the confidence is a little paler than the name.
    pub fn draw(&self, canvas: &mut Canvas, typeface: &mut Typeface, fill: palette::Rgb) {
        let (area, size) = (&self.area, self.size);
        let radius = area.height() * 0.28;
        canvas.fill_rect(&grown(area, self.rim), radius + self.rim, Ink::translucent(palette::INK, 0.45));
        canvas.fill_rect(area, radius, Ink::opaque(fill));
        let text = palette::text_on(fill);
        let baseline = ((area.y1 + area.y2 + typeface.cap_height(size)) / 2.0).round();
        typeface.draw(canvas, &self.name, Point::new(area.x1 + padding(size), baseline), size, Ink::opaque(text));
        typeface.draw(canvas, &self.percent, Point::new(area.x1 + self.percent_at, baseline), size, Ink::translucent(text, 0.82));
    }
}

/// The box with `by` pixels more on every side.
fn grown(bbox: &BBox, by: f32) -> BBox {
    BBox { x1: bbox.x1 - by, y1: bbox.y1 - by, x2: bbox.x2 + by, y2: bbox.y2 + by }
}

/// Pixels between a tag's left or right edge and its text.
fn padding(size: u16) -> f32 {
    (f32::from(size) * 0.42).round()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotate::style::Style;
    use crate::frame::RgbFrame;

    fn person(bbox: BBox) -> Detection {
        Detection { class_id: 0, label: "person".into(), confidence: 0.91, bbox, track_id: None }
    }

    #[test]
    fn an_outline_is_its_colour_on_the_edge_dark_beside_it_and_empty_inside() {
        let frame_size = Size::new(1280, 720);
        let mut frame = RgbFrame::filled(frame_size, [200; 3]);
        let detection = person(BBox::new(100.5, 100.5, 300.5, 400.5));
        draw_outline(&mut Canvas::new(&mut frame), &detection, palette::colour(0), &Style::default().measures(frame_size));
        assert_eq!(frame.pixel(100, 250), palette::colour(0));
        assert_eq!(frame.pixel(200, 400), palette::colour(0));
        assert!(frame.pixel(98, 250)[0] < 190, "the rim");
        assert_eq!(frame.pixel(200, 250), [200; 3]);
        assert_eq!(frame.pixel(90, 90), [200; 3]);
        assert_ne!(frame.pixel(100, 100), palette::colour(0), "the corner is round");
    }

    #[test]
    fn a_tag_lies_above_the_box_in_its_colour_with_text() {
        let frame_size = Size::new(1280, 720);
        let (mut typeface, measures) = (Typeface::new(), Style::default().measures(frame_size));
        let mut frame = RgbFrame::filled(frame_size, [200; 3]);
        let tag = Tag::new(&person(BBox::new(100.0, 100.0, 300.0, 400.0)), &typeface, &measures, frame_size, &[]).unwrap();
        assert!(tag.area().y2 < 100.0 && tag.area().width() > 60.0);
        tag.draw(&mut Canvas::new(&mut frame), &mut typeface, palette::colour(0));
        let (x1, y1) = (tag.area.x1 as usize, tag.area.y1 as usize);
        assert_eq!(frame.pixel(x1 + 3, y1 + 10), palette::colour(0));
        let inside = (y1..y1 + 20).flat_map(|y| (x1..x1 + 60).map(move |x| (x, y)));
        assert!(inside.filter(|&(x, y)| frame.pixel(x, y) == palette::text_on(palette::colour(0))).count() > 40);
    }

    #[test]
    fn a_label_is_shortened_in_a_crowd() {
        let (typeface, frame) = (Typeface::new(), Size::new(1280, 720));
        let measures = Style::default().measures(frame);
        let mut one = person(BBox::new(100.0, 300.0, 140.0, 330.0));
        one.track_id = Some(7);
        let wide = Tag::new(&one, &typeface, &measures, frame, &[]).unwrap();
        let neighbours = [BBox::new(150.0, 0.0, 1280.0, 720.0), BBox::new(0.0, 0.0, 98.0, 720.0)];
        let narrow = Tag::new(&one, &typeface, &measures, frame, &neighbours).unwrap();
        assert_eq!((wide.name.as_str(), wide.percent.as_str()), ("#7 person", "91%"));
        assert_eq!((narrow.name.as_str(), narrow.percent.as_str(), narrow.hidden), ("#7", "", 0.0));
        let everywhere = [BBox::new(0.0, 0.0, 1280.0, 720.0)];
        assert!(narrow.is_legible() && !Tag::new(&one, &typeface, &measures, frame, &everywhere).unwrap().is_legible());
    }

    #[test]
    fn a_box_off_the_frame_has_no_tag_and_a_tiny_frame_none_either() {
        let typeface = Typeface::new();
        let tag = |bbox, size: Size| Tag::new(&person(bbox), &typeface, &Style::default().measures(size), size, &[]).is_some();
        assert!(tag(BBox::new(-50.0, -50.0, 10.0, 10.0), Size::new(640, 480)));
        assert!(!tag(BBox::new(700.0, 10.0, 800.0, 20.0), Size::new(640, 480)));
        assert!(!tag(BBox::new(f32::NEG_INFINITY, 0.0, 8.0, 8.0), Size::new(640, 480)));
        assert!(!tag(BBox::new(0.0, 0.0, 2.0, 2.0), Size::new(2, 2)));
        assert!(!tag(BBox::new(0.0, 0.0, 2.0, 2.0), Size::new(0, 0)));
    }
}
