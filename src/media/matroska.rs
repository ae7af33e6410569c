//! Writes raw pictures with their times as a Matroska stream (RFC 9559, RFC 8794), for FFmpeg to encode.
//!
//! A raw video pipe has no clock, so an encoder behind it has to invent one. Matroska can carry uncompressed pictures
//! (`V_UNCOMPRESSED`) with a time each, needs no seeking, and costs 40 bytes a frame.

use std::io::{self, Write};

use crate::geometry::Size;
use crate::video::Rational;

/// Elements whose size is not known yet, as the segment of a live stream.
const UNKNOWN_SIZE: [u8; 8] = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

/// The head of the stream: one track of packed RGB of this size, times in microseconds.
pub fn header(size: Size, fps: Option<Rational>) -> Vec<u8> {
    let uint = |value: u64| value.to_be_bytes().to_vec();
    let ebml = [
        element(&[0x42, 0x86], &uint(1)),
        element(&[0x42, 0xf7], &uint(1)),
        element(&[0x42, 0xf2], &uint(4)),
        element(&[0x42, 0xf3], &uint(8)),
        element(&[0x42, 0x82], b"matroska"),
        element(&[0x42, 0x87], &uint(4)),
        element(&[0x42, 0x85], &uint(2)),
    ];
    let microseconds = element(&[0x2a, 0xd7, 0xb1], &uint(1000));
    let info = [microseconds, element(&[0x4d, 0x80], b"sightline"), element(&[0x57, 0x41], b"sightline")];
    let video =
        [element(&[0xb0], &uint(size.width.into())), element(&[0xba], &uint(size.height.into())), element(&[0x2e, 0xb5, 0x24], b"RGB\x18")];
    let mut track = vec![
        element(&[0xd7], &uint(1)),
        element(&[0x73, 0xc5], &uint(1)),
        element(&[0x83], &uint(1)),
        element(&[0x9c], &uint(0)),
        element(&[0x86], b"V_UNCOMPRESSED"),
    ];
    if let Some(fps) = fps.and_then(Rational::known) {
        // Tells x264's rate control what a usual step is; each frame still has a time of its own.
        track.push(element(&[0x23, 0xe3, 0x83], &uint((1e9 / fps.value()).round() as u64)));
    }
    track.push(element(&[0xe0], &video.concat()));
    let mut head = element(&[0x1a, 0x45, 0xdf, 0xa3], &ebml.concat());
    head.extend([0x18, 0x53, 0x80, 0x67]);
    head.extend(UNKNOWN_SIZE);
    head.extend(element(&[0x15, 0x49, 0xa9, 0x66], &info.concat()));
    head.extend(element(&[0x16, 0x54, 0xae, 0x6b], &element(&[0xae], &track.concat())));
    head
}

/// Writes one picture: a cluster of its own, whose timestamp is the picture's.
pub fn write_frame(stream: &mut impl Write, time_us: u64, rgb: &[u8]) -> io::Result<()> {
    // Track 1, time relative to the cluster 0, key frame.
    const BLOCK_HEAD: [u8; 4] = [0x81, 0, 0, 0x80];
    let timestamp = element(&[0xe7], &time_us.to_be_bytes());
    let block_length = BLOCK_HEAD.len() + rgb.len();
    let mut head = vec![0x1f, 0x43, 0xb6, 0x75];
    head.extend(size_field(timestamp.len() + 1 + 8 + block_length));
    head.extend(timestamp);
    head.push(0xa3);
    head.extend(size_field(block_length));
    head.extend(BLOCK_HEAD);
    stream.write_all(&head)?;
    stream.write_all(rgb)
}

fn element(id: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend(size_field(data.len()));
    bytes.extend(data);
    bytes
}

/// A length as an eight-byte variable-size integer.
fn size_field(length: usize) -> [u8; 8] {
    (length as u64 | 1 << 56).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_cluster_with_its_time() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, 33_367, b"abc").unwrap();
        let expected = [
            &[0x1f, 0x43, 0xb6, 0x75, 1, 0, 0, 0, 0, 0, 0, 33][..],
            &[0xe7, 1, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0x82, 0x57],
            &[0xa3, 1, 0, 0, 0, 0, 0, 0, 7, 0x81, 0, 0, 0x80, b'a', b'b', b'c'],
        ]
        .concat();
        assert_eq!(bytes, expected);
    }

    #[test]
    fn the_head_names_size_and_format() {
        let head = header(Size::new(641, 361), Some(Rational::new(30, 1)));
        let holds = |part: &[u8]| head.windows(part.len()).any(|w| w == part);
        assert!(head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]));
        assert!(holds(b"V_UNCOMPRESSED") && holds(b"RGB\x18") && holds(&33_333_333u64.to_be_bytes()));
        assert!(!header(Size::new(2, 2), None).windows(3).any(|w| w == [0x23, 0xe3, 0x83]));
    }
}
