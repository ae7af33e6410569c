//! Colours: one a track or a class, told apart at a glance, with text on them that can be read.

use super::style::ColourBy;
use crate::detection::Detection;
use crate::pose::Side;

/// sRGB, 0..=255 each.
pub type Rgb = [u8; 3];

/// Nearly black, for outlines and plates.
pub const INK: Rgb = [14, 16, 22];
/// Text on dark.
pub const PAPER: Rgb = [255, 255, 255];

/// Neighbours in this list are far from one another, as classes and tracks with neighbouring ids meet in one picture.
const SWATCHES: [Rgb; 16] = [
    [0x3B, 0x82, 0xF6], // blue
    [0xFF, 0x8A, 0x1F], // orange
    [0x22, 0xC5, 0x5E], // green
    [0xE8, 0x3A, 0x9C], // pink
    [0xFA, 0xCC, 0x15], // yellow
    [0x8B, 0x5C, 0xF6], // violet
    [0x14, 0xC8, 0xC0], // teal
    [0xEF, 0x44, 0x44], // red
    [0xA3, 0xE6, 0x35], // lime
    [0xC0, 0x4D, 0xE8], // purple
    [0x38, 0xBD, 0xF8], // sky
    [0xB9, 0x7A, 0x4B], // brown
    [0x0E, 0x8F, 0x6E], // pine
    [0xFF, 0xA8, 0xC5], // rose
    [0x4F, 0x46, 0xC8], // indigo
    [0xC9, 0xB4, 0x7C], // sand
];

/// The colour with this number: the list first, then hues that never come quite to repeat (by the golden angle).
pub fn colour(number: usize) -> Rgb {
    SWATCHES.get(number).copied().unwrap_or_else(|| {
        let turn = (number as f64 * 0.618_033_988_749_895).fract() as f32;
        let lightness = if number.is_multiple_of(2) { 0.62 } else { 0.48 };
        from_hsl(turn, 0.72, lightness)
    })
}

/// A detection's colour: its class's, or its track's where that is asked for and it has one (the same person keeps it).
pub fn of_detection(detection: &Detection, by: ColourBy) -> Rgb {
    match detection.track_id {
        Some(id) if by == ColourBy::Track => of_track(id),
        _ => colour(detection.class_id),
    }
}

/// A track's colour.
pub fn of_track(id: u32) -> Rgb {
    // Track ids begin at 1.
    colour(id.saturating_sub(1) as usize)
}

/// The colour of a side of the body; blue and orange are told apart by the colour-blind too.
pub fn of_side(side: Side) -> Rgb {
    match side {
        Side::Left => [0x29, 0xB6, 0xFF],
        Side::Right => [0xFF, 0x9A, 0x2E],
        Side::Centre => [0xF4, 0xF6, 0xFA],
    }
}

/// Black or white, whichever is readable on this colour.
pub fn text_on(background: Rgb) -> Rgb {
    // White down to a contrast of 3:1, which WCAG 2.1 asks of bold text; beyond it, dark.
    if luminance(background) > 0.3 { INK } else { PAPER }
}

/// WCAG relative luminance, 0..=1.
pub fn luminance(rgb: Rgb) -> f32 {
    let linear = rgb.map(|v| {
        let v = f32::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

/// Hue in turns, saturation and lightness 0..=1.
fn from_hsl(hue: f32, saturation: f32, lightness: f32) -> Rgb {
    let reach = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset: f32| {
        let k = (offset + hue * 12.0) % 12.0;
        let value = lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;
    use proptest::prelude::*;

    /// The "redmean" distance of two colours, about 0..=765.
    fn difference(a: Rgb, b: Rgb) -> f32 {
        let red = (f32::from(a[0]) + f32::from(b[0])) / 2.0;
        let [r, g, b] = [0, 1, 2].map(|i| (f32::from(a[i]) - f32::from(b[i])).powi(2));
        ((2.0 + red / 256.0) * r + 4.0 * g + (2.0 + (255.0 - red) / 256.0) * b).sqrt()
    }

    #[test]
    fn colours_of_the_list_are_distinct_and_neighbours_more_so() {
        for (i, &one) in SWATCHES.iter().enumerate() {
            for (j, &other) in SWATCHES[..i].iter().enumerate() {
                let least = if i - j == 1 { 190.0 } else { 70.0 };
                assert!(difference(one, other) > least, "{j} and {i}: {}", difference(one, other));
            }
        }
    }

    #[test]
    fn a_track_has_its_own_colour_and_a_class_where_there_is_no_track() {
        let mut detection =
            Detection { class_id: 2, label: "car".into(), confidence: 0.5, bbox: BBox::new(0.0, 0.0, 1.0, 1.0), track_id: None };
        assert_eq!(of_detection(&detection, ColourBy::Track), colour(2));
        detection.track_id = Some(1);
        assert_eq!(of_detection(&detection, ColourBy::Class), colour(2));
        assert_eq!(of_detection(&detection, ColourBy::Track), colour(0));
        detection.track_id = Some(0);
        assert_eq!(of_detection(&detection, ColourBy::Track), colour(0));
    }

    #[test]
    fn hues_are_what_their_names_say() {
        assert_eq!(from_hsl(0.0, 1.0, 0.5), [255, 0, 0]);
        assert_eq!(from_hsl(1.0 / 3.0, 1.0, 0.5), [0, 255, 0]);
        assert_eq!(from_hsl(0.5, 0.0, 0.5), [128; 3]);
    }

    proptest! {
        #[test]
        fn text_can_be_read_on_every_colour(number in prop_oneof![0usize..400, any::<usize>()]) {
            let (background, text) = (luminance(colour(number)), luminance(text_on(colour(number))));
            let contrast = (background.max(text) + 0.05) / (background.min(text) + 0.05);
            prop_assert!(contrast >= 3.0, "{contrast}");
        }
    }
}
