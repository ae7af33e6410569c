//! Where a frame lies within a model's input.

use serde::Deserialize;

use crate::geometry::{BBox, Point, Size};

/// How a frame is put into an input of other proportions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Its proportions kept, in the middle, the rest padded.
    Centred,
    /// Its proportions kept, in the corner, the rest padded.
    TopLeft,
    /// To every edge.
    Stretched,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letterbox {
    pub frame: Size,
    pub input: Size,
    /// The size of the scaled frame within the input, at least 1×1.
    pub scaled: Size,
    pub left: u32,
    pub top: u32,
    /// Input pixels per frame pixel across and down, before `scaled` was rounded: what the references divide boxes by.
    scale: (f64, f64),
}

impl Letterbox {
    pub fn new(fit: Fit, frame: Size, input: Size) -> Self {
        match fit {
            Fit::Centred => Self::centred(frame, input),
            Fit::TopLeft => Self::top_left(frame, input),
            Fit::Stretched => Self::stretched(frame, input),
        }
    }

    /// In the middle, rounded as Ultralytics' `LetterBox(auto=False, scaleup=True, center=True)` does (ultralytics/data/augment.py).
    pub fn centred(frame: Size, input: Size) -> Self {
        let scale = smaller(frame, input);
        let side = |from: u32, to: u32| ((f64::from(from) * scale).round_ties_even() as u32).clamp(1, to.max(1));
        let scaled = Size::new(side(frame.width, input.width), side(frame.height, input.height));
        let margin = |to: u32, of: u32| (f64::from(to.saturating_sub(of)) / 2.0 - 0.1).round_ties_even().max(0.0) as u32;
        Self {
            frame,
            input,
            scaled,
            left: margin(input.width, scaled.width),
            top: margin(input.height, scaled.height),
            scale: (scale, scale),
        }
    }

    /// In the top left corner, cut down to whole pixels, as YOLOX' `preproc` does (yolox/data/data_augment.py).
    pub fn top_left(frame: Size, input: Size) -> Self {
        let scale = smaller(frame, input);
        let side = |from: u32, to: u32| ((f64::from(from) * scale) as u32).clamp(1, to.max(1));
        let scaled = Size::new(side(frame.width, input.width), side(frame.height, input.height));
        Self { frame, input, scaled, left: 0, top: 0, scale: (scale, scale) }
    }

    /// Over the whole input, as models with a fixed idea of a picture's size are fed (SSD, DETR).
    pub fn stretched(frame: Size, input: Size) -> Self {
        Self { frame, input, scaled: input, left: 0, top: 0, scale: ratios(frame, input) }
    }

    pub fn to_input(&self, p: Point) -> Point {
        let (across, down) = (self.scale.0 as f32, self.scale.1 as f32);
        Point::new(p.x * across + self.left as f32, p.y * down + self.top as f32)
    }

    pub fn to_frame(&self, p: Point) -> Point {
        let (across, down) = (self.scale.0 as f32, self.scale.1 as f32);
        Point::new((p.x - self.left as f32) / across, (p.y - self.top as f32) / down)
    }

    /// A box of the input as a box of the frame, cut at its edges; none where nothing of it lies on the frame.
    pub fn box_to_frame(&self, bbox: &BBox) -> Option<BBox> {
        let (a, b) = (self.to_frame(Point::new(bbox.x1, bbox.y1)), self.to_frame(Point::new(bbox.x2, bbox.y2)));
        let on_frame = BBox::new(a.x, a.y, b.x, b.y).clamp(self.frame);
        (on_frame.width() > 0.0 && on_frame.height() > 0.0).then_some(on_frame)
    }
}

fn smaller(frame: Size, input: Size) -> f64 {
    let (across, down) = ratios(frame, input);
    across.min(down)
}

fn ratios(frame: Size, input: Size) -> (f64, f64) {
    let ratio = |to: u32, from: u32| f64::from(to) / f64::from(from.max(1));
    (ratio(input.width, frame.width), ratio(input.height, frame.height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wide_frame_is_centred_between_bars() {
        let l = Letterbox::centred(Size::new(1280, 720), Size::new(640, 640));
        assert_eq!((l.scaled, l.left, l.top), (Size::new(640, 360), 0, 140));
        assert_eq!(l.to_frame(Point::new(320.0, 320.0)), Point::new(640.0, 360.0));
    }

    #[test]
    fn an_odd_margin_is_smaller_at_the_top() {
        // 356 × 640 into 640: 284 columns are left, 142 a side; 855 wide: 479 rows after scaling, 161 left, 80 above.
        assert_eq!(Letterbox::centred(Size::new(356, 640), Size::new(640, 640)).left, 142);
        let l = Letterbox::centred(Size::new(855, 640), Size::new(640, 640));
        assert_eq!((l.scaled.height, l.top), (479, 80));
    }

    #[test]
    fn the_other_kind_begins_in_the_corner() {
        let l = Letterbox::top_left(Size::new(1280, 720), Size::new(416, 416));
        assert_eq!((l.scaled, l.left, l.top), (Size::new(416, 234), 0, 0));
    }

    #[test]
    fn a_stretched_frame_has_no_bars() {
        let l = Letterbox::new(Fit::Stretched, Size::new(1280, 720), Size::new(300, 300));
        assert_eq!((l.scaled, l.left, l.top), (Size::new(300, 300), 0, 0));
        assert_eq!(l.to_frame(Point::new(150.0, 150.0)), Point::new(640.0, 360.0));
    }

    #[test]
    fn a_box_beside_the_frame_is_none() {
        let l = Letterbox::centred(Size::new(1280, 720), Size::new(640, 640));
        assert_eq!(l.box_to_frame(&BBox::new(0.0, 0.0, 100.0, 100.0)), None);
        assert_eq!(l.box_to_frame(&BBox::new(0.0, 0.0, 640.0, 640.0)), Some(BBox::new(0.0, 0.0, 1280.0, 720.0)));
    }

    proptest! {
        #[test]
        fn the_way_there_and_back_is_the_same_point(w in 1u32..9000, h in 1u32..9000, x in 0f32..1.0, y in 0f32..1.0) {
            let frame = Size::new(w, h);
            for (fit, input) in [(Fit::Centred, (640, 640)), (Fit::TopLeft, (416, 256)), (Fit::Stretched, (544, 320))] {
                let l = Letterbox::new(fit, frame, Size::new(input.0, input.1));
                let p = Point::new(x * w as f32, y * h as f32);
                let back = l.to_frame(l.to_input(p));
                prop_assert!(back.distance(p) <= 1e-3 * w.max(h) as f32, "{p:?} {back:?}");
                prop_assert!(l.left + l.scaled.width <= l.input.width && l.top + l.scaled.height <= l.input.height);
            }
        }
    }
}
