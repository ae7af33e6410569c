//! A file to send: an MP4 whose index would come last, and never comes. The server stores it and waits.

pub const CHUNK: usize = 1 << 20;

pub struct File {
    pub chunks: usize,
    first: Vec<u8>,
    other: Vec<u8>,
}

impl File {
    pub fn of(chunks: usize) -> Self {
        let mut random = 88_172_645_463_325_252u64;
        let noise = std::iter::repeat_with(|| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random as u8
        });
        let other: Vec<u8> = noise.take(CHUNK).collect();
        let mut first = other.clone();
        let head =
            [&24u32.to_be_bytes()[..], b"ftypisom\0\0\x02\0isomiso2", &1u32.to_be_bytes(), b"mdat", &(1u64 << 40).to_be_bytes()].concat();
        first[..head.len()].copy_from_slice(&head);
        Self { chunks, first, other }
    }

    pub fn chunk(&self, index: usize) -> &[u8] {
        if index == 0 { &self.first } else { &self.other }
    }
}
