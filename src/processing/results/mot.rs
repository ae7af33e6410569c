//! The detections in MOTChallenge's text format, one a line: `frame,id,left,top,width,height,confidence,-1,-1,-1`.
//!
//! As its devkit reads them: frames and pixels count from 1, and a detection that belongs to no track has the id -1.
//! Source: <https://motchallenge.net/instructions/>

use std::io::{self, Write};
use std::path::Path;

use super::partial::Partial;
use super::{Ending, FrameSink};
use crate::pipeline::result::FrameResult;

pub struct Mot(Partial);

impl Mot {
    pub fn create(path: &Path) -> io::Result<Self> {
        Partial::create(path).map(Self)
    }
}

impl FrameSink for Mot {
    fn frame(&mut self, result: &FrameResult) -> io::Result<()> {
        for d in &result.detections {
            let id = d.track_id.map_or(-1, i64::from);
            let b = &d.bbox;
            let (left, top, width, height) = (b.x1 + 1.0, b.y1 + 1.0, b.width(), b.height());
            let frame = result.frame + 1;
            writeln!(self.0.file, "{frame},{id},{left:.2},{top:.2},{width:.2},{height:.2},{:.4},-1,-1,-1", d.confidence)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, _: &Ending) -> io::Result<()> {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::results::tests::{detection, frame, written};

    #[test]
    fn frames_and_pixels_count_from_one() {
        let mut tracked = detection("person", [10.0, 20.0, 30.5, 60.0]);
        tracked.track_id = Some(3);
        let frames = [frame(0, 0, vec![tracked]), frame(1, 40_000, vec![detection("car", [0.0, 0.0, 5.0, 5.0])])];
        let text = written(|path| Box::new(Mot::create(path).unwrap()), &frames);
        assert_eq!(text, "1,3,11.00,21.00,20.50,40.00,0.5000,-1,-1,-1\n2,-1,1.00,1.00,5.00,5.00,0.5000,-1,-1,-1\n");
    }
}
