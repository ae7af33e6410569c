//! The folder that OpenVINO keeps compiled models in. It removes none: those of models that were replaced would fill the disk.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Bytes of all that are kept; a compiled model is about as large as its file.
pub const MOST: u64 = 2 << 30;

/// Removes the oldest ones that are more than `most` bytes together. One that is missed is compiled again.
pub fn prune(folder: &Path, most: u64) {
    let mut blobs: Vec<(SystemTime, u64, PathBuf)> = std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(blob).collect();
    blobs.sort();
    let mut total: u64 = blobs.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, bytes, path) in blobs {
        if total <= most {
            return;
        }
        match std::fs::remove_file(&path) {
            Ok(()) => total -= bytes,
            Err(error) => tracing::warn!(path = %path.display(), %error, "an old compiled model could not be removed"),
        }
    }
}

fn blob(entry: std::fs::DirEntry) -> Option<(SystemTime, u64, PathBuf)> {
    let path = entry.path();
    let found = entry.metadata().ok().filter(|m| m.is_file() && path.extension().is_some_and(|ext| ext == "blob"))?;
    Some((found.modified().ok()?, found.len(), path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_oldest_go_until_the_rest_fits() {
        let dir = tempfile::tempdir().unwrap();
        for (age, name) in [(3, "a.blob"), (1, "b.blob"), (2, "c.blob"), (9, "of_another.kind")] {
            let path = dir.path().join(name);
            std::fs::write(&path, [0; 100]).unwrap();
            let time = SystemTime::now() - Duration::from_secs(age * 60);
            std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        }
        let left = || {
            let mut names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            names.sort();
            names
        };
        prune(dir.path(), 300);
        assert_eq!(left().len(), 4);
        prune(dir.path(), 150);
        assert_eq!(left(), ["b.blob", "of_another.kind"]);
        prune(&dir.path().join("nowhere"), 0);
    }
}
