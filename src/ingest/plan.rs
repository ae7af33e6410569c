//! How a file gets into FFmpeg while it arrives.

use super::boxes::{Met, TopBoxes};
use crate::video::Demuxer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// From the first byte on, through a pipe, as the bytes arrive.
    Linear,
    /// From the spool file, when all bytes are there: the index stands behind what it describes.
    WholeFile,
}

/// Decides as soon as the bytes allow it; `None` asks for more of them. `read` gives the bytes at an offset, as many as
/// are there, 16 at most; `complete` says that no more will come.
pub fn decide(demuxer: Demuxer, complete: bool, read: impl FnMut(u64) -> ([u8; 16], usize)) -> Option<Plan> {
    if complete {
        // A seekable file is what every demuxer reads best.
        return Some(Plan::WholeFile);
    }
    if demuxer != Demuxer::Mov {
        return Some(Plan::Linear);
    }
    for met in TopBoxes::new(read) {
        match met {
            Met::Box(b) if matches!(&b.kind, b"moov" | b"moof") => return Some(Plan::Linear),
            Met::Box(b) if &b.kind == b"mdat" => return Some(Plan::WholeFile),
            Met::Box(_) => {}
            Met::Gap => return None,
            Met::Rubbish => return Some(Plan::WholeFile),
        }
    }
    Some(Plan::WholeFile)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(bytes: &[u8], complete: bool) -> Option<Plan> {
        decide(Demuxer::Mov, complete, |offset| {
            let mut head = [0; 16];
            let rest = bytes.get(offset as usize..).unwrap_or_default();
            let there = rest.len().min(16);
            head[..there].copy_from_slice(&rest[..there]);
            (head, there)
        })
    }

    #[test]
    fn the_index_decides() {
        let ftyp = [&[0, 0, 0, 8][..], b"ftyp"].concat();
        let moov = [&[0, 0, 0, 99][..], b"moov"].concat();
        let mdat = [&[0, 0, 0, 99][..], b"mdat"].concat();
        let free = [&[0, 0, 0, 8][..], b"free"].concat();
        assert_eq!(plan(&[&ftyp[..], &free, &moov].concat(), false), Some(Plan::Linear));
        assert_eq!(plan(&[&ftyp[..], &free, &mdat].concat(), false), Some(Plan::WholeFile));
        assert_eq!(plan(&ftyp, false), None, "the next box could be either");
        assert_eq!(plan(&ftyp, true), Some(Plan::WholeFile));
        assert_eq!(plan(&[&ftyp[..], b"\0\0\0\x02xxxx"].concat(), false), Some(Plan::WholeFile));
        assert_eq!(decide(Demuxer::Matroska, false, |_| ([0; 16], 0)), Some(Plan::Linear));
    }
}
