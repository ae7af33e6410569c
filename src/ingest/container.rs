//! Tells a container from its first bytes, and from its outline whether its end is missing. Names and content types are
//! never believed.

use super::boxes::{Met, TopBoxes};
use crate::video::Demuxer;

/// Bytes after which every container that is read here is known.
pub const ENOUGH: usize = 4 * 192;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniff {
    Known(Demuxer),
    /// Not a container that is read here.
    Unknown,
    /// More bytes could tell.
    Undecided,
}

/// Decides from the first bytes; `whole` says that the file has no more than these.
pub fn sniff(head: &[u8], whole: bool) -> Sniff {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    const BOXES: [&[u8]; 10] = [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"uuid"];
    if BOXES.iter().any(|kind| at(4, kind)) {
        return Sniff::Known(Demuxer::Mov);
    }
    if at(0, b"RIFF") && at(8, b"AVI ") {
        return Sniff::Known(Demuxer::Avi);
    }
    let magics: [(&[u8], Demuxer); 7] = [
        (b"\x1a\x45\xdf\xa3", Demuxer::Matroska),
        (b"FLV\x01", Demuxer::Flv),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Demuxer::Asf),
        (b"OggS", Demuxer::Ogg),
        (b"YUV4MPEG2", Demuxer::Yuv4Mpeg),
        (b"\x00\x00\x01\xba", Demuxer::Mpeg),
        (b"\x00\x00\x01\xb3", Demuxer::Mpeg),
    ];
    if let Some((_, demuxer)) = magics.into_iter().find(|(magic, _)| head.starts_with(magic)) {
        return Sniff::Known(demuxer);
    }
    // Transport streams have a sync byte a packet: of 188 bytes, or 192 with a time in front (M2TS).
    let synced = |first: usize, step: usize| {
        let marks = (0..4).map(|i| head.get(first + i * step));
        marks.clone().flatten().all(|b| *b == 0x47) && marks.flatten().count() >= if whole { 2 } else { 4 }
    };
    if synced(0, 188) || synced(4, 192) {
        return Sniff::Known(Demuxer::MpegTs);
    }
    if whole || head.len() >= ENOUGH { Sniff::Unknown } else { Sniff::Undecided }
}

/// Whether the container says that it is longer than `length`: bytes at its end are missing.
/// `read` gives the bytes at an offset, as many as are there, 16 at most.
pub fn is_cut_short(demuxer: Demuxer, length: u64, mut read: impl FnMut(u64) -> ([u8; 16], usize)) -> bool {
    match demuxer {
        Demuxer::Mov => TopBoxes::new(read).any(|met| matches!(met, Met::Box(b) if b.end.is_some_and(|end| end > length))),
        Demuxer::Avi => {
            let (head, there) = read(0);
            // The size of a RIFF list counts from after itself; writers that stream leave 0 or the largest number.
            let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
            there >= 8 && size != 0 && size < 0x7fff_ffff && u64::from(size) + 8 > length
        }
        Demuxer::Matroska => segment_end(read).is_some_and(|end| end > length),
        _ => false,
    }
}

/// Where a Matroska file's segment ends, where it says so (RFC 8794, 4 and 6).
fn segment_end(mut read: impl FnMut(u64) -> ([u8; 16], usize)) -> Option<u64> {
    let (head, there) = read(0);
    let (size, width) = vint(head.get(4..there)?)?;
    let segment = 4 + width as u64 + size?;
    let (head, there) = read(segment);
    let head = head.get(..there)?;
    if !head.starts_with(&[0x18, 0x53, 0x80, 0x67]) {
        return None;
    }
    let (size, width) = vint(&head[4..])?;
    segment.checked_add(4 + width as u64)?.checked_add(size?)
}

/// A variable-size integer and its width in bytes; the value is none where it stands for "unknown".
fn vint(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let first = *bytes.first()?;
    let width = first.leading_zeros() as usize + 1;
    let field = bytes.get(..width).filter(|_| width <= 8)?;
    let raw = field.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let mask = (1u64 << (7 * width)) - 1;
    let value = raw & mask;
    Some(((value != mask).then_some(value), width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn containers_are_known_by_their_first_bytes() {
        let known: [(&[u8], Demuxer); 7] = [
            (b"\0\0\0\x20ftypisom", Demuxer::Mov),
            (b"\0\0\0\x01mdat\0\0\0\0", Demuxer::Mov),
            (b"\x1a\x45\xdf\xa3\x9f", Demuxer::Matroska),
            (b"RIFF\0\0\0\0AVI LIST", Demuxer::Avi),
            (b"OggS\0", Demuxer::Ogg),
            (b"FLV\x01\x05", Demuxer::Flv),
            (b"\0\0\x01\xba\x44", Demuxer::Mpeg),
        ];
        for (head, demuxer) in known {
            assert_eq!(sniff(head, false), Sniff::Known(demuxer));
        }
        let mut packets = vec![0; 800];
        for i in 0..4 {
            packets[i * 188] = 0x47;
        }
        assert_eq!(sniff(&packets, false), Sniff::Known(Demuxer::MpegTs));
    }

    #[test]
    fn what_is_no_video_is_refused() {
        let refused: [&[u8]; 7] =
            [b"#EXTM3U\n", b"ffconcat version 1.0\n", b"v=0\r\no=-", b"\x89PNG\r\n", b"<!doctype html>", b"GIF89a", b"\x7fELF"];
        for head in refused {
            assert_eq!(sniff(head, true), Sniff::Unknown, "{head:?}");
        }
        assert_eq!(sniff(b"", true), Sniff::Unknown);
        assert_eq!(sniff(b"\0\0\0\x20ft", false), Sniff::Undecided);
        assert_eq!(sniff(&[b'x'; ENOUGH], false), Sniff::Unknown);
    }

    fn cut(demuxer: Demuxer, bytes: &[u8], length: u64) -> bool {
        is_cut_short(demuxer, length, |offset| {
            let mut head = [0; 16];
            let rest = bytes.get(offset as usize..).unwrap_or_default();
            let there = rest.len().min(16);
            head[..there].copy_from_slice(&rest[..there]);
            (head, there)
        })
    }

    #[test]
    fn a_missing_end_is_seen_in_the_outline() {
        let mp4 = [&[0, 0, 0, 8][..], b"ftyp", &[0, 0, 1, 0], b"mdat"].concat();
        assert!(cut(Demuxer::Mov, &mp4, 200) && !cut(Demuxer::Mov, &mp4, 264));
        let mkv = b"\x1a\x45\xdf\xa3\x81\x00\x18\x53\x80\x67\x42\x00".to_vec();
        assert!(cut(Demuxer::Matroska, &mkv, 500) && !cut(Demuxer::Matroska, &mkv, 12 + 512));
        let live = b"\x1a\x45\xdf\xa3\x81\x00\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff".to_vec();
        assert!(!cut(Demuxer::Matroska, &live, 18));
        let avi = [b"RIFF", &100u32.to_le_bytes()[..], b"AVI "].concat();
        assert!(cut(Demuxer::Avi, &avi, 107) && !cut(Demuxer::Avi, &avi, 108));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), whole: bool) {
            let _ = sniff(&bytes, whole);
            for demuxer in [Demuxer::Mov, Demuxer::Avi, Demuxer::Matroska, Demuxer::Ogg] {
                let _ = cut(demuxer, &bytes, bytes.len() as u64);
            }
        }
    }
}
