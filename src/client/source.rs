//! The file that is sent: its chunks, its identity, and what of it helps the analysis first.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::SystemTime;

use super::fingerprint::{EDGE, Identity, fingerprint};
use crate::ingest::boxes::{Met, TopBoxes};

pub const CHUNK_SIZE: u64 = 1 << 20;
/// Boxes looked at; a file with more before its index is sent in order.
const MOST_BOXES: usize = 10_000;

pub struct Source {
    file: File,
    pub filename: String,
    /// With its dot; empty where the name has none.
    pub ext: String,
    pub size: u64,
    modified: SystemTime,
}

impl Source {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        let filename = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ext = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
        Ok(Self { file, filename, ext, size: about.len(), modified: about.modified()? })
    }

    pub fn total_chunks(&self) -> u64 {
        self.size.div_ceil(CHUNK_SIZE).max(1)
    }

    /// A chunk's bytes; an error where the file has become shorter.
    pub fn chunk(&self, index: u64) -> io::Result<Vec<u8>> {
        let from = index * CHUNK_SIZE;
        self.read(from..(from + CHUNK_SIZE).min(self.size))
    }

    /// Whether somebody has written to the file since it was opened: its chunks may not belong together.
    pub fn is_changed(&self) -> io::Result<bool> {
        let about = self.file.metadata()?;
        Ok((about.len(), about.modified()?) != (self.size, self.modified))
    }

    fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; range.end.saturating_sub(range.start) as usize];
        self.file.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes)
    }

    /// What tells this upload from others.
    pub fn fingerprint(&self, server: &str, options: &[(&'static str, String)]) -> io::Result<String> {
        let head = self.read(0..EDGE.min(self.size))?;
        let tail = self.read(self.size.saturating_sub(EDGE)..self.size)?;
        let (size, modified) = (self.size, self.modified);
        Ok(fingerprint(&Identity { size, modified, head: &head, tail: &tail, server, chunk_size: CHUNK_SIZE, options }))
    }

    /// The chunks without which no frame can be decoded, where they are not simply the first ones.
    pub fn first_chunks(&self) -> Vec<u64> {
        let mut failed = false;
        let needed = needed_first(TopBoxes::new(|at| {
            let mut head = [0; 16];
            let there = self.size.saturating_sub(at).min(16) as usize;
            // Who cannot look sends in order; reading the chunks will tell what is wrong.
            failed |= self.file.read_exact_at(&mut head[..there], at).is_err();
            (head, if failed { 0 } else { there })
        }));
        let mut chunks = Vec::new();
        for range in needed {
            let last = (range.end.min(self.size).max(1) - 1) / CHUNK_SIZE;
            chunks.extend((range.start / CHUNK_SIZE..=last).filter(|c| !chunks.contains(c)).collect::<Vec<_>>());
        }
        chunks
    }
}

/// The stretches that a decoder needs before the media data of an MP4 whose index comes after it: the outermost boxes'
/// headers, which lead to the index, and the index. Nothing for every other file.
fn needed_first(boxes: impl Iterator<Item = Met>) -> Vec<Range<u64>> {
    let mut needed = Vec::new();
    let mut media = false;
    for met in boxes.take(MOST_BOXES) {
        let Met::Box(found) = met else { break };
        match (&found.kind, found.end) {
            (b"moov", Some(end)) if media => {
                needed.push(found.start..end);
                return needed;
            }
            (b"moov" | b"moof", _) | (_, None) => break,
            (kind, Some(_)) => {
                media |= kind == b"mdat";
                needed.push(found.start..found.start + 16);
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::boxes::TopBox;

    fn boxes(sizes: &[(&[u8; 4], u64)]) -> Vec<Met> {
        let mut start = 0;
        let mut next = |(kind, size): &(&[u8; 4], u64)| {
            let met = Met::Box(TopBox { kind: **kind, start, end: Some(start + size) });
            start += size;
            met
        };
        sizes.iter().map(&mut next).collect()
    }

    fn needed(sizes: &[(&[u8; 4], u64)]) -> Vec<Range<u64>> {
        needed_first(boxes(sizes).into_iter())
    }

    #[test]
    fn an_index_behind_the_media_is_needed_first() {
        let cameras = needed(&[(b"ftyp", 20), (b"mdat", 1000), (b"free", 30), (b"moov", 50)]);
        assert_eq!(cameras, [0..16, 20..36, 1020..1036, 1050..1100]);
        for in_order in [
            &[(b"ftyp", 20), (b"moov", 50), (b"mdat", 1000)][..],
            &[(b"ftyp", 20), (b"mdat", 1000), (b"moof", 50), (b"moov", 9)],
            &[(b"ftyp", 20), (b"mdat", 1000)],
            &[],
        ] {
            assert!(needed(in_order).is_empty(), "{in_order:?}");
        }
    }

    #[test]
    fn chunks_are_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("My Film.MP4");
        let bytes: Vec<u8> = (0..CHUNK_SIZE * 2 + 5).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let source = Source::open(&path).unwrap();
        assert_eq!((source.filename.as_str(), source.ext.as_str(), source.total_chunks()), ("My Film.MP4", ".MP4", 3));
        let chunks: Vec<u8> = (0..3).flat_map(|i| source.chunk(i).unwrap()).collect();
        assert_eq!(chunks, bytes);
        assert!(source.first_chunks().is_empty());
        let print = source.fingerprint("http://a", &[]).unwrap();
        assert!(!source.is_changed().unwrap());
        std::fs::write(&path, &bytes[1..]).unwrap();
        assert!(source.is_changed().unwrap());
        assert_ne!(Source::open(&path).unwrap().fingerprint("http://a", &[]).unwrap(), print);
        assert!(source.chunk(2).is_err(), "the file has become shorter");
        std::fs::write(&path, b"").unwrap();
        let empty = Source::open(&path).unwrap();
        assert_eq!((empty.total_chunks(), empty.chunk(0).unwrap()), (1, Vec::new()));
        assert!(Source::open(folder.path()).is_err());
    }

    #[test]
    fn the_tail_is_in_whole_chunks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        let media = (CHUNK_SIZE * 4) as u32;
        let head = [&8u32.to_be_bytes()[..], b"ftyp", &media.to_be_bytes(), b"mdat"].concat();
        let tail = [&(CHUNK_SIZE as u32 + 8).to_be_bytes()[..], b"moov"].concat();
        let mut bytes = vec![0; media as usize + 8 + CHUNK_SIZE as usize + 8];
        bytes[..16].copy_from_slice(&head);
        bytes[media as usize + 8..media as usize + 16].copy_from_slice(&tail);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(Source::open(&path).unwrap().first_chunks(), [0, 4, 5]);
    }
}
