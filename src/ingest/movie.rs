//! The index of an MP4 or MOV (the `moov` box, ISO/IEC 14496-12, 8.2): how many pictures it lists, and the same index for
//! a file whose bytes lie elsewhere.

use std::ops::Range;

/// The boxes on the way from the index to the tables; what is inside any other is not looked at.
const PATH: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];

/// One box within a slice.
#[derive(Clone, Debug)]
struct Child {
    kind: [u8; 4],
    /// Header and body.
    whole: Range<usize>,
    body: Range<usize>,
}

/// The boxes that stand in `data`, as far as their sizes make sense; `None` where one does not.
fn children(data: &[u8], within: Range<usize>) -> Option<Vec<Child>> {
    let mut list = Vec::new();
    let mut at = within.start;
    // QuickTime ends some lists with four zero bytes.
    while within.end - at >= 8 {
        let size = u32::from_be_bytes(data[at..at + 4].try_into().ok()?);
        let kind: [u8; 4] = data[at + 4..at + 8].try_into().ok()?;
        let (header, length) = match size {
            0 => (8, within.end - at),
            1 => (16, usize::try_from(u64::from_be_bytes(data.get(at + 8..at + 16)?.try_into().ok()?)).ok()?),
            _ => (8, size as usize),
        };
        let end = at.checked_add(length).filter(|end| length >= header && *end <= within.end)?;
        list.push(Child { kind, whole: at..end, body: at + header..end });
        at = end;
    }
    Some(list)
}

/// The bodies of all boxes at the end of `path`, which starts below the index.
fn bodies(data: &[u8], moov: &Child, path: &[&[u8; 4]]) -> Option<Vec<Range<usize>>> {
    let mut found = vec![moov.body.clone()];
    for kind in path {
        let mut next = Vec::new();
        for body in found {
            next.extend(children(data, body)?.into_iter().filter(|c| c.kind == **kind).map(|c| c.body));
        }
        found = next;
    }
    Some(found)
}

fn root(moov: &[u8]) -> Option<Child> {
    children(moov, 0..moov.len())?.into_iter().next().filter(|c| c.kind == *b"moov" && c.whole.end == moov.len())
}

/// How many pictures the first video track lists (`stsz` or `stz2`); none for a fragmented file, whose index lists none.
pub fn video_frames(moov: &[u8]) -> Option<u64> {
    let root = root(moov)?;
    for track in bodies(moov, &root, &[b"trak"])? {
        let track = Child { kind: *b"trak", whole: track.clone(), body: track };
        let is_video = bodies(moov, &track, &[b"mdia", b"hdlr"])?.iter().any(|h| moov[h.clone()].get(8..12) == Some(b"vide"));
        if !is_video {
            continue;
        }
        for table in bodies(moov, &track, &[b"mdia", b"minf", b"stbl"])? {
            let sizes = children(moov, table)?.into_iter().find(|c| matches!(&c.kind, b"stsz" | b"stz2"));
            // Both have the count behind version, flags and one 32-bit field.
            let count = sizes.and_then(|s| Some(u32::from_be_bytes(moov[s.body].get(8..12)?.try_into().ok()?)));
            if let Some(count) = count.filter(|n| *n > 0) {
                return Some(u64::from(count));
            }
        }
    }
    None
}

/// Where things are in a file whose index stands behind its media data, and where they would be with the index in front.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// Where the index goes: before the first media data.
    pub to: u64,
    /// Where it is.
    pub from: u64,
    pub length: u64,
}

impl Move {
    fn shifted(self, offset: u64, new_length: u64) -> u64 {
        if offset < self.to {
            offset
        } else if offset < self.from {
            offset.saturating_add(new_length)
        } else {
            offset.saturating_add(new_length).saturating_sub(self.length)
        }
    }
}

