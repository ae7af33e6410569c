//! Scales a frame straight into a model's input, without a picture in between.

use crate::frame::RgbFrame;
use crate::geometry::Size;
use crate::vision::feed::{Colours, Feed, Order};
use crate::vision::letterbox::Letterbox;

/// Weights are in 1/2048, as in OpenCV's `resize` with `INTER_LINEAR` (imgproc/resize.cpp), whose results the detectors were trained on.
const BITS: u32 = 11;
const ONE: i32 = 1 << BITS;

/// The samples left and right (or above and below) of a place, and how much of the second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tap {
    first: usize,
    second: usize,
    weight: i32,
}

/// The tables of one letterbox: they stay the same as long as the frame's size does.
#[derive(Clone, Debug)]
pub struct Resampler {
    letterbox: Letterbox,
    columns: Vec<Tap>,
    rows: Vec<Tap>,
    /// What each byte becomes in the model's first, second and third channel.
    values: Box<[[f32; 256]; 3]>,
    padding: u8,
    order: Order,
    blue_first: bool,
}

impl Resampler {
    pub fn new(feed: &Feed, frame: Size) -> Self {
        let letterbox = Letterbox::new(feed.fit, frame, feed.size);
        let columns = taps(frame.width as usize, letterbox.scaled.width as usize);
        let rows = taps(frame.height as usize, letterbox.scaled.height as usize);
        let mut values = Box::new([[0.0; 256]; 3]);
        for (channel, table) in values.iter_mut().enumerate() {
            let (mean, scale) = (feed.mean[channel], feed.scale[channel]);
            table.iter_mut().zip(0..=255u8).for_each(|(value, byte)| *value = (f32::from(byte) - mean) / scale);
        }
        let (padding, order, blue_first) = (feed.padding, feed.order, feed.colours == Colours::Bgr);
        Self { letterbox, columns, rows, values, padding, order, blue_first }
    }

    pub fn letterbox(&self) -> &Letterbox {
        &self.letterbox
    }

    /// Fills the floats of a model's input. A frame or tensor of another size than the letterbox's is left alone.
    pub fn write(&self, frame: &RgbFrame, tensor: &mut [f32]) {
        let (width, height) = (self.letterbox.input.width as usize, self.letterbox.input.height as usize);
        if frame.size() != self.letterbox.frame || frame.size().pixels() == 0 || tensor.len() != 3 * width * height {
            return;
        }
        match self.order {
            Order::Nchw => {
                let (first, rest) = tensor.split_at_mut(width * height);
                let (second, third) = rest.split_at_mut(width * height);
                let mut planes = [first, second, third];
                for y in 0..height {
                    self.line(frame, y, planes.each_mut().map(|plane| &mut plane[y * width..(y + 1) * width]));
                }
            }
            Order::Nhwc => {
                let mut lines = [const { Vec::new() }; 3];
                lines.iter_mut().for_each(|line| line.resize(width, 0.0));
                for (y, pixels) in tensor.as_chunks_mut::<3>().0.chunks_exact_mut(width.max(1)).enumerate() {
                    self.line(frame, y, lines.each_mut().map(Vec::as_mut_slice));
                    for (x, pixel) in pixels.iter_mut().enumerate() {
                        *pixel = [lines[0][x], lines[1][x], lines[2][x]];
                    }
                }
            }
        }
    }

    /// One row of the input, in the order of the model's channels.
    fn line(&self, frame: &RgbFrame, y: usize, mut lines: [&mut [f32]; 3]) {
        let (left, top) = (self.letterbox.left as usize, self.letterbox.top as usize);
        let right = left + self.columns.len();
        let row = y.checked_sub(top).and_then(|y| self.rows.get(y));
        for (line, values) in lines.iter_mut().zip(self.values.iter()) {
            let padding = values[usize::from(self.padding)];
            match row {
                Some(_) => {
                    line[..left].fill(padding);
                    line[right..].fill(padding);
                }
                None => line.fill(padding),
            }
        }
        let Some(row) = row else { return };
        let [first, second, third] = lines.map(|line| &mut line[left..right]);
        let lines = if self.blue_first { [third, second, first] } else { [first, second, third] };
        self.mix(frame.row(row.first), frame.row(row.second), row.weight, lines);
    }

