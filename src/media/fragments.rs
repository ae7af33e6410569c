//! A fragmented MP4 that is still being written, as far as it is whole (ISO/IEC 14496-12, 8.8): the part that every player
//! reads first, and one segment a fragment.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Longest `moof` that is read; one of two seconds at 240 frames a second has 8 KB.
const LONGEST_MOOF: u64 = 4 << 20;

/// One fragment: a `moof` and its `mdat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub bytes: Range<u64>,
    /// In ticks of the encoder's clock.
    pub duration: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragments {
    /// `ftyp` and `moov`; empty as long as they are not there.
    pub head: Range<u64>,
    pub segments: Vec<Segment>,
}

impl Fragments {
    /// Reads what is whole by now. A writer may go on beside this: what it has begun and not finished does not count.
    pub fn of(file: &File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut found = Self { head: 0..0, segments: Vec::new() };
        let (mut at, mut fragment) = (0, None);
        while let Some((kind, end)) = box_at(file, at, length)? {
            match &kind {
                b"moov" => found.head = 0..end,
                b"moof" if end - at <= LONGEST_MOOF => {
                    let mut moof = vec![0; (end - at) as usize];
                    file.read_exact_at(&mut moof, at)?;
                    fragment = Some((at, duration(&moof[8..])));
                }
                b"mdat" => {
                    if let Some((from, duration)) = fragment.take() {
                        found.segments.push(Segment { bytes: from..end, duration });
                    }
                }
                _ => {}
            }
            at = end;
        }
        Ok(found)
    }
}

/// The kind and the end of the box that begins here; none where it is not whole.
fn box_at(file: &File, at: u64, length: u64) -> io::Result<Option<([u8; 4], u64)>> {
    if length.saturating_sub(at) < 8 {
        return Ok(None);
    }
    let mut head = [0; 16];
    let there = (length - at).min(16) as usize;
    file.read_exact_at(&mut head[..there], at)?;
    let [a, b, c, d, kind @ .., _, _, _, _, _, _, _, _] = head;
    let size = match u32::from_be_bytes([a, b, c, d]) {
        1 if there == 16 => be64(&head[8..]),
        size => u64::from(size),
    };
    // A size below 8 stands for "up to the end", which a writer only puts where it will come back.
    let end = at.checked_add(size).filter(|end| size >= 8 && *end <= length);
    Ok(end.map(|end| (kind, end)))
}

/// Sum of the samples' durations of a `moof`'s first track, in its ticks.
fn duration(moof: &[u8]) -> u64 {
    let Some(traf) = child(moof, b"traf").next() else { return 0 };
    let default = child(traf, b"tfhd").next().and_then(default_duration).unwrap_or(0);
    child(traf, b"trun").map(|trun| run_duration(trun, default).unwrap_or(0)).sum()
}

/// 8.8.7: the optional fields before it are present by flag.
fn default_duration(tfhd: &[u8]) -> Option<u64> {
    let flags = be32(tfhd)?;
    if flags & 0x8 == 0 {
        return None;
    }
    let before = 8 + if flags & 0x1 != 0 { 8 } else { 0 } + if flags & 0x2 != 0 { 4 } else { 0 };
    be32(tfhd.get(before..)?).map(u64::from)
}

/// 8.8.8: each sample has as many fields of four bytes as there are flags.
fn run_duration(trun: &[u8], default: u64) -> Option<u64> {
    let flags = be32(trun)?;
    let count = be32(trun.get(4..)?)?;
    if flags & 0x100 == 0 {
        return Some(u64::from(count) * default);
    }
    let samples = 8 + 4 * (flags & 0x5).count_ones() as usize;
    let stride = 4 * (flags & 0xf00).count_ones() as usize;
    Some(trun.get(samples..)?.chunks_exact(stride).take(count as usize).filter_map(be32).map(u64::from).sum())
}

/// The contents of the boxes of this kind inside of a box.
fn child<'a>(mut inside: &'a [u8], kind: &'static [u8; 4]) -> impl Iterator<Item = &'a [u8]> {
    std::iter::from_fn(move || {
        while let Some(size) = be32(inside).map(|s| s as usize).filter(|s| (8..=inside.len()).contains(s)) {
            let (this, rest) = inside.split_at(size);
            inside = rest;
            if this[4..8] == *kind {
                return Some(&this[8..]);
            }
        }
        None
    })
}

fn be32(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|b| u32::from_be_bytes(*b))
}

fn be64(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |b| u64::from_be_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn boxed(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
        [&(8 + inside.len() as u32).to_be_bytes(), &kind[..], inside].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_be_bytes()).collect()
    }

    /// A track's fragment whose `trun` tells each sample's duration and size.
    fn told(durations: &[u32]) -> Vec<u8> {
        let samples: Vec<u32> = durations.iter().flat_map(|d| [*d, 1000]).collect();
        let trun = words(&[&[0x301, durations.len() as u32, 99], &samples[..]].concat());
        boxed(
            b"moof",
            &[boxed(b"mfhd", &words(&[0, 1])), boxed(b"traf", &[boxed(b"tfhd", &words(&[0, 1])), boxed(b"trun", &trun)].concat())].concat(),
        )
    }

    /// One whose samples all have the default duration.
    fn even(duration: u32, count: u32) -> Vec<u8> {
        let tfhd = boxed(b"tfhd", &words(&[0x2 | 0x8, 1, 7, duration]));
        boxed(b"moof", &boxed(b"traf", &[tfhd, boxed(b"trun", &words(&[0, count]))].concat()))
    }

    fn read(bytes: &[u8]) -> Fragments {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Fragments::of(&file).unwrap()
    }

    fn sample() -> Vec<u8> {
        let parts = [
            boxed(b"ftyp", b"iso5"),
            boxed(b"moov", &[7; 20]),
            told(&[3000, 3003]),
            boxed(b"mdat", &[1; 50]),
            even(1500, 4),
            boxed(b"mdat", &[2; 9]),
            boxed(b"mfra", &[0; 8]),
        ];
        parts.concat()
    }

    #[test]
    fn a_file_is_its_head_and_a_segment_a_fragment() {
        let found = read(&sample());
        assert_eq!(found.head, 0..40);
        let durations: Vec<u64> = found.segments.iter().map(|s| s.duration).collect();
        assert_eq!(durations, [6003, 6000]);
        assert_eq!(found.segments[0].bytes.start, 40);
        assert_eq!(found.segments[0].bytes.end, found.segments[1].bytes.start, "nothing lies between");
    }

    #[test]
    fn what_is_cut_anywhere_counts_as_far_as_it_is_whole() {
        let (bytes, whole) = (sample(), read(&sample()));
        for cut in 0..bytes.len() {
            let found = read(&bytes[..cut]);
            let there = whole.segments.iter().filter(|s| s.bytes.end <= cut as u64).count();
            assert_eq!(found.segments, whole.segments[..there], "cut at {cut}");
            assert_eq!(found.head.is_empty(), cut < 40);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..150) {
            read(&bytes);
            let mut damaged = sample();
            let at = at.min(damaged.len() - 1);
            damaged[at] ^= 0x55;
            read(&damaged);
        }
    }
}
