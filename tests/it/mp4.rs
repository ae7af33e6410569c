//! MP4 files laid out anew: the same samples at other places, as cameras and editors write them.

use std::ops::Range;

/// A file with its index behind its one `mdat`, taken apart.
pub struct Mp4 {
    /// All before the media data.
    pub head: Vec<u8>,
    pub media: Vec<u8>,
    /// Where the media data was.
    media_at: u64,
    moov: Vec<u8>,
}

/// A stretch of a file: bytes, or so many zeros that take no place on the disk.
pub enum Part {
    Bytes(Vec<u8>),
    Hole(u64),
}

impl Mp4 {
    pub fn of(file: &[u8]) -> Self {
        let boxes = boxes(file, 0..file.len());
        let find = |kind: &[u8]| boxes.iter().find(|(k, _)| k == kind).map(|(_, body)| body.clone()).expect("a box");
        let (mdat, moov) = (find(b"mdat"), find(b"moov"));
        assert!(mdat.start < moov.start, "the index is last");
        let head = file[..mdat.start - 8].to_vec();
        Self { head, media: file[mdat.clone()].to_vec(), media_at: mdat.start as u64, moov: file[moov].to_vec() }
    }

    /// The index for media data of which the byte at `n` now lies at `place(n)`; with 64-bit offsets.
    pub fn index(&self, place: impl Fn(u64) -> u64) -> Vec<u8> {
        boxed(b"moov", &self.moved(&self.moov, &|offset| place(offset - self.media_at)))
    }

    fn moved(&self, data: &[u8], place: &dyn Fn(u64) -> u64) -> Vec<u8> {
        let mut new = Vec::new();
        for (kind, body) in boxes(data, 0..data.len()) {
            let body = &data[body];
            new.extend(match &kind {
                b"trak" | b"mdia" | b"minf" | b"stbl" => boxed(&kind, &self.moved(body, place)),
                b"stco" => {
                    let offsets = body[8..].chunks_exact(4).map(|o| u64::from(u32::from_be_bytes(o.try_into().unwrap())));
                    let table: Vec<u8> = offsets.flat_map(|o| place(o).to_be_bytes()).collect();
                    boxed(b"co64", &[&body[..8], &table].concat())
                }
                _ => boxed(&kind, body),
            });
        }
        new
    }

    /// Places in the media data where a chunk of samples begins.
    pub fn chunks(&self) -> Vec<u64> {
        let found = std::cell::RefCell::new(Vec::new());
        self.moved(&self.moov, &|offset| {
            found.borrow_mut().push(offset - self.media_at);
            offset
        });
        let mut found = found.into_inner();
        found.sort_unstable();
        found
    }
}

/// Kinds and bodies of the boxes in a part of `data`.
fn boxes(data: &[u8], within: Range<usize>) -> Vec<([u8; 4], Range<usize>)> {
    let mut list = Vec::new();
    let mut at = within.start;
    while at + 8 <= within.end {
        let size = u32::from_be_bytes(data[at..at + 4].try_into().unwrap()) as usize;
        assert!(size >= 8, "FFmpeg writes small boxes alone");
        list.push((data[at + 4..at + 8].try_into().unwrap(), at + 8..at + size));
        at += size;
    }
    list
}

pub fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

/// The header of a box with a 64-bit size.
pub fn wide_header(kind: &[u8; 4], body: u64) -> Vec<u8> {
    [&1u32.to_be_bytes()[..], kind, &(body + 16).to_be_bytes()].concat()
}

/// Writes a file of parts.
pub fn write(path: &std::path::Path, parts: &[Part]) {
    use std::os::unix::fs::FileExt;
    let file = std::fs::File::create(path).unwrap();
    let mut at = 0;
    for part in parts {
        match part {
            Part::Bytes(bytes) => {
                file.write_all_at(bytes, at).unwrap();
                at += bytes.len() as u64;
            }
            Part::Hole(length) => at += length,
        }
    }
    file.set_len(at).unwrap();
}
