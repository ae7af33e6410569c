//! What tells a model's files from those that lay there before.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file that changed this short a time ago may still be on its way into the folder.
const SETTLED: Duration = Duration::from_secs(1);

/// The files of a model, each with its mark; none where a file is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, Option<Mark>)>);

/// Length and time change while a file is copied, the number when another one is put into its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    bytes: u64,
    number: u64,
    changed: SystemTime,
}

impl Stamp {
    /// Looks at the files; `beside` are those that a model can do without.
    pub fn of(files: &[PathBuf], beside: &[PathBuf]) -> Self {
        let needed = files.iter().map(|file| (file.clone(), mark(file)));
        let others = beside.iter().filter_map(|file| Some((file.clone(), Some(mark(file)?))));
        Self(needed.chain(others).collect())
    }

    /// The first file that is not there.
    pub fn missing(&self) -> Option<&Path> {
        self.0.iter().find(|(_, mark)| mark.is_none()).map(|(file, _)| file.as_path())
    }

    /// Whether a file changed a moment ago. A file of tomorrow, by a clock that is wrong, did not.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        let fresh = |mark: &Mark| now.duration_since(mark.changed).is_ok_and(|age| age < SETTLED);
        self.0.iter().filter_map(|(_, mark)| mark.as_ref()).any(fresh)
    }
}

fn mark(file: &Path) -> Option<Mark> {
    let found = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
    Some(Mark { bytes: found.len(), number: found.ino(), changed: found.modified().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_change_of_a_file_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let [model, beside] = ["a.xml", "a.bin"].map(|name| dir.path().join(name));
        let look = || Stamp::of(std::slice::from_ref(&model), std::slice::from_ref(&beside));
        assert_eq!(look().missing(), Some(model.as_path()));
        fs::write(&model, "half").unwrap();
        let half = look();
        assert_eq!((half.missing(), &half), (None, &look()));
        fs::write(&beside, "weights").unwrap();
        let with_weights = look();
        assert_ne!(with_weights, half, "a file beside it came");
        fs::write(dir.path().join("other"), "HALF").unwrap();
        fs::File::open(dir.path().join("other")).unwrap().set_modified(fs::metadata(&model).unwrap().modified().unwrap()).unwrap();
        fs::rename(dir.path().join("other"), &model).unwrap();
        assert_ne!(look(), with_weights, "another file of the same length and time");
    }

    #[test]
    fn a_file_is_fresh_for_a_moment() {
        let dir = tempfile::tempdir().unwrap();
        let model = dir.path().join("a.onnx");
        fs::write(&model, "x").unwrap();
        let written = fs::metadata(&model).unwrap().modified().unwrap();
        let stamp = Stamp::of(&[model], &[]);
        assert!(stamp.is_fresh(written) && stamp.is_fresh(written + SETTLED / 2));
        assert!(!stamp.is_fresh(written + SETTLED) && !stamp.is_fresh(written - Duration::from_secs(60)));
    }
}
