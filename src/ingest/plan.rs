//! How a file gets into FFmpeg while it arrives.

use std::ops::Range;

use super::boxes::{Met, TopBoxes};
use super::movie::{self, Move};
use super::spool::Spool;
use crate::video::Demuxer;

/// Largest index that is held in memory; of an hour of video it has about 5 MB.
const LARGEST_INDEX: u64 = 64 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Through a pipe as the bytes arrive, piece after piece.
    Stream(Vec<Piece>),
    /// From the spool file, when all bytes are there.
    WholeFile,
}

/// A stretch of what FFmpeg reads from the pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes made here.
    Made(Vec<u8>),
    /// Bytes of the file; up to its end where the range has none.
    File { from: u64, to: Option<u64> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Ready(Plan),
    /// More bytes have to come from the beginning on.
    NeedHead,
    /// The bytes from this offset on would decide.
    NeedFrom(u64),
}

impl Plan {
    /// From the first byte to the last.
    fn linear() -> Self {
        Self::Stream(vec![Piece::File { from: 0, to: None }])
    }
}

/// Decides as early as the bytes in the spool allow it.
pub fn decide(demuxer: Demuxer, spool: &Spool) -> Decision {
    if spool.is_complete() {
        // A seekable file is what every demuxer reads best.
        return Decision::Ready(Plan::WholeFile);
    }
    if demuxer != Demuxer::Mov {
        return Decision::Ready(Plan::linear());
    }
    let mut media: Option<u64> = None;
    let mut next = 0;
    for met in TopBoxes::new(|at| spool.read16(at)) {
        match met {
            Met::Box(b) if &b.kind == b"moof" => return Decision::Ready(Plan::linear()),
            Met::Box(b) if &b.kind == b"moov" => {
                return match (media, b.end) {
                    (None, _) => Decision::Ready(Plan::linear()),
                    (Some(media), Some(end)) => index_behind(spool, media, b.start..end),
                    (Some(_), None) => Decision::Ready(Plan::WholeFile),
                };
            }
            Met::Box(b) => {
                if &b.kind == b"mdat" {
                    media.get_or_insert(b.start);
                }
                // Media data up to the end of the file: there is no index behind it.
                let Some(end) = b.end else { break };
                next = end;
            }
            Met::Gap if media.is_some() => return Decision::NeedFrom(next),
            Met::Gap => return Decision::NeedHead,
            Met::Rubbish => break,
        }
    }
    Decision::Ready(Plan::WholeFile)
}

/// The index stands behind the media data: a file with the index in front is made up while the bytes arrive.
fn index_behind(spool: &Spool, media: u64, index: Range<u64>) -> Decision {
    let length = index.end - index.start;
    if length > LARGEST_INDEX {
        return Decision::Ready(Plan::WholeFile);
    }
    if !spool.has(index.clone()) {
        return Decision::NeedFrom(index.start);
    }
    let mut moov = vec![0; length as usize];
    let moved = match spool.read_at(index.start, &mut moov) {
        Ok(read) if read as u64 == length => movie::relocated(&moov, Move { to: media, from: index.start, length }),
        _ => None,
    };
    let Some(moved) = moved else { return Decision::Ready(Plan::WholeFile) };
    Decision::Ready(Plan::Stream(vec![
        Piece::File { from: 0, to: Some(media) },
        Piece::Made(moved),
        Piece::File { from: media, to: Some(index.start) },
        Piece::File { from: index.end, to: None },
    ]))
}

/// How many pictures the file's index lists, where it is there and one can tell.
pub fn listed_frames(demuxer: Demuxer, spool: &Spool) -> Option<u64> {
    if demuxer != Demuxer::Mov {
        return None;
    }
    let index = TopBoxes::new(|at| spool.read16(at)).find_map(|met| match met {
        Met::Box(b) if &b.kind == b"moov" => Some(b.start..b.end?),
        _ => None,
    })?;
    let length = index.end - index.start;
    if length > LARGEST_INDEX || !spool.has(index.clone()) {
        return None;
    }
    let mut moov = vec![0; length as usize];
    spool.read_at(index.start, &mut moov).ok().filter(|read| *read as u64 == length)?;
    movie::video_frames(&moov)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    /// A spool that has these parts of a file.
    fn spool(parts: &[(u64, &[u8])]) -> (tempfile::TempDir, Spool) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::create(&folder.path().join("source")).unwrap();
        for (offset, bytes) in parts {
            spool.write_at(*offset, bytes).unwrap();
        }
        (folder, spool)
    }

    fn decide_mov(parts: &[(u64, &[u8])]) -> Decision {
        decide(Demuxer::Mov, &spool(parts).1)
    }

    #[test]
    fn an_index_in_front_or_fragments_are_streamed_as_they_come() {
        let front = [boxed(b"ftyp", b""), boxed(b"free", b"xx"), boxed(b"moov", b"")[..8].to_vec()].concat();
        assert_eq!(decide_mov(&[(0, &front)]), Decision::Ready(Plan::linear()));
        assert_eq!(decide_mov(&[(0, &boxed(b"ftyp", b""))]), Decision::NeedHead, "the next box could be either");
        assert_eq!(decide(Demuxer::Matroska, &spool(&[]).1), Decision::Ready(Plan::linear()));
    }

    #[test]
    fn an_index_behind_is_asked_for_and_put_in_front() {
        let ftyp = boxed(b"ftyp", b"isom");
        let mdat_head = [&1008u32.to_be_bytes()[..], b"mdat"].concat();
        let head = [&ftyp[..], &mdat_head].concat();
        let behind = 12 + 1008;
        assert_eq!(decide_mov(&[(0, &head)]), Decision::NeedFrom(behind));
        let moov = boxed(b"moov", &boxed(b"mvhd", b"abcd"));
        assert_eq!(decide_mov(&[(0, &head), (behind, &moov[..12])]), Decision::NeedFrom(behind), "only its beginning is there");
        let expected = vec![
            Piece::File { from: 0, to: Some(12) },
            Piece::Made(moov.clone()),
            Piece::File { from: 12, to: Some(behind) },
            Piece::File { from: behind + moov.len() as u64, to: None },
        ];
        assert_eq!(decide_mov(&[(0, &head), (behind, &moov)]), Decision::Ready(Plan::Stream(expected)));
        let free = boxed(b"free", b"0123");
        let later = behind + free.len() as u64;
        assert_eq!(decide_mov(&[(0, &head), (behind, &free)]), Decision::NeedFrom(later), "the index comes after that");
    }

    #[test]
    fn what_cannot_be_streamed_waits_for_the_whole_file() {
        let open_ended = [boxed(b"ftyp", b""), [&[0; 4][..], b"mdat"].concat()].concat();
        assert_eq!(decide_mov(&[(0, &open_ended)]), Decision::Ready(Plan::WholeFile));
        let rubbish = [boxed(b"ftyp", b""), b"\0\0\0\x02xxxx".to_vec()].concat();
        assert_eq!(decide_mov(&[(0, &rubbish)]), Decision::Ready(Plan::WholeFile));
        let (_folder, complete) = spool(&[(0, &boxed(b"ftyp", b""))]);
        complete.set_length(8);
        assert_eq!(decide(Demuxer::Mov, &complete), Decision::Ready(Plan::WholeFile));
    }
}
