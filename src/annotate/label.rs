//! What a box's label says, and where its tag lies.

use crate::detection::Detection;
use crate::geometry::{BBox, Size};

/// Characters of a class name that are shown: names come from a model's file and may be of any length.
const LONGEST_NAME: usize = 32;

/// `#3`, or the class where there is no track: what is left of a label in a crowd.
pub fn short_name(detection: &Detection) -> String {
    match detection.track_id {
        Some(id) => format!("#{id}"),
        None => class(detection),
    }
}

/// `#3 person`: the track where there is one, and the class.
pub fn name(detection: &Detection) -> String {
    match detection.track_id {
        Some(id) => format!("#{id} {}", class(detection)),
        None => class(detection),
    }
}

fn class(detection: &Detection) -> String {
    match detection.label.char_indices().nth(LONGEST_NAME) {
        None => detection.label.to_string(),
        Some((cut, _)) => format!("{}…", &detection.label[..cut]),
    }
}

/// `91%`.
pub fn percent(confidence: f32) -> String {
    format!("{}%", (confidence.clamp(0.0, 1.0) * 100.0).round() as u8)
}

/// A place for a tag, and how many square pixels of other tags it hides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub area: BBox,
    pub hidden: f32,
}

/// Where a tag of `width` x `height` pixels goes for the box `around`, `gap` pixels apart: above its left corner if the
/// frame has room there, else above its right corner, below it, or inside; inside its upper edge at the frame's. It is
/// the first that lies on none of the tags in `taken`, or the one that hides the least of them. Always on the frame, as
/// far as the frame is large enough.
pub fn place(width: f32, height: f32, around: &BBox, gap: f32, frame: Size, taken: &[BBox]) -> Place {
    let (room_w, room_h) = (frame.width as f32, frame.height as f32);
    // Whole pixels keep the edges and the text crisp.
    let at = |x: f32, y: f32| {
        let (x, y) = (x.min(room_w - width).max(0.0).round(), y.round());
        let area = BBox::new(x, y, x + width, y + height);
        Place { area, hidden: taken.iter().map(|tag| tag.intersection(&area)).sum() }
    };
    let (left, right) = (around.x1, around.x2 - width);
    let (above, within) = (around.y1 - gap - height, around.y1.max(0.0) + gap);
    let (below, at_bottom) = (around.y2 + gap, around.y2.min(room_h) - gap - height);
    let over = [(left, above), (right, above)];
    let inside = [(left + gap, within), (right - gap, within)];
    let under = [(left, below), (left + gap, at_bottom)];
    // Inside the upper edge is where a person's head is: the last choice, unless the frame ends there.
    let corners = if above >= 0.0 { [over, under, inside] } else { [inside, under, over] };

    let mut best: Option<Place> = None;
    for (x, y) in corners.into_iter().flatten().filter(|&(_, y)| y >= 0.0 && y + height <= room_h) {
        let place = at(x, y);
        if best.is_none_or(|b| place.hidden < b.hidden) {
            best = Some(place);
        }
        if place.hidden == 0.0 {
            break;
        }
    }
    best.unwrap_or_else(|| at(around.x1, above.min(room_h - height).max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME: Size = Size::new(200, 100);

    #[test]
    fn a_label_reads_as_people_say_it() {
        let mut detection =
            Detection { class_id: 0, label: "person".into(), confidence: 0.913, bbox: BBox::new(0.0, 0.0, 1.0, 1.0), track_id: None };
        assert_eq!((name(&detection), short_name(&detection)), ("person".into(), "person".into()));
        detection.track_id = Some(3);
        assert_eq!((name(&detection), short_name(&detection)), ("#3 person".into(), "#3".into()));
        detection.label = "ß".repeat(40).into();
        assert_eq!(name(&detection).chars().count(), 3 + LONGEST_NAME + 1);
        assert_eq!([0.913, 1.0, 0.004, f32::NAN, 7.0, -1.0].map(percent), ["91%", "100%", "0%", "0%", "100%", "0%"]);
    }

    #[test]
    fn a_tag_lies_above_its_box_or_inside_at_the_frames_top() {
        assert_eq!(place(40.0, 10.0, &BBox::new(50.0, 50.0, 120.0, 90.0), 1.0, FRAME, &[]).area, BBox::new(50.0, 39.0, 90.0, 49.0));
        assert_eq!(place(40.0, 10.0, &BBox::new(50.0, 5.0, 120.0, 90.0), 1.0, FRAME, &[]).area, BBox::new(51.0, 6.0, 91.0, 16.0));
        let shifted = place(40.0, 10.0, &BBox::new(190.0, 50.0, 260.0, 90.0), 1.0, FRAME, &[]);
        assert_eq!(shifted.area, BBox::new(160.0, 39.0, 200.0, 49.0));
    }

    #[test]
    fn tags_avoid_each_other() {
        let around = BBox::new(50.0, 50.0, 150.0, 85.0);
        let mut taken = Vec::new();
        for _ in 0..4 {
            let tag = place(40.0, 10.0, &around, 1.0, FRAME, &taken);
            assert!(taken.iter().all(|t: &BBox| t.intersection(&tag.area) == 0.0), "{tag:?} on {taken:?}");
            taken.push(tag.area);
        }
        assert_eq!(place(200.0, 100.0, &around, 1.0, FRAME, &taken).hidden, 4.0 * 400.0, "all is hidden where all is taken");
    }

    proptest! {
        #[test]
        fn a_tag_is_always_on_the_frame(c in prop::array::uniform4(-500.0f32..500.0), width in 1.0f32..200.0, height in 1.0f32..100.0, n in 0usize..6) {
            let around = BBox::new(c[0], c[1], c[2], c[3]);
            let mut taken = Vec::new();
            for _ in 0..=n {
                let tag = place(width, height, &around, 2.0, FRAME, &taken).area;
                prop_assert!(tag.x1 >= 0.0 && tag.y1 >= 0.0 && tag.x2 <= 200.5 && tag.y2 <= 100.5, "{tag:?}");
                taken.push(tag);
            }
        }
    }
}
