//! The detections as CSV (RFC 4180), one a row.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use super::partial::Partial;
use super::{Ending, FrameSink};
use crate::pipeline::result::FrameResult;

pub struct Table(Partial);

impl Table {
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut partial = Partial::create(path)?;
        writeln!(partial.file, "frame,pts_us,track_id,class_id,label,confidence,x1,y1,x2,y2")?;
        Ok(Self(partial))
    }
}

impl FrameSink for Table {
    fn frame(&mut self, result: &FrameResult) -> io::Result<()> {
        for d in &result.detections {
            let track = d.track_id.map(|t| t.to_string()).unwrap_or_default();
            let (b, label) = (&d.bbox, field(&d.label));
            write!(self.0.file, "{},{},{track},{},{label},{:.4},", result.frame, result.pts_us, d.class_id, d.confidence)?;
            writeln!(self.0.file, "{:.2},{:.2},{:.2},{:.2}", b.x1, b.y1, b.x2, b.y2)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, _: &Ending) -> io::Result<()> {
        self.0.finish()
    }
}

/// Quoted where the text holds a separator.
pub(super) fn field(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")).into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::results::tests::{detection, frame, written};

    #[test]
    fn a_row_is_a_detection_and_separators_are_quoted() {
        let mut comma = detection("a,b", [0.0, 0.0, 1.5, 2.0]);
        comma.track_id = Some(7);
        let text = written(|path| Box::new(Table::create(path).unwrap()), &[frame(0, 33_367, vec![comma]), frame(1, 66_733, vec![])]);
        assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), ["0,33367,7,0,\"a,b\",0.5000,0.00,0.00,1.50,2.00"]);
    }
}
