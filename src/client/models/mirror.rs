//! A folder that has the files already, under whatever names.

use std::path::{Path, PathBuf};

use crate::vision::manifest::ModelFile;

/// Folders below a mirror that are looked into; a link may lead back up.
const DEEPEST: usize = 8;

/// The file under `mirror` with the right content.
pub fn find(mirror: &Path, file: &ModelFile) -> Option<PathBuf> {
    below(mirror, file, DEEPEST)
}

fn below(folder: &Path, file: &ModelFile, depth: usize) -> Option<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    let here = files.into_iter().find(|path| file.is_at(path).unwrap_or(false));
    here.or_else(|| folders.iter().filter(|_| depth > 0).find_map(|folder| below(folder, file, depth - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(dir.path().join("nano.onnx"), "other").unwrap();
        std::fs::write(deep.join("renamed"), "hello").unwrap();
        std::os::unix::fs::symlink(dir.path(), deep.join("up")).unwrap();
        let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let file = |sha256: &str| ModelFile { name: "nano.onnx".into(), sha256: sha256.into(), ..ModelFile::default() };
        assert_eq!(find(dir.path(), &file(sha256)), Some(deep.join("renamed")));
        assert_eq!(find(dir.path(), &file("00")), None);
    }
}
