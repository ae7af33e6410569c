//! Zones and lines on the picture: outlines with a translucent filling, arrows that lead inwards, and how many there are.

use std::sync::Arc;

use super::boxes::Tag;
use super::canvas::{Canvas, Ink};
use super::palette::{self, Rgb};
use super::style::Measures;
use super::text::Typeface;
use crate::geometry::{BBox, Point, Size};
use crate::zones::event::Crossings;
use crate::zones::{Line, Observation, Polygon, ZonePlan};

/// Opacity of a zone's filling: nobody there, somebody there.
const EMPTY: f32 = 0.1;
const OCCUPIED: f32 = 0.2;
/// Opacity of the dark rim below lines.
const RIM: f32 = 0.45;
/// The first colour; tracks, which are more, begin with the palette's first.
const FIRST_COLOUR: usize = 6;
/// An arrow's length and its barbs', in widths of a line.
const ARROW: f32 = 9.0;
const BARB: f32 = 4.5;

/// The places of a plan on pictures of one size, with their newest numbers.
#[derive(Default)]
pub struct Places {
    zones: Vec<(Arc<str>, Polygon, u32)>,
    lines: Vec<(Arc<str>, Line, Crossings)>,
}

impl Places {
    pub fn new(plan: &ZonePlan, size: Size) -> Self {
        let zones = plan.zones.iter().zip(plan.polygons(size)).map(|(zone, polygon)| (Arc::clone(&zone.scope.name), polygon, 0));
        let lines = plan.lines.iter().zip(plan.segments(size));
        let lines = lines.map(|(plan, line)| (Arc::clone(&plan.scope.name), line, Crossings::default()));
        Self { zones: zones.collect(), lines: lines.collect() }
    }

    /// Takes in the numbers of a frame, in the plan's order.
    pub fn observe(&mut self, now: &Observation) {
        self.zones.iter_mut().zip(&now.zones).for_each(|((_, _, count), zone)| *count = zone.count);
        self.lines.iter_mut().zip(&now.lines).for_each(|((_, _, crossed), line)| *crossed = line.crossed);
    }

    /// Draws the areas and the lines.
    pub fn draw(&self, canvas: &mut Canvas, measures: &Measures, frame: Size) {
        for (number, (_, polygon, count)) in self.zones.iter().enumerate() {
            let colour = self.zone_colour(number);
            fill(canvas, polygon, frame, Ink::translucent(colour, if *count > 0 { OCCUPIED } else { EMPTY }));
            let corners = polygon.points();
            let edges: Vec<(Point, Point)> = corners.iter().copied().zip(corners.iter().copied().cycle().skip(1)).collect();
            strokes(canvas, &edges, measures, colour);
        }
        for (number, (_, line, _)) in self.lines.iter().enumerate() {
            let mut parts = vec![(line.from, line.to)];
            parts.extend(arrow(line, measures.line));
            strokes(canvas, &parts, measures, self.line_colour(number));
        }
    }

    /// Names and numbers, each placed so that it hides as little as can be of those in `taken`, to which they are added.
    pub fn tags(&self, typeface: &Typeface, measures: &Measures, frame: Size, taken: &mut Vec<BBox>) -> Vec<(Tag, Rgb)> {
        let mut tags = Vec::new();
        let mut add = |name: &str, number: String, around: BBox, colour: Rgb| {
            if let Some(tag) = Tag::named(name, number, &around, typeface, measures, frame, taken) {
                taken.push(tag.area());
                tags.push((tag, colour));
            }
        };
        for (number, (name, polygon, count)) in self.zones.iter().enumerate() {
            let highest = polygon.points().iter().copied().min_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
            let at = highest.unwrap_or_default();
            add(name, count.to_string(), BBox::from_center(at, 0.0, measures.line), self.zone_colour(number));
        }
        for (number, (name, line, crossed)) in self.lines.iter().enumerate() {
            let numbers = format!("{} in · {} out", crossed.inwards, crossed.outwards);
            let reach = 2.6 * ARROW * measures.line;
            add(name, numbers, BBox::from_center(middle(line), reach, reach), self.line_colour(number));
        }
        tags
    }

    fn zone_colour(&self, number: usize) -> Rgb {
        palette::colour(FIRST_COLOUR + number)
    }

    fn line_colour(&self, number: usize) -> Rgb {
        palette::colour(FIRST_COLOUR + self.zones.len() + number)
    }
}