/// The index with all chunk offsets as they are after the move. Tables of 32-bit offsets that would overflow become 64-bit
/// ones, as `qt-faststart` does not do. `None` where the index is damaged or of a kind that cannot be moved.
pub fn relocated(moov: &[u8], plan: Move) -> Option<Vec<u8>> {
    let root = root(moov)?;
    if children(moov, root.body.clone())?.iter().any(|c| c.kind == *b"cmov") {
        return None;
    }
    let mut rewriter = Rewriter { moov, plan, wide: false, new_length: moov.len() as u64 };
    let same_size = rewriter.rewrite(&root, 0)?;
    if !rewriter.overflows(&root)? {
        return Some(same_size);
    }
    // Every 32-bit table is widened, which changes the index's own length and with it all offsets.
    rewriter.wide = true;
    rewriter.new_length = rewriter.rewrite(&root, 0)?.len() as u64;
    rewriter.rewrite(&root, 0)
}

struct Rewriter<'a> {
    moov: &'a [u8],
    plan: Move,
    /// Whether 32-bit tables become 64-bit ones.
    wide: bool,
    new_length: u64,
}

impl Rewriter<'_> {
    fn rewrite(&self, node: &Child, depth: usize) -> Option<Vec<u8>> {
        let body = match &node.kind {
            kind if PATH.get(depth) == Some(&kind) => {
                let mut body = Vec::with_capacity(node.body.len());
                let mut end = node.body.start;
                for child in children(self.moov, node.body.clone())? {
                    body.extend(self.rewrite(&child, depth + 1)?);
                    end = child.whole.end;
                }
                // What stands behind the last box is kept.
                body.extend_from_slice(&self.moov[end..node.body.end]);
                body
            }
            b"stco" if depth == PATH.len() => return self.table(node, 4),
            b"co64" if depth == PATH.len() => return self.table(node, 8),
            _ => return Some(self.moov[node.whole.clone()].to_vec()),
        };
        Some(boxed(&node.kind, &body))
    }

    /// A table of chunk offsets (8.7.5): version and flags, a count, the offsets.
    fn table(&self, node: &Child, width: usize) -> Option<Vec<u8>> {
        let body = &self.moov[node.body.clone()];
        let mut new = body.get(..8)?.to_vec();
        let to_wide = self.wide || width == 8;
        for offset in offsets(body, width)? {
            let moved = self.plan.shifted(offset, self.new_length);
            if to_wide {
                new.extend(moved.to_be_bytes());
            } else {
                new.extend((moved as u32).to_be_bytes());
            }
        }
        Some(boxed(if to_wide { b"co64" } else { b"stco" }, &new))
    }

    fn overflows(&self, root: &Child) -> Option<bool> {
        let tables = bodies(self.moov, root, &[b"trak", b"mdia", b"minf", b"stbl", b"stco"])?;
        for table in tables {
            let moved = offsets(&self.moov[table], 4)?.map(|o| self.plan.shifted(o, self.new_length)).max();
            if moved.is_some_and(|m| m > u64::from(u32::MAX)) {
                return Some(true);
            }
        }
        Some(false)
    }
}

