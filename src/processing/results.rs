//! The per-frame results on disk: JSON Lines with a header, and the detections as CSV. Written under a temporary name;
//! a file with its final name is whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::options::AnalysisOptions;
use crate::pipeline::result::FrameResult;
use crate::video::SourceInfo;

/// The first line of the results.
#[derive(Debug, Serialize)]
pub struct Header<'a> {
    pub schema: &'static str,
    pub source: HeaderSource<'a>,
    pub models: HeaderModels<'a>,
    pub options: &'a AnalysisOptions,
    /// Seconds a tick of `pts_us`.
    pub timebase: &'static str,
}

#[derive(Debug, Serialize)]
pub struct HeaderSource<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<&'a str>,
    pub width: u32,
    pub height: u32,
    #[serde(flatten)]
    pub info: Option<&'a SourceInfo>,
}

#[derive(Debug, Serialize)]
pub struct HeaderModels<'a> {
    pub detector: Option<&'a str>,
    pub pose: Option<&'a str>,
}

impl<'a> Header<'a> {
    pub fn new(source: HeaderSource<'a>, models: HeaderModels<'a>, options: &'a AnalysisOptions) -> Self {
        Self { schema: "sightline/1", source, models, options, timebase: "1/1000000" }
    }
}

/// Where results go; none is written where there is no path.
#[derive(Clone, Debug, Default)]
pub struct ResultPaths {
    pub jsonl: Option<PathBuf>,
    pub csv: Option<PathBuf>,
}

#[derive(Debug)]
pub struct ResultWriter {
    jsonl: Option<Partial>,
    csv: Option<Partial>,
}

impl ResultWriter {
    pub fn create(paths: &ResultPaths, header: &Header<'_>) -> io::Result<Self> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(Partial::create).transpose();
        let mut writer = Self { jsonl: open(&paths.jsonl)?, csv: open(&paths.csv)? };
        if let Some(jsonl) = &mut writer.jsonl {
            json_line(&mut jsonl.file, header)?;
        }
        if let Some(csv) = &mut writer.csv {
            writeln!(csv.file, "frame,pts_us,track_id,class_id,label,confidence,x1,y1,x2,y2")?;
        }
        Ok(writer)
    }

    pub fn write(&mut self, result: &FrameResult) -> io::Result<()> {
        if let Some(jsonl) = &mut self.jsonl {
            json_line(&mut jsonl.file, result)?;
        }
        if let Some(csv) = &mut self.csv {
            for d in &result.detections {
                let track = d.track_id.map(|t| t.to_string()).unwrap_or_default();
                let b = &d.bbox;
                writeln!(
                    csv.file,
                    "{},{},{track},{},{},{:.4},{:.2},{:.2},{:.2},{:.2}",
                    result.frame,
                    result.pts_us,
                    d.class_id,
                    csv_field(&d.label),
                    d.confidence,
                    b.x1,
                    b.y1,
                    b.x2,
                    b.y2
                )?;
            }
        }
        Ok(())
    }

    /// Gives the files their names.
    pub fn finish(self) -> io::Result<()> {
        for partial in [self.jsonl, self.csv].into_iter().flatten() {
            partial.finish()?;
        }
        Ok(())
    }
}

fn json_line(file: &mut BufWriter<File>, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *file, value)?;
    file.write_all(b"\n")
}

/// RFC 4180: quoted where the text holds a separator.
fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// A file under a temporary name, removed if it is never finished.
#[derive(Debug)]
struct Partial {
    file: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
    finished: bool,
}

impl Partial {
    fn create(path: &Path) -> io::Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let partial = PathBuf::from(name);
        let file = BufWriter::with_capacity(64 * 1024, File::create(&partial)?);
        Ok(Self { file, partial, path: path.to_owned(), finished: false })
    }

    fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        std::fs::rename(&self.partial, &self.path)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.finished {
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detection::Detection;
    use crate::geometry::BBox;

    #[test]
    fn results_read_as_the_contract_says() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ResultPaths { jsonl: Some(folder.path().join("r.jsonl")), csv: Some(folder.path().join("r.csv")) };
        let options = AnalysisOptions::default();
        let source = HeaderSource { filename: Some("a.mp4"), width: 4, height: 2, info: None };
        let header = Header::new(source, HeaderModels { detector: Some("yolox-nano"), pose: None }, &options);
        let mut writer = ResultWriter::create(&paths, &header).unwrap();
        let detection =
            Detection { class_id: 0, label: "a,b".into(), confidence: 0.5, bbox: BBox::new(0.0, 0.0, 1.5, 2.0), track_id: None };
        writer.write(&FrameResult { frame: 0, pts_us: 33_367, detections: vec![detection], poses: vec![] }).unwrap();
        assert!(!folder.path().join("r.jsonl").exists(), "not before it is whole");
        writer.finish().unwrap();
        let jsonl = std::fs::read_to_string(folder.path().join("r.jsonl")).unwrap();
        let lines: Vec<serde_json::Value> = jsonl.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines[0]["schema"], "sightline/1");
        assert_eq!(lines[1]["pts_us"], 33_367);
        let csv = std::fs::read_to_string(folder.path().join("r.csv")).unwrap();
        assert_eq!(csv.lines().nth(1), Some("0,33367,,0,\"a,b\",0.5000,0.00,0.00,1.50,2.00"));
    }

    #[test]
    fn an_abandoned_writer_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ResultPaths { jsonl: Some(folder.path().join("r.jsonl")), csv: None };
        let options = AnalysisOptions::default();
        let source = HeaderSource { filename: None, width: 4, height: 2, info: None };
        let header = Header::new(source, HeaderModels { detector: None, pose: None }, &options);
        drop(ResultWriter::create(&paths, &header).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
