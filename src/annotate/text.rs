//! Text in the font that the binary carries (DejaVu Sans Bold: Latin, Greek, Cyrillic).

use std::borrow::Cow;
use std::collections::HashMap;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, point};

use super::canvas::{Canvas, Ink};
use crate::geometry::Point;

static FONT: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans-Bold-subset.ttf");

/// Positions within a pixel that a glyph is rasterised at: text with whole-pixel steps has ragged gaps.
const STEPS: f32 = 4.0;
/// A label's text comes from a model's file: whatever it holds, the cache stays small (about 1 MB at 40 px).
const MOST_GLYPHS: usize = 1024;

/// The font with the glyphs it has rasterised so far.
pub struct Typeface {
    font: FontRef<'static>,
    units_per_em: f32,
    glyphs: HashMap<GlyphKey, Stencil>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct GlyphKey {
    id: GlyphId,
    size: u16,
    step: u8,
}

/// A glyph's coverage, placed relative to the pixel of its origin on the baseline.
struct Stencil {
    left: i32,
    top: i32,
    width: usize,
    coverage: Vec<u8>,
}

impl Default for Typeface {
    fn default() -> Self {
        Self::new()
    }
}

impl Typeface {
    /// The carried font, nothing rasterised yet.
    pub fn new() -> Self {
        // Cannot fail: the bytes are a part of the binary, and every test of this file reads them.
        #[expect(clippy::expect_used, reason = "the font is part of the binary, and a test reads it")]
        let font = FontRef::try_from_slice(FONT).expect("the font in the binary is a font");
        let units_per_em = font.units_per_em().unwrap_or(2048.0);
        Self { font, units_per_em, glyphs: HashMap::new() }
    }

    /// Pixels from the baseline to the top of a capital at `size` pixels an em.
    pub fn cap_height(&self, size: u16) -> f32 {
        // Measured on the letter H: 1493 of 2048 units.
        0.729 * f32::from(size)
    }

    /// How far the text reaches to the right, in pixels.
    pub fn width(&self, text: &str, size: u16) -> f32 {
        self.placed(text, size).last().map_or(0.0, |(_, _, end)| end)
    }

    /// Draws one line of text from `origin`, the left end of its baseline; a control character is a space.
    /// Returns where the text ends, in pixels to the right of `origin`.
    pub fn draw(&mut self, canvas: &mut Canvas, text: &str, origin: Point, size: u16, ink: Ink) -> f32 {
        if !(origin.x.abs() < 1e6 && origin.y.abs() < 1e6) {
            return 0.0;
        }
        if self.glyphs.len() > MOST_GLYPHS {
            self.glyphs.clear();
        }
        let baseline = origin.y.round() as i32;
        let mut end = 0.0;
        let placed: Vec<_> = self.placed(text, size).collect();
        for (id, start, after) in placed {
            let quarters = ((origin.x + start) * STEPS).round();
            let (whole, step) = ((quarters / STEPS).floor(), quarters.rem_euclid(STEPS));
            let stencil = self.stencil(GlyphKey { id, size, step: step as u8 });
            canvas.stencil(whole as i32 + stencil.left, baseline + stencil.top, stencil.width, &stencil.coverage, ink);
            end = after;
        }
        end
    }