fn offsets(body: &[u8], width: usize) -> Option<impl Iterator<Item = u64>> {
    let count = u32::from_be_bytes(body.get(4..8)?.try_into().ok()?) as usize;
    let entries = body.get(8..8usize.checked_add(count.checked_mul(width)?)?)?;
    Some(entries.chunks_exact(width).map(|entry| entry.iter().fold(0u64, |n, b| n << 8 | u64::from(*b))))
}

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    // An index of 4 GiB is refused long before.
    let mut whole = (body.len() as u32 + 8).to_be_bytes().to_vec();
    whole.extend(kind);
    whole.extend(body);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full(kind: &[u8; 4], fields: &[u32]) -> Vec<u8> {
        let body: Vec<u8> = std::iter::once(&0).chain(fields).flat_map(|f| f.to_be_bytes()).collect();
        boxed(kind, &body)
    }

    fn index(handler: &[u8; 4], samples: u32, table: Vec<u8>) -> Vec<u8> {
        let hdlr = full(b"hdlr", &[0, u32::from_be_bytes(*handler), 0, 0, 0]);
        let stbl = boxed(b"stbl", &[full(b"stsz", &[0, samples]), table].concat());
        let mdia = boxed(b"mdia", &[hdlr, boxed(b"minf", &stbl)].concat());
        let tkhd = full(b"tkhd", &[1, 2, 3]);
        boxed(b"moov", &[full(b"mvhd", &[7]), boxed(b"trak", &[tkhd, mdia].concat())].concat())
    }

    fn stco(offsets: &[u32]) -> Vec<u8> {
        full(b"stco", &[&[offsets.len() as u32], offsets].concat())
    }

    fn chunk_offsets(moov: &[u8]) -> (Vec<u64>, usize) {
        let root = root(moov).unwrap();
        for (kind, width) in [(b"stco", 4), (b"co64", 8)] {
            let tables = bodies(moov, &root, &[b"trak", b"mdia", b"minf", b"stbl", kind]).unwrap();
            if let Some(table) = tables.first() {
                return (offsets(&moov[table.clone()], width).unwrap().collect(), width);
            }
        }
        panic!("no table");
    }

    #[test]
    fn frames_are_counted_in_the_video_track_alone() {
        assert_eq!(video_frames(&index(b"vide", 314, stco(&[]))), Some(314));
        assert_eq!(video_frames(&index(b"soun", 314, stco(&[]))), None);
        assert_eq!(video_frames(b"\0\0\0\x08moov"), None);
        assert_eq!(video_frames(b"rubbish!"), None);
    }

    #[test]
    fn offsets_move_by_the_index_that_now_stands_before_them() {
        let moov = index(b"vide", 3, stco(&[40, 90, 2000]));
        let length = moov.len() as u64;
        let moved = relocated(&moov, Move { to: 32, from: 1000, length }).unwrap();
        assert_eq!(moved.len(), moov.len());
        assert_eq!(chunk_offsets(&moved), (vec![40 + length, 90 + length, 2000], 4), "what stood behind the index stays");
        let untouched = relocated(&index(b"vide", 1, stco(&[10])), Move { to: 32, from: 1000, length }).unwrap();
        assert_eq!(chunk_offsets(&untouched).0, [10]);
    }

    #[test]
    fn offsets_near_four_gigabytes_get_a_wider_table() {
        let moov = index(b"vide", 2, stco(&[40, u32::MAX - 5]));
        let plan = Move { to: 32, from: 5 << 30, length: moov.len() as u64 };
        let moved = relocated(&moov, plan).unwrap();
        assert_eq!(moved.len(), moov.len() + 8, "two entries, four bytes more each");
        let grown = moved.len() as u64;
        assert_eq!(chunk_offsets(&moved), (vec![40 + grown, u64::from(u32::MAX) - 5 + grown], 8));
        assert_eq!(video_frames(&moved), Some(2));
    }

    #[test]
    fn damaged_indexes_are_refused() {
        let plan = Move { to: 0, from: 100, length: 50 };
        let mut lying = index(b"vide", 1, stco(&[1, 2, 3]));
        let count = lying.len() - 16;
        lying[count..count + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(relocated(&lying, plan), None);
        assert_eq!(relocated(&boxed(b"moov", &boxed(b"cmov", b"zlib")), plan), None);
        assert_eq!(relocated(b"", plan), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..150, junk: u32) {
            let plan = Move { to: 8, from: 500, length: 60 };
            let _ = (video_frames(&bytes), relocated(&bytes, plan));
            let mut damaged = index(b"vide", 3, stco(&[40, 90]));
            if at + 4 <= damaged.len() {
                damaged[at..at + 4].copy_from_slice(&junk.to_be_bytes());
            }
            let _ = (video_frames(&damaged), relocated(&damaged, plan));
        }
    }
}
