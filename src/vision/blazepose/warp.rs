//! Samples a turned square of a frame into a model's input, as `ImageToTensorCalculator` does with OpenCV's `warpPerspective`.

use crate::frame::RgbFrame;
use crate::vision::blazepose::roi::Roi;

/// What lies beyond the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    Black,
    /// The nearest pixel of the frame's edge.
    Nearest,
}

/// Places are rounded to 1/32 pixel before they are mixed (`INTER_BITS` in OpenCV).
const BITS: u32 = 5;
const ONE: i64 = 1 << BITS;
/// Places are counted in 1/2^16 of those steps, so that stepping along a row does not drift.
const FINE: u32 = 16;

/// `[1, side, side, 3]` floats with bytes mapped to `low..=high`.
#[derive(Clone, Debug)]
pub struct Warp {
    side: usize,
    border: Border,
    values: Box<[f32; 256]>,
}

impl Warp {
    pub fn new(side: usize, border: Border, low: f32, high: f32) -> Self {
        let mut values = Box::new([0.0; 256]);
        values.iter_mut().zip(0..=255u8).for_each(|(value, byte)| *value = low + f32::from(byte) * ((high - low) / 255.0));
        Self { side, border, values }
    }

    /// Fills the tensor; an empty frame leaves it as it is.
    pub fn write(&self, frame: &RgbFrame, roi: &Roi, tensor: &mut [f32]) {
        let (width, height) = (frame.width() as i64, frame.height() as i64);
        let (pixels, _) = frame.data().as_chunks::<3>();
        if pixels.is_empty() {
            return;
        }
        // The corner of the input lies on the corner of the square: samples are taken at whole numbers, not at the middles of pixels.
        let (sin, cos) = f64::from(roi.rotation).sin_cos();
        let step = f64::from(roi.side) / self.side as f64;
        let half = f64::from(roi.side) / 2.0;
        let (left, top) = (f64::from(roi.center.x) - cos * half + sin * half, f64::from(roi.center.y) - sin * half - cos * half);
        let fixed = |pixels: f64| (pixels.clamp(-1e7, 1e7) * (ONE << FINE) as f64) as i64;
        let (across_x, across_y) = (fixed(cos * step), fixed(sin * step));

        let (samples, _) = tensor.as_chunks_mut::<3>();
        for (row, line) in samples.chunks_exact_mut(self.side).take(self.side).enumerate() {
            let row = row as f64;
            let (mut x, mut y) = (fixed(left - sin * step * row), fixed(top + cos * step * row));
            for sample in line {
                let rounded = |place: i64| (place + (1 << (FINE - 1))) >> FINE;
                let (at_x, at_y) = (rounded(x), rounded(y));
                x += across_x;
                y += across_y;
                let (px, py) = (at_x >> BITS, at_y >> BITS);
                let (wx, wy) = ((at_x & (ONE - 1)) as i32, (at_y & (ONE - 1)) as i32);
                let inside = (0..width - 1).contains(&px) && (0..height - 1).contains(&py);
                let [a, b, c, d] = if inside {
                    let at = (py * width + px) as usize;
                    let below = at + width as usize;
                    [pixels[at], pixels[at + 1], pixels[below], pixels[below + 1]]
                } else {
                    [(px, py), (px + 1, py), (px, py + 1), (px + 1, py + 1)].map(|(x, y)| self.pixel(pixels, width, height, x, y))
                };
                for channel in 0..3 {
                    let mix = |a: [u8; 3], b: [u8; 3]| i32::from(a[channel]) * (32 - wx) + i32::from(b[channel]) * wx;
                    let sum = mix(a, b) * (32 - wy) + mix(c, d) * wy;
                    sample[channel] = self.values[((sum + 512) >> 10) as usize & 255];
                }
            }
        }
    }

    fn pixel(&self, pixels: &[[u8; 3]], width: i64, height: i64, x: i64, y: i64) -> [u8; 3] {
        let beyond = !(0..width).contains(&x) || !(0..height).contains(&y);
        if beyond && self.border == Border::Black {
            return [0; 3];
        }
        pixels[(y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Point, Size};

    fn frame() -> RgbFrame {
        // 2 × 2: red grows to the right, green downwards.
        RgbFrame::new(Size::new(2, 2), vec![0, 0, 9, 100, 0, 9, 0, 100, 9, 100, 100, 9]).unwrap()
    }

    fn roi(rotation: f32) -> Roi {
        Roi { center: Point::new(1.0, 1.0), side: 2.0, rotation }
    }

    #[test]
    fn an_unturned_square_of_the_same_size_is_the_frame() {
        let mut tensor = [0.0; 12];
        Warp::new(2, Border::Nearest, 0.0, 255.0).write(&frame(), &roi(0.0), &mut tensor);
        assert_eq!(tensor, [0.0, 0.0, 9.0, 100.0, 0.0, 9.0, 0.0, 100.0, 9.0, 100.0, 100.0, 9.0]);
    }

    #[test]
    fn a_quarter_turn_reads_down_the_frame() {
        let mut tensor = [0.0; 12];
        Warp::new(2, Border::Nearest, 0.0, 255.0).write(&frame(), &roi(std::f32::consts::FRAC_PI_2), &mut tensor);
        // The first row goes down the right edge, x = 2, which is beyond the last pixel and read as it.
        assert_eq!(tensor[..6], [100.0, 0.0, 9.0, 100.0, 100.0, 9.0]);
    }

    #[test]
    fn beyond_the_frame_is_black_or_the_edge() {
        let far = Roi { center: Point::new(50.0, 50.0), side: 4.0, rotation: 0.3 };
        let mut tensor = [0.0; 12];
        Warp::new(2, Border::Black, -1.0, 1.0).write(&frame(), &far, &mut tensor);
        assert_eq!(tensor, [-1.0; 12]);
        Warp::new(2, Border::Nearest, 0.0, 255.0).write(&frame(), &far, &mut tensor);
        assert_eq!(tensor[..3], [100.0, 100.0, 9.0]);
    }

    #[test]
    fn frames_and_squares_of_any_size_are_sampled() {
        for (w, h) in [(1, 1), (2, 2), (8000, 2), (1, 300)] {
            let frame = RgbFrame::filled(Size::new(w, h), [50, 50, 50]);
            for roi in [Roi::whole(frame.size()), Roi { side: 1e6, ..roi(3.0) }, Roi { side: f32::NAN, ..roi(f32::NAN) }] {
                let mut tensor = vec![f32::NAN; 16 * 16 * 3];
                Warp::new(16, Border::Nearest, 0.0, 1.0).write(&frame, &roi, &mut tensor);
                assert!(tensor.iter().all(|v| (v - 50.0 / 255.0).abs() < 1e-6), "{w}x{h}");
            }
        }
    }
}
