//! Where objects stood, as numbers: what the drawn heat map is made of.

use std::io;
use std::path::{Path, PathBuf};

use super::partial::Partial;
use super::{Ending, FrameSink};
use crate::geometry::Size;
use crate::pipeline::result::FrameResult;
use crate::zones::Presence;

pub struct Heatmap {
    path: PathBuf,
    size: Size,
    presence: Presence,
}

impl Heatmap {
    /// `size` is the displayed picture's.
    pub fn create(path: &Path, size: Size) -> Self {
        Self { path: path.to_owned(), size, presence: Presence::default() }
    }
}

impl FrameSink for Heatmap {
    fn frame(&mut self, result: &FrameResult) -> io::Result<()> {
        self.presence.observe(self.size, result.pts_us, &result.detections);
        Ok(())
    }

    fn finish(self: Box<Self>, _: &Ending) -> io::Result<()> {
        let mut partial = Partial::create(&self.path)?;
        serde_json::to_writer(&mut partial.file, &self.presence)?;
        partial.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::results::tests::{detection, frame, written};

    #[test]
    fn seconds_are_told_by_cell_and_class() {
        let standing = || vec![detection("person", [0.0, 0.0, 2.0, 1.0])];
        let frames = [frame(0, 0, standing()), frame(1, 250_000, standing())];
        let text = written(|path| Box::new(Heatmap::create(path, Size::new(2, 1))), &frames);
        assert_eq!(text, r#"{"columns":2,"rows":1,"seconds":{"person":[[0.0,0.25]]}}"#);
    }
}