fn middle(line: &Line) -> Point {
    Point::new((line.from.x + line.to.x) / 2.0, (line.from.y + line.to.y) / 2.0)
}

/// From the middle of the line to its inner side: the shaft and the two barbs.
fn arrow(line: &Line, width: f32) -> [(Point, Point); 3] {
    let length = line.from.distance(line.to);
    let (dx, dy) = ((line.to.x - line.from.x) / length, (line.to.y - line.from.y) / length);
    let from = middle(line);
    let at = |inwards: f32, along: f32| Point::new(from.x + dy * inwards + dx * along, from.y - dx * inwards + dy * along);
    let (tip, back, aside) = (ARROW * width, (ARROW - BARB) * width, BARB * width);
    [(from, at(tip, 0.0)), (at(tip, 0.0), at(back, aside)), (at(tip, 0.0), at(back, -aside))]
}

/// All rims first, so that none lies on another stroke.
fn strokes(canvas: &mut Canvas, parts: &[(Point, Point)], measures: &Measures, colour: Rgb) {
    for (a, b) in parts {
        canvas.line(*a, *b, measures.line + 2.0 * measures.rim, Ink::translucent(palette::INK, RIM));
    }
    for (a, b) in parts {
        canvas.line(*a, *b, measures.line, Ink::opaque(colour));
    }
}

/// Every pixel whose centre lies inside; the outline covers the ragged edge.
fn fill(canvas: &mut Canvas, polygon: &Polygon, frame: Size, ink: Ink) {
    let corners = polygon.points();
    let bounds = polygon.bounds().clamp(frame);
    let mut cuts = Vec::new();
    for y in bounds.y1 as usize..bounds.y2.ceil() as usize {
        let middle = y as f32 + 0.5;
        cuts.clear();
        for (a, b) in corners.iter().zip(corners.iter().cycle().skip(1)) {
            if (a.y > middle) != (b.y > middle) {
                cuts.push(a.x + (middle - a.y) / (b.y - a.y) * (b.x - a.x));
            }
        }
        cuts.sort_by(f32::total_cmp);
        for pair in cuts.chunks_exact(2) {
            canvas.fill_row(y, pair[0], pair[1], ink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotate::style::Style;
    use crate::frame::RgbFrame;

    const FRAME: Size = Size::new(320, 240);

    fn drawn(plan: &str, occupied: bool) -> RgbFrame {
        let mut places = Places::new(&ZonePlan::parse(plan).unwrap().unwrap(), FRAME);
        places.zones.iter_mut().for_each(|zone| zone.2 = u32::from(occupied));
        let mut frame = RgbFrame::filled(FRAME, [100; 3]);
        places.draw(&mut Canvas::new(&mut frame), &Style::default().measures(FRAME), FRAME);
        frame
    }

    #[test]
    fn a_zone_is_tinted_inside_more_so_when_somebody_is_there() {
        let plan = r#"{"zones":[{"points":[[0.25,0.25],[0.75,0.25],[0.75,0.75],[0.25,0.75]]}]}"#;
        let (empty, occupied) = (drawn(plan, false), drawn(plan, true));
        let away = |frame: &RgbFrame| frame.pixel(160, 120)[0].abs_diff(100);
        assert!(away(&empty) > 5 && away(&occupied) > away(&empty));
        assert_eq!([empty.pixel(20, 20), empty.pixel(300, 120)], [[100; 3]; 2]);
        let [edge, colour] = [empty.pixel(80, 120), palette::colour(FIRST_COLOUR)];
        assert!((0..3).all(|c| edge[c].abs_diff(colour[c]) < 30), "{edge:?}");
    }

    #[test]
    fn an_arrow_leads_inwards() {
        let frame = drawn(r#"{"lines":[{"points":[[0.1,0.5],[0.9,0.5]]}]}"#, false);
        assert_ne!(frame.pixel(160, 110), [100; 3], "above a line to the right");
        assert_eq!(frame.pixel(160, 130), [100; 3]);
    }

    #[test]
    fn what_lies_beyond_the_picture_is_cut() {
        drawn(
            r#"{"units":"pixels","zones":[{"points":[[10,10],[60000,10],[60000,50000]]}],"lines":[{"points":[[400,0],[60000,60000]]}]}"#,
            true,
        );
    }
}
