//! The files that an analysis leaves: their kinds, their endings, where they go.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::ids::ResultId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputKind {
    /// The annotated MP4.
    Video,
    /// JSON Lines, one a frame.
    Frames,
    /// The detections as CSV.
    Table,
    /// The detections in MOTChallenge's text format.
    Mot,
    /// Detections and poses in COCO's JSON format.
    Coco,
    /// What is seen when, as WebVTT captions.
    Captions,
    /// Small pictures of the video in one PNG, and a WebVTT index of them.
    Sheet,
    SheetIndex,
    /// Detections a second by class, as a PNG.
    Timeline,
    /// All the others in one ZIP, made when somebody asks for it.
    Archive,
}

impl OutputKind {
    pub const ALL: [Self; 10] = [
        Self::Video,
        Self::Frames,
        Self::Table,
        Self::Mot,
        Self::Coco,
        Self::Captions,
        Self::Sheet,
        Self::SheetIndex,
        Self::Timeline,
        Self::Archive,
    ];

    /// What comes after the name and its dot.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Video => "mp4",
            Self::Frames => "jsonl",
            Self::Table => "csv",
            Self::Mot => "mot.txt",
            Self::Coco => "coco.json",
            Self::Captions => "vtt",
            Self::Sheet => "sheet.png",
            Self::SheetIndex => "sheet.vtt",
            Self::Timeline => "timeline.png",
            Self::Archive => "zip",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Video => "video/mp4",
            Self::Frames => "application/jsonl",
            Self::Table => "text/csv; charset=utf-8",
            Self::Mot => "text/plain; charset=utf-8",
            Self::Coco => "application/json",
            Self::Captions | Self::SheetIndex => "text/vtt; charset=utf-8",
            Self::Sheet | Self::Timeline => "image/png",
            Self::Archive => "application/zip",
        }
    }

    pub fn file_name(self, id: &ResultId) -> String {
        format!("{id}.{}", self.ending())
    }

    /// Where it is downloaded.
    pub fn url(self, id: &ResultId) -> String {
        format!("/uploads/results/{}", self.file_name(id))
    }
}

/// What to write and where; what has no path is not written.
#[derive(Clone, Debug, Default)]
pub struct Outputs(BTreeMap<OutputKind, PathBuf>);

impl Outputs {
    /// All kinds that an analysis makes, side by side under one name.
    pub fn all(folder: &Path, name: &str) -> Self {
        let made = OutputKind::ALL.into_iter().filter(|kind| *kind != OutputKind::Archive);
        Self(made.map(|kind| (kind, folder.join(format!("{name}.{}", kind.ending())))).collect())
    }

    /// Sets or unsets one path.
    pub fn set(&mut self, kind: OutputKind, path: Option<PathBuf>) {
        match path {
            Some(path) => self.0.insert(kind, path),
            None => self.0.remove(&kind),
        };
    }

    pub fn get(&self, kind: OutputKind) -> Option<&Path> {
        self.0.get(&kind).map(PathBuf::as_path)
    }

    pub fn video(&self) -> Option<&Path> {
        self.get(OutputKind::Video)
    }

    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.values().map(PathBuf::as_path)
    }
}

/// Removes all that a finished analysis left in the folder of results, as far as it can be removed.
pub fn remove(folder: &Path, id: &ResultId) -> io::Result<()> {
    let each = OutputKind::ALL.into_iter().map(|kind| match std::fs::remove_file(folder.join(kind.file_name(id))) {
        // It is removed already.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    });
    each.fold(Ok(()), io::Result::and)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_share_a_name() {
        let outputs = Outputs::all(Path::new("/r"), "abc");
        let mut paths: Vec<_> = outputs.paths().collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), OutputKind::ALL.len() - 1);
        assert_eq!(outputs.video(), Some(Path::new("/r/abc.mp4")));
    }

    #[test]
    fn removing_leaves_what_belongs_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (ResultId::random(), ResultId::random());
        for name in [format!("{one}.mp4"), format!("{one}.zip"), format!("{one}.sheet.vtt"), format!("{other}.mp4")] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        remove(folder.path(), &one).unwrap();
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, [format!("{other}.mp4").as_str()]);
        std::fs::create_dir(folder.path().join(format!("{one}.csv"))).unwrap();
        assert!(remove(folder.path(), &one).is_err(), "what cannot be removed is told");
    }
}
