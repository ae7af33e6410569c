//! How the drawing looks, and how large its parts are on a picture of a given size.

use crate::geometry::Size;
use crate::options::Blur;

/// What becomes of keypoints, and of bones with an end, below the style's visibility.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HiddenKeypoints {
    /// They are left out.
    #[default]
    Omit,
    /// They are drawn faintly, without an outline.
    Fade,
}

/// What a box and its label have a colour for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourBy {
    Class,
    /// Its class where it has no track.
    #[default]
    Track,
}

/// What an [`Annotator`](super::Annotator) is built with.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Keypoints of less visibility, 0..=1, are hidden.
    pub min_visibility: f32,
    pub hidden: HiddenKeypoints,
    /// Whether boxes carry their class, confidence and track.
    pub labels: bool,
    pub colour_by: ColourBy,
    /// What is hidden before anything is drawn.
    pub blur: Blur,
    /// Whether tracks draw a line behind them.
    pub trails: bool,
    /// Whether a map of where objects stood lies over the picture.
    pub heatmap: bool,
    /// Lines and text are this many times as large as usual, kept within 0.25..=4.
    pub scale: f32,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            min_visibility: 0.5,
            hidden: HiddenKeypoints::Omit,
            labels: true,
            colour_by: ColourBy::Track,
            blur: Blur::None,
            trails: true,
            heatmap: false,
            scale: 1.0,
        }
    }
}

/// The sizes of the parts, in pixels of one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// Width of a box's line.
    pub line: f32,
    /// Width of a trail's newest end.
    pub trail: f32,
    /// Width of the dark rim around lines.
    pub rim: f32,
    /// Radius of a box's corners.
    pub corner: f32,
    /// Most width of a bone.
    pub bone: f32,
    /// Most radius of a joint.
    pub joint: f32,
    /// Text size: pixels an em.
    pub text: u16,
}

impl Style {
    /// The sizes on a picture of this size. Lines grow with the diagonal; text a little slower, as it must be readable
    /// on the smallest picture and need not be any larger on the largest.
    pub fn measures(&self, size: Size) -> Measures {
        let diagonal = (size.width as f32).hypot(size.height as f32);
        let wanted = if self.scale.is_finite() { self.scale.clamp(0.25, 4.0) } else { 1.0 };
        // 1 at 1280x720, .27 at 320x240, 3 at 3840x2160.
        let relative = diagonal / 1468.6;
        let unit = relative * wanted;
        Measures {
            line: (2.5 * unit).clamp(1.75, 40.0),
            trail: (4.0 * unit).clamp(2.5, 64.0),
            rim: (1.0 * unit).clamp(0.6, 16.0),
            corner: (6.0 * unit).clamp(2.0, 96.0),
            bone: (4.0 * unit).clamp(1.5, 64.0),
            joint: (4.2 * unit).clamp(1.6, 68.0),
            text: (14.0 * relative.powf(0.85) * wanted).clamp(9.0, 200.0).round() as u16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_with_the_picture_and_never_vanish() {
        let at = |w, h| Style::default().measures(Size::new(w, h));
        assert_eq!(at(1280, 720).text, 14);
        assert_eq!(at(1280, 720), at(720, 1280));
        assert!(at(320, 240).text >= 9 && at(320, 240).line >= 1.0);
        assert!((at(3840, 2160).line / at(1280, 720).line - 3.0).abs() < 0.01);
        assert_eq!(at(0, 0), at(1, 1));
        assert!(at(u32::MAX, u32::MAX).text <= 200);
    }

    #[test]
    fn a_scale_that_is_no_number_is_none() {
        let odd = Style { scale: f32::NAN, ..Style::default() };
        assert_eq!(odd.measures(Size::new(640, 480)), Style::default().measures(Size::new(640, 480)));
    }
}
