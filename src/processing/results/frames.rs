//! JSON Lines: a header, then one object a frame.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::header::Header;
use super::partial::Partial;
use super::{Ending, FrameSink};
use crate::pipeline::result::FrameResult;

pub struct Frames(Partial);

impl Frames {
    pub fn create(path: &Path, header: &Header<'_>) -> io::Result<Self> {
        let mut frames = Self(Partial::create(path)?);
        frames.line(header)?;
        Ok(frames)
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.0.file, value)?;
        self.0.file.write_all(b"\n")
    }
}

impl FrameSink for Frames {
    fn frame(&mut self, result: &FrameResult) -> io::Result<()> {
        self.line(result)
    }

    fn finish(self: Box<Self>, _: &Ending) -> io::Result<()> {
        self.0.finish()
    }
}