    /// One line of red, of green and of blue from two rows of the frame.
    fn mix(&self, above: &[u8], below: &[u8], weight: i32, lines: [&mut [f32]; 3]) {
        let (above, below) = (above.as_chunks::<3>().0, below.as_chunks::<3>().0);
        let [red, green, blue] = lines;
        let [first, second, third] = &*self.values;
        let tables = if self.blue_first { [third, second, first] } else { [first, second, third] };
        let outputs = red.iter_mut().zip(green.iter_mut()).zip(blue.iter_mut());
        let weights = (ONE - weight, weight);
        for (column, ((red, green), blue)) in self.columns.iter().zip(outputs) {
            let (a, b) = (above[column.first], above[column.second]);
            let (c, d) = (below[column.first], below[column.second]);
            let mix = |a: u8, b: u8, c: u8, d: u8| {
                let across = |a: u8, b: u8| i32::from(a) * (ONE - column.weight) + i32::from(b) * column.weight;
                let sum = across(a, b) * weights.0 + across(c, d) * weights.1;
                ((sum + (1 << (2 * BITS - 1))) >> (2 * BITS)) as usize & 255
            };
            *red = tables[0][mix(a[0], b[0], c[0], d[0])];
            *green = tables[1][mix(a[1], b[1], c[1], d[1])];
            *blue = tables[2][mix(a[2], b[2], c[2], d[2])];
        }
    }
}

fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f64 / to.max(1) as f64;
    let last = from.saturating_sub(1);
    let tap = |place: usize| {
        let at = ((place as f64 + 0.5) * scale - 0.5).max(0.0);
        let first = (at as usize).min(last);
        let weight = if first == last { 0 } else { ((at - first as f64) * f64::from(ONE)).round_ties_even() as i32 };
        Tap { first, second: (first + 1).min(last), weight }
    };
    (0..to).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::letterbox::Fit;

    fn plain(width: u32, height: u32) -> Feed {
        Feed { fit: Fit::Centred, padding: 114, ..Feed::plain_bgr(Size::new(width, height), Order::Nchw) }
    }

    #[test]
    fn halving_takes_the_mean_of_four() {
        let frame = RgbFrame::new(Size::new(2, 2), vec![10, 0, 255, 20, 0, 255, 30, 0, 255, 41, 0, 255]).unwrap();
        let mut tensor = [0.0; 3];
        Resampler::new(&plain(1, 1), frame.size()).write(&frame, &mut tensor);
        assert_eq!(tensor, [255.0, 0.0, 25.0]);
    }

    #[test]
    fn bars_are_grey_and_the_picture_is_between() {
        let frame = RgbFrame::filled(Size::new(4, 2), [255, 0, 51]);
        let mut tensor = vec![-1.0; 3 * 16];
        Resampler::new(&Feed::unit_rgb(Size::new(4, 4), Order::Nchw), frame.size()).write(&frame, &mut tensor);
        let grey = 114.0 / 255.0;
        assert_eq!(tensor[..4], [grey; 4]);
        assert_eq!(tensor[4..12], [1.0; 8]);
        assert_eq!(tensor[12..16], [grey; 4]);
        assert_eq!(tensor[32 + 4], 0.2);
    }

    #[test]
    fn pixel_by_pixel_with_a_mean_and_scale_of_each_channel() {
        let frame = RgbFrame::filled(Size::new(2, 1), [255, 0, 51]);
        let (mean, scale) = ([1.0, 0.0, 55.0], [1.0, 2.0, 4.0]);
        let feed = Feed { order: Order::Nhwc, mean, scale, fit: Fit::TopLeft, padding: 9, ..plain(2, 2) };
        let mut tensor = [0.0; 12];
        Resampler::new(&feed, frame.size()).write(&frame, &mut tensor);
        assert_eq!(tensor, [50.0, 0.0, 50.0, 50.0, 0.0, 50.0, 8.0, 4.5, -11.5, 8.0, 4.5, -11.5]);
    }

    #[test]
    fn samples_lie_between_their_neighbours() {
        assert_eq!(taps(4, 2), [Tap { first: 0, second: 1, weight: 1024 }, Tap { first: 2, second: 3, weight: 1024 }]);
        assert_eq!(taps(1, 3), [Tap { first: 0, second: 0, weight: 0 }; 3]);
        assert_eq!(taps(2, 4)[1], Tap { first: 0, second: 1, weight: 512 });
        assert_eq!(taps(2, 4)[3], Tap { first: 1, second: 1, weight: 0 });
    }

    #[test]
    fn frames_of_any_shape_are_written() {
        for (w, h) in [(1, 1), (2, 2), (8000, 2), (2, 8000), (641, 639)] {
            let frame = RgbFrame::filled(Size::new(w, h), [7, 7, 7]);
            for order in [Order::Nchw, Order::Nhwc] {
                let mut tensor = vec![f32::NAN; 3 * 64 * 64];
                Resampler::new(&Feed { order, ..plain(64, 64) }, frame.size()).write(&frame, &mut tensor);
                assert!(tensor.iter().all(|v| *v == 7.0 || *v == 114.0), "{w}x{h}");
                assert!(tensor.contains(&7.0));
            }
        }
    }
}
