//! Netpbm P6 pictures from a stream, as FFmpeg's `ppm` encoder writes them.

use std::io::{self, BufRead, Read};

use crate::frame::RgbFrame;
use crate::geometry::Size;

/// Longest header taken: `P6`, two sizes, `255`, white space and nothing else.
const HEADER_LIMIT: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum PpmError {
    #[error("the picture stream broke: {0}")]
    Io(#[from] io::Error),
    #[error("not a binary PPM header: {0:?}")]
    BadHeader(String),
    #[error("a picture of {}x{} is larger than allowed", .0.width, .0.height)]
    TooLarge(Size),
    #[error("the picture stream ended within a picture")]
    Incomplete,
}

/// Reads the next picture into `buffer` (its old contents are overwritten, its memory is kept); `None` at the end of the
/// stream between two pictures.
pub fn read_frame(stream: &mut impl BufRead, max_pixels: u64, mut buffer: Vec<u8>) -> Result<Option<RgbFrame>, PpmError> {
    let Some(size) = read_header(stream)? else { return Ok(None) };
    if size.pixels() == 0 || size.pixels() > max_pixels {
        return Err(PpmError::TooLarge(size));
    }
    let length = size.pixels() as usize * 3;
    buffer.clear();
    buffer.reserve_exact(length);
    // `take` + `read_to_end` fills spare capacity without zeroing it first.
    stream.take(length as u64).read_to_end(&mut buffer)?;
    RgbFrame::new(size, buffer).map(Some).map_err(|_| PpmError::Incomplete)
}

fn read_header(stream: &mut impl BufRead) -> Result<Option<Size>, PpmError> {
    let mut header = Vec::with_capacity(HEADER_LIMIT);
    let mut fields = 0;
    while fields < 4 {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return if header.is_empty() { Ok(None) } else { Err(PpmError::Incomplete) };
        }
        let ends_field = byte[0].is_ascii_whitespace() && header.last().is_some_and(|b: &u8| !b.is_ascii_whitespace());
        fields += usize::from(ends_field);
        header.push(byte[0]);
        if header.len() > HEADER_LIMIT {
            return Err(bad(&header));
        }
    }
    let text = std::str::from_utf8(&header).map_err(|_| bad(&header))?;
    let mut words = text.split_ascii_whitespace();
    let magic = words.next();
    let mut number = || words.next().and_then(|w| w.parse::<u32>().ok());
    match (magic, number(), number(), number()) {
        (Some("P6"), Some(width), Some(height), Some(255)) => Ok(Some(Size::new(width, height))),
        _ => Err(bad(&header)),
    }
}

fn bad(header: &[u8]) -> PpmError {
    PpmError::BadHeader(String::from_utf8_lossy(header).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::BufReader;

    fn read_all(bytes: &[u8], capacity: usize) -> Result<Vec<RgbFrame>, PpmError> {
        let mut stream = BufReader::with_capacity(capacity, bytes);
        let mut frames = Vec::new();
        while let Some(frame) = read_frame(&mut stream, 1000, Vec::new())? {
            frames.push(frame);
        }
        Ok(frames)
    }

    #[test]
    fn pictures_follow_each_other() {
        let frames = read_all(b"P6\n2 1\n255\nabcdefP6\n1 1\n255\n\n\n\n", 4096).unwrap();
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0].data(), b"abcdef");
        assert_eq!(frames[1].data(), b"\n\n\n", "pixels may look like white space");
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(matches!(read_all(b"P5\n2 1\n255\nab", 16), Err(PpmError::BadHeader(_))));
        assert!(matches!(read_all(b"P6\n2 1\n65535\nab", 16), Err(PpmError::BadHeader(_))));
        assert!(matches!(read_all(&[b'9'; 4096], 16), Err(PpmError::BadHeader(_))));
        assert!(matches!(read_all(b"P6\n4294967295 4294967295\n255\n", 16), Err(PpmError::TooLarge(_))));
        assert!(matches!(read_all(b"P6\n0 5\n255\n", 16), Err(PpmError::TooLarge(_))));
        assert!(matches!(read_all(b"P6\n2 1\n255\nabc", 16), Err(PpmError::Incomplete)));
        assert!(matches!(read_all(b"P6\n2 ", 16), Err(PpmError::Incomplete)));
        assert!(read_all(b"", 16).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_gives_the_same_frames(sizes in prop::collection::vec((1u32..9, 1u32..9), 0..5), capacity in 1usize..40, seed: u8) {
            let mut bytes = Vec::new();
            let mut expected = Vec::new();
            for (width, height) in sizes {
                let data: Vec<u8> = (0..width * height * 3).map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed)).collect();
                bytes.extend(format!("P6\n{width} {height}\n255\n").bytes());
                bytes.extend(&data);
                expected.push(RgbFrame::new(Size::new(width, height), data).unwrap());
            }
            prop_assert_eq!(read_all(&bytes, capacity).unwrap(), expected);
        }
    }
}
