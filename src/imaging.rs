//! Pictures for the wire. The only room that knows an image codec.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use jpeg_encoder::{ColorType, Encoder};

use crate::frame::RgbFrame;
use crate::geometry::Size;

/// A JPEG header has 16 bits for each side.
const LONGEST_SIDE: u32 = 65_535;

#[derive(Debug, thiserror::Error)]
pub enum ImagingError {
    #[error("a picture of {}x{} pixels has nothing to show", .0.width, .0.height)]
    Empty(Size),
    #[error("a picture of {}x{} pixels is too large: a side may have {LONGEST_SIDE} pixels", .0.width, .0.height)]
    TooLarge(Size),
    #[error("scaling failed: {0}")]
    Scale(#[from] fast_image_resize::ResizeError),
    #[error("encoding failed: {0}")]
    Encode(#[from] jpeg_encoder::EncodingError),
    #[error("encoding failed: {0}")]
    Png(#[from] png::EncodingError),
}

/// Makes previews. Keep one for a video: it holds the buffers that scaling needs.
#[derive(Default)]
pub struct PreviewEncoder {
    resizer: Resizer,
    /// The scaled picture, packed RGB.
    small: Vec<u8>,
}

impl PreviewEncoder {
    pub fn new() -> Self {
        Self::default()
    }

    /// The frame as a JPEG (4:2:0 below quality 90), at most `max_width` pixels wide (0 counts as 1). It is never
    /// enlarged, keeps its aspect, and is at least 1x1. `quality` is 1..=100; what lies beyond is taken as the nearest.
    ///
    /// # Errors
    /// [`ImagingError::Empty`] for a frame without pixels, [`ImagingError::TooLarge`] for one with a side of more than
    /// 65535 pixels.
    pub fn encode(&mut self, frame: &RgbFrame, max_width: u32, quality: u8) -> Result<Vec<u8>, ImagingError> {
        let size = frame.size();
        if size.pixels() == 0 {
            return Err(ImagingError::Empty(size));
        }
        if size.width.max(size.height) > LONGEST_SIDE {
            return Err(ImagingError::TooLarge(size));
        }
        let target = preview_size(size, max_width);
        let pixels = if target == size { frame.data() } else { self.scaled(frame, target)? };
        // Previews of photographs take about an eighth of a byte a pixel and more.
        let mut jpeg = Vec::with_capacity(target.pixels() as usize / 4 + 1024);
        // Both sides are at most LONGEST_SIDE.
        let (width, height) = (target.width as u16, target.height as u16);
        Encoder::new(&mut jpeg, quality.clamp(1, 100)).encode(pixels, width, height, ColorType::Rgb)?;
        Ok(jpeg)
    }

    /// The frame at another size, both sides of which are at least 1.
    ///
    /// # Errors
    /// [`ImagingError::Empty`] for a frame without pixels.
    pub fn resized(&mut self, frame: &RgbFrame, target: Size) -> Result<RgbFrame, ImagingError> {
        let pixels = self.scaled(frame, target)?.to_vec();
        RgbFrame::new(target, pixels).map_err(|_| ImagingError::Empty(frame.size()))
    }

    /// The frame's pixels at a smaller size; every source pixel counts, so nothing flickers or shows moiré.
    fn scaled(&mut self, frame: &RgbFrame, target: Size) -> Result<&[u8], ImagingError> {
        let size = frame.size();
        self.small.resize(target.pixels() as usize * 3, 0);
        // Neither can fail: the buffers have these sizes, and a pixel of three bytes needs no alignment.
        let (Ok(source), Ok(mut small)) = (
            TypedImageRef::<U8x3>::from_buffer(size.width, size.height, frame.data()),
            TypedImage::<U8x3>::from_buffer(target.width, target.height, &mut self.small),
        ) else {
            return Err(ImagingError::Empty(size));
        };
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Hamming));
        self.resizer.resize_typed(&source, &mut small, &options)?;
        Ok(&self.small)
    }
}

/// One preview; see [`PreviewEncoder::encode`], which is cheaper for many.
///
/// # Errors
/// As [`PreviewEncoder::encode`].
pub fn preview_jpeg(frame: &RgbFrame, max_width: u32, quality: u8) -> Result<Vec<u8>, ImagingError> {
    PreviewEncoder::new().encode(frame, max_width, quality)
}

/// The frame as a PNG.
///
/// # Errors
/// [`ImagingError::Png`] for a frame without pixels.
pub fn png(frame: &RgbFrame) -> Result<Vec<u8>, ImagingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, frame.size().width, frame.size().height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(frame.data())?;
    Ok(bytes)
}

