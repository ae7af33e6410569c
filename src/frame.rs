//! One decoded picture in memory.

use crate::geometry::Size;

/// Packed 8-bit RGB, rows from top to bottom, no padding: `data.len() == width * height * 3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbFrame {
    size: Size,
    data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{got} bytes are not a {}x{} RGB picture", .size.width, .size.height)]
pub struct WrongLength {
    pub size: Size,
    pub got: usize,
}

impl RgbFrame {
    pub fn new(size: Size, data: Vec<u8>) -> Result<Self, WrongLength> {
        if data.len() as u64 == size.pixels() * 3 { Ok(Self { size, data }) } else { Err(WrongLength { size, got: data.len() }) }
    }

    pub fn filled(size: Size, rgb: [u8; 3]) -> Self {
        Self { size, data: rgb.repeat(size.pixels() as usize) }
    }

    pub fn size(&self) -> Size {
        self.size
    }

    pub fn width(&self) -> usize {
        self.size.width as usize
    }

    pub fn height(&self) -> usize {
        self.size.height as usize
    }

    pub fn data(&self) -> &[u8] {
        &self.data
    }

    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// The buffer back, to be filled with the next picture.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// Row `y`, `width * 3` bytes.
    pub fn row(&self, y: usize) -> &[u8] {
        let stride = self.width() * 3;
        &self.data[y * stride..(y + 1) * stride]
    }

    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width() + x) * 3;
        [self.data[at], self.data[at + 1], self.data[at + 2]]
    }
}

/// A frame with its place in the video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedFrame {
    /// Counted from 0 in display order.
    pub index: u64,
    /// Presentation time in microseconds of the source's clock.
    pub pts_us: i64,
    pub picture: RgbFrame,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_exactly_its_bytes() {
        assert!(RgbFrame::new(Size::new(2, 1), vec![0; 6]).is_ok());
        assert!(RgbFrame::new(Size::new(2, 1), vec![0; 5]).is_err());
        let frame = RgbFrame::filled(Size::new(2, 2), [1, 2, 3]);
        assert_eq!(frame.pixel(1, 1), [1, 2, 3]);
        assert_eq!(frame.row(1), [1, 2, 3, 1, 2, 3]);
    }
}
