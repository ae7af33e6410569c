//! The files beside the annotated video, written while frames go by. Each has a temporary name until it is whole.

mod captions;
mod clock;
mod coco;
mod frames;
pub mod header;
mod heatmap;
mod mot;
mod partial;
mod sheet;
mod table;
mod timeline;
mod zones;

use std::io;

use super::outputs::{OutputKind, Outputs};
use crate::geometry::Size;
use crate::pipeline::result::FrameResult;
use crate::zones::Report;
use header::Header;
pub use sheet::Sheet;

/// A file that is written from the frames' results.
trait FrameSink {
    fn frame(&mut self, result: &FrameResult) -> io::Result<()>;

    /// Writes what comes last and gives the file its name.
    fn finish(self: Box<Self>, ending: &Ending) -> io::Result<()>;
}

/// What is known at the end of the video.
#[derive(Clone, Debug)]
pub struct Ending {
    /// When the last frame ends, by the source's clock, in microseconds.
    pub end_us: i64,
    /// Where zones or lines are asked for.
    pub zones: Option<Report>,
}

pub struct ResultWriter(Vec<Box<dyn FrameSink + Send>>);

impl ResultWriter {
    /// Begins those files that have a path. `size` is the displayed picture's.
    pub fn create(outputs: &Outputs, header: &Header<'_>, size: Size) -> io::Result<Self> {
        let mut sinks: Vec<Box<dyn FrameSink + Send>> = Vec::new();
        for kind in OutputKind::ALL {
            let Some(path) = outputs.get(kind) else { continue };
            match kind {
                OutputKind::Frames => sinks.push(Box::new(frames::Frames::create(path, header)?)),
                OutputKind::Table => sinks.push(Box::new(table::Table::create(path)?)),
                OutputKind::Mot => sinks.push(Box::new(mot::Mot::create(path)?)),
                OutputKind::Coco => sinks.push(Box::new(coco::Coco::create(path, size)?)),
                OutputKind::Captions => sinks.push(Box::new(captions::Captions::create(path)?)),
                OutputKind::Heatmap => sinks.push(Box::new(heatmap::Heatmap::create(path, size))),
                OutputKind::Zones if header.options.zones.is_some() => sinks.push(Box::new(zones::Zones::create(path))),
                OutputKind::ZoneEvents if header.options.zones.is_some() => sinks.push(Box::new(zones::ZoneEvents::create(path))),
                // Not asked for.
                OutputKind::Zones | OutputKind::ZoneEvents => {}
                OutputKind::Timeline => sinks.push(Box::new(timeline::Timeline::create(path))),
                // These need pictures, or all the others.
                OutputKind::Video | OutputKind::Sheet | OutputKind::SheetIndex | OutputKind::Archive => {}
            }
        }
        Ok(Self(sinks))
    }

    pub fn write(&mut self, result: &FrameResult) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|sink| sink.frame(result))
    }

    /// Gives the files their names.
    pub fn finish(self, ending: &Ending) -> io::Result<()> {
        self.0.into_iter().try_for_each(|sink| sink.finish(ending))
    }
}

#[cfg(test)]
mod tests {
    use super::header::{HeaderModels, HeaderSource};
    use super::*;
    use crate::detection::Detection;
    use crate::geometry::BBox;
    use crate::options::AnalysisOptions;
    use std::path::Path;

    pub fn detection(label: &str, [x1, y1, x2, y2]: [f32; 4]) -> Detection {
        Detection { class_id: 0, label: label.into(), confidence: 0.5, bbox: BBox::new(x1, y1, x2, y2), track_id: None }
    }

    pub fn frame(frame: u64, pts_us: i64, detections: Vec<Detection>) -> FrameResult {
        FrameResult { frame, pts_us, interpolated: false, detections, poses: vec![], places: None }
    }

    /// What a sink writes of these frames, the last of which lasts a tenth of a second.
    pub fn written(open: impl FnOnce(&Path) -> Box<dyn FrameSink>, frames: &[FrameResult]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut sink = open(&path);
        frames.iter().for_each(|f| sink.frame(f).unwrap());
        assert!(!path.exists(), "not before it is whole");
        sink.finish(&Ending { end_us: frames.last().map_or(0, |f| f.pts_us + 100_000), zones: None }).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        std::fs::read_to_string(path).unwrap()
    }

    fn writer(folder: &Path) -> ResultWriter {
        let options = AnalysisOptions::default();
        let source = HeaderSource { filename: Some("a.mp4"), width: 4, height: 2, info: None };
        let header = Header::new(source, HeaderModels { detector: Some("yolox-nano"), pose: None }, &options);
        ResultWriter::create(&Outputs::all(folder, "r"), &header, Size::new(4, 2)).unwrap()
    }

    #[test]
    fn results_read_as_the_contract_says() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path());
        writer.write(&frame(0, 33_367, vec![detection("person", [0.0, 0.0, 1.5, 2.0])])).unwrap();
        writer.finish(&Ending { end_us: 66_733, zones: None }).unwrap();
        let jsonl = std::fs::read_to_string(folder.path().join("r.jsonl")).unwrap();
        let lines: Vec<serde_json::Value> = jsonl.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines[0]["schema"], "sightline/1");
        assert_eq!((lines[1]["frame"].as_u64(), lines[1]["pts_us"].as_i64()), (Some(0), Some(33_367)));
        for kind in ["csv", "mot.txt", "coco.json", "vtt", "timeline.png", "heatmap.json"] {
            assert!(folder.path().join(format!("r.{kind}")).exists(), "{kind}");
        }
    }

    #[test]
    fn an_abandoned_writer_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        drop(writer(folder.path()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