/// The size of a preview: at most `max_width` wide, the aspect kept as well as whole pixels can, at least 1x1.
fn preview_size(size: Size, max_width: u32) -> Size {
    let max_width = max_width.max(1);
    if size.width <= max_width {
        return size;
    }
    let (width, height) = (u64::from(size.width), u64::from(size.height));
    let scaled = (height * u64::from(max_width) + width / 2) / width;
    // It is below `size.height`, so it fits.
    Size::new(max_width, (scaled as u32).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The size in a JPEG's start-of-frame segment.
    fn size_of(jpeg: &[u8]) -> Size {
        assert_eq!(jpeg[..2], [0xFF, 0xD8], "starts with SOI");
        assert_eq!(jpeg[jpeg.len() - 2..], [0xFF, 0xD9], "ends with EOI");
        let mut at = 2;
        loop {
            let (marker, length) = (jpeg[at + 1], usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]])));
            if (0xC0..=0xC2).contains(&marker) {
                let side = |i: usize| u32::from(u16::from_be_bytes([jpeg[at + i], jpeg[at + i + 1]]));
                return Size::new(side(7), side(5));
            }
            at += 2 + length;
        }
    }

    fn preview(width: u32, height: u32, max_width: u32) -> Size {
        size_of(&preview_jpeg(&RgbFrame::filled(Size::new(width, height), [90, 120, 30]), max_width, 75).unwrap())
    }

    #[test]
    fn a_preview_is_as_wide_as_allowed_and_never_enlarged() {
        assert_eq!(preview(1280, 720, 640), Size::new(640, 360));
        assert_eq!(preview(641, 479, 640), Size::new(640, 478));
        assert_eq!(preview(320, 240, 640), Size::new(320, 240));
        assert_eq!(preview(1, 1, 640), Size::new(1, 1));
        assert_eq!(preview(9, 9, 0), Size::new(1, 1));
        assert_eq!(preview(356, 640, u32::MAX), Size::new(356, 640));
    }

    #[test]
    fn extreme_shapes_keep_a_pixel() {
        assert_eq!(preview(65_535, 1, 640), Size::new(640, 1));
        assert_eq!(preview(1, 65_535, 640), Size::new(1, 65_535));
        assert_eq!(preview(20_000, 3, 16), Size::new(16, 1));
    }

    #[test]
    fn what_a_jpeg_cannot_be_is_an_error() {
        let of = |width, height| preview_jpeg(&RgbFrame::filled(Size::new(width, height), [0; 3]), 640, 75);
        assert!(matches!(of(65_536, 1), Err(ImagingError::TooLarge(_))));
        assert!(matches!(of(1, 65_536), Err(ImagingError::TooLarge(_))));
        assert!(matches!(of(0, 0), Err(ImagingError::Empty(_))));
        assert!(matches!(of(0, 7), Err(ImagingError::Empty(_))));
    }

    #[test]
    fn fine_stripes_become_their_mean_and_not_a_pattern() {
        let mut frame = RgbFrame::filled(Size::new(1200, 4), [0; 3]);
        for (i, pixel) in frame.data_mut().chunks_exact_mut(3).enumerate() {
            pixel.fill(if i % 2 == 0 { 0 } else { 255 });
        }
        let mut encoder = PreviewEncoder::new();
        let small = encoder.scaled(&frame, Size::new(300, 1)).unwrap();
        assert!(small[6..small.len() - 6].iter().all(|&v| v.abs_diff(128) <= 3), "{:?}", &small[..30]);
    }

    #[test]
    fn one_encoder_serves_frames_of_many_sizes() {
        let mut encoder = PreviewEncoder::new();
        for (width, height) in [(1280, 720), (64, 48), (1920, 1080), (700, 500)] {
            let frame = RgbFrame::filled(Size::new(width, height), [200, 10, 10]);
            assert_eq!(encoder.encode(&frame, 640, 80).unwrap(), preview_jpeg(&frame, 640, 80).unwrap());
        }
    }

    #[test]
    fn quality_costs_bytes_and_has_no_wrong_value() {
        let mut frame = RgbFrame::filled(Size::new(64, 64), [0; 3]);
        frame.data_mut().iter_mut().enumerate().for_each(|(i, v)| *v = (i * i % 251) as u8);
        let bytes = |quality| preview_jpeg(&frame, 64, quality).unwrap().len();
        assert!(bytes(20) < bytes(80));
        assert_eq!((bytes(0), bytes(255)), (bytes(1), bytes(100)));
    }

    proptest! {
        #[test]
        fn a_preview_keeps_its_bounds(width in 1u32..=65_535, height in 1u32..=65_535, max_width in any::<u32>()) {
            let size = preview_size(Size::new(width, height), max_width);
            prop_assert!(size.width >= 1 && size.height >= 1 && size.width <= width && size.height <= height);
            prop_assert!(size.width <= max_width.max(1));
        }
    }
}
