//! The outermost boxes of an MP4 or MOV (ISO/IEC 14496-12, 4.2): their kinds and where they end, nothing of what is inside.

/// One outermost box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopBox {
    pub kind: [u8; 4],
    pub start: u64,
    /// None: up to the end of the file.
    pub end: Option<u64>,
}

/// Walks from box to box. `read` gives the bytes at an offset, as many as are there, 16 at most.
pub struct TopBoxes<R> {
    read: R,
    offset: Option<u64>,
}

/// What the walk met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    Box(TopBox),
    /// The next box's header is not there (yet).
    Gap,
    /// What stands here is no box.
    Rubbish,
}

impl<R: FnMut(u64) -> ([u8; 16], usize)> TopBoxes<R> {
    pub fn new(read: R) -> Self {
        Self { read, offset: Some(0) }
    }
}

impl<R: FnMut(u64) -> ([u8; 16], usize)> Iterator for TopBoxes<R> {
    type Item = Met;

    fn next(&mut self) -> Option<Met> {
        let start = self.offset.take()?;
        let (head, there) = (self.read)(start);
        if there < 8 {
            return Some(Met::Gap);
        }
        let kind = [head[4], head[5], head[6], head[7]];
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let end = match size {
            0 => return Some(Met::Box(TopBox { kind, start, end: None })),
            1 if there < 16 => return Some(Met::Gap),
            1 => {
                let large = u64::from_be_bytes([head[8], head[9], head[10], head[11], head[12], head[13], head[14], head[15]]);
                if large < 16 {
                    return Some(Met::Rubbish);
                }
                start.checked_add(large)
            }
            2..8 => return Some(Met::Rubbish),
            _ => start.checked_add(u64::from(size)),
        };
        let Some(end) = end else { return Some(Met::Rubbish) };
        self.offset = Some(end);
        Some(Met::Box(TopBox { kind, start, end: Some(end) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn walk(bytes: &[u8]) -> Vec<Met> {
        let read = |offset: u64| {
            let mut head = [0; 16];
            let rest = bytes.get(offset as usize..).unwrap_or_default();
            let there = rest.len().min(16);
            head[..there].copy_from_slice(&rest[..there]);
            (head, there)
        };
        TopBoxes::new(read).take(100).collect()
    }

    #[test]
    fn small_large_and_open_ended_boxes() {
        let bytes = [&[0, 0, 0, 8][..], b"free", &[0, 0, 0, 1], b"mdat", &20u64.to_be_bytes(), b"abcd", &[0, 0, 0, 0], b"moov"].concat();
        let kinds: Vec<_> = walk(&bytes)
            .into_iter()
            .map(|m| if let Met::Box(b) = m { (String::from_utf8_lossy(&b.kind).into_owned(), b.start, b.end) } else { panic!("{m:?}") })
            .collect();
        assert_eq!(kinds, [("free".into(), 0, Some(8)), ("mdat".into(), 8, Some(28)), ("moov".into(), 28, None)]);
    }

    #[test]
    fn impossible_sizes_end_the_walk() {
        assert_eq!(walk(&[&[0, 0, 0, 7][..], b"free"].concat()), [Met::Rubbish]);
        assert_eq!(walk(&[&[0, 0, 0, 1][..], b"mdat", &u64::MAX.to_be_bytes()].concat())[1], Met::Gap);
        assert_eq!(walk(b"abc"), [Met::Gap]);
    }

    proptest! {
        #[test]
        fn any_bytes_end_the_walk(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let met = walk(&bytes);
            prop_assert!(met.len() < 100);
        }
    }
}