    /// The text, or as much of its beginning as fits into `room` pixels with an ellipsis; empty where not even that fits.
    pub fn fitted<'t>(&self, text: &'t str, size: u16, room: f32) -> Cow<'t, str> {
        if self.width(text, size) <= room {
            return Cow::Borrowed(text);
        }
        let room = room - self.width("…", size);
        if room.is_nan() || room < 0.0 {
            return Cow::Borrowed("");
        }
        let kept = self.placed(text, size).take_while(|&(_, _, end)| end <= room).count();
        let beginning: String = text.chars().take(kept).collect();
        Cow::Owned(format!("{}…", beginning.trim_end()))
    }

    /// Each character's glyph with its start and end in pixels, kerned.
    fn placed(&self, text: &str, size: u16) -> impl Iterator<Item = (GlyphId, f32, f32)> {
        let per_unit = f32::from(size) / self.units_per_em;
        let (mut x, mut before) = (0.0, None);
        text.chars().map(move |c| {
            let id = self.font.glyph_id(if c.is_control() { ' ' } else { c });
            let kern = before.map_or(0.0, |b| self.font.kern_unscaled(b, id));
            let start = x + kern * per_unit;
            x = start + self.font.h_advance_unscaled(id) * per_unit;
            before = Some(id);
            (id, start, x)
        })
    }

    fn stencil(&mut self, key: GlyphKey) -> &Stencil {
        let Self { font, units_per_em, glyphs } = self;
        glyphs.entry(key).or_insert_with(|| {
            // ab_glyph's scale is the height from descent to ascent, not the em.
            let scale = PxScale::from(f32::from(key.size) * font.height_unscaled() / *units_per_em);
            let glyph = key.id.with_scale_and_position(scale, point(f32::from(key.step) / STEPS, 0.0));
            let Some(outline) = font.outline_glyph(glyph) else { return Stencil { left: 0, top: 0, width: 0, coverage: Vec::new() } };
            let bounds = outline.px_bounds();
            let (width, height) = (bounds.width() as usize, bounds.height() as usize);
            let mut coverage = vec![0; width * height];
            outline.draw(|x, y, covered| {
                if let Some(pixel) = coverage.get_mut(y as usize * width + x as usize) {
                    *pixel = (covered.clamp(0.0, 1.0) * 255.0).round() as u8;
                }
            });
            Stencil { left: bounds.min.x as i32, top: bounds.min.y as i32, width, coverage }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::RgbFrame;
    use crate::geometry::{BBox, Size};
    use proptest::prelude::*;

    /// The box around the pixels that are not black.
    fn inked(frame: &RgbFrame) -> Option<BBox> {
        let lit = (0..frame.height()).flat_map(|y| (0..frame.width()).map(move |x| (x, y))).filter(|&(x, y)| frame.pixel(x, y)[0] > 100);
        lit.map(|(x, y)| BBox::new(x as f32, y as f32, x as f32 + 1.0, y as f32 + 1.0)).reduce(|a, b| BBox {
            x1: a.x1.min(b.x1),
            y1: a.y1.min(b.y1),
            x2: a.x2.max(b.x2),
            y2: a.y2.max(b.y2),
        })
    }

    fn written(text: &str, origin: Point, size: u16) -> RgbFrame {
        let mut frame = RgbFrame::filled(Size::new(120, 60), [0; 3]);
        Typeface::new().draw(&mut Canvas::new(&mut frame), text, origin, size, Ink::opaque([255; 3]));
        frame
    }

    #[test]
    fn a_capital_stands_on_the_baseline_and_has_its_height() {
        let box_of_h = inked(&written("H", Point::new(10.0, 50.0), 40)).unwrap();
        assert_eq!(box_of_h.y2, 50.0);
        assert!((box_of_h.height() - Typeface::new().cap_height(40)).abs() <= 1.0, "{box_of_h:?}");
        assert!(box_of_h.x1 >= 10.0 && box_of_h.x2 < 10.0 + Typeface::new().width("H", 40));
    }

    #[test]
    fn every_alphabet_of_the_subset_has_glyphs() {
        let font = Typeface::new();
        let missing = font.font.glyph_id('\u{10FFFF}');
        for c in "person 91% #3 Fußgänger piéton pieszy Αθήνα Человек ≥ × ° µ · … – €".chars() {
            assert_ne!(font.font.glyph_id(c), missing, "{c}");
        }
    }

    #[test]
    fn text_that_is_too_long_ends_with_an_ellipsis() {
        let font = Typeface::new();
        assert_eq!(font.fitted("person", 14, 1000.0), "person");
        assert_eq!(font.fitted("person", 14, 3.0), "");
        assert_eq!(font.fitted("person", 14, f32::NAN), "");
        let cut = font.fitted("a rather long name", 14, 60.0);
        assert!(cut.ends_with('…') && cut.len() > 5 && font.width(&cut, 14) <= 60.0, "{cut}");
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut frame = RgbFrame::filled(Size::new(8, 8), [0; 3]);
        let mut font = Typeface::new();
        for size in 9..200 {
            font.draw(&mut Canvas::new(&mut frame), "abcdefghijklmnopqrstuvwxyz", Point::new(0.0, 8.0), size, Ink::opaque([255; 3]));
            assert!(font.glyphs.len() <= MOST_GLYPHS + 26);
        }
    }

    proptest! {
        #[test]
        fn no_text_anywhere_panics(text in ".{0,12}", x in prop_oneof![-300.0f32..300.0, any::<f32>()], y in prop_oneof![-300.0f32..300.0, any::<f32>()], size in 0u16..60) {
            written(&text, Point::new(x, y), size);
        }
    }
}
