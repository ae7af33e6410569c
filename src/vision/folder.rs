//! The models that lie in a folder: each file, or folder with one, is a model named after it.

use std::path::{Path, PathBuf};

/// A model on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    /// The file OpenVINO reads.
    pub file: PathBuf,
}

/// The models of a folder by name. Files that are no models and folders without one are passed over; an unreadable folder has none.
pub fn models_in(folder: &Path) -> Vec<Found> {
    let mut found: Vec<Found> = entries(folder).into_iter().filter_map(|path| model_at(&path)).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.file.cmp(&b.file)));
    // `yolo.onnx` beside `yolo.xml` is the same model twice.
    found.dedup_by(|later, first| later.name == first.name);
    found
}

/// The model that a path names: the file itself, or the first one of a folder.
pub fn model_at(path: &Path) -> Option<Found> {
    let named = |name: Option<&std::ffi::OsStr>, file: PathBuf| Some(Found { name: name?.to_str()?.to_owned(), file });
    if path.is_dir() {
        let mut files: Vec<_> = entries(path).into_iter().filter(|file| is_model(file)).collect();
        files.sort();
        named(path.file_name(), files.into_iter().next()?)
    } else if is_model(path) {
        named(path.file_stem(), path.to_owned())
    } else {
        None
    }
}

/// Whether it is a file in a format OpenVINO reads.
pub fn is_model(path: &Path) -> bool {
    let known = |ext: &std::ffi::OsStr| ["xml", "onnx", "tflite"].iter().any(|known| ext.eq_ignore_ascii_case(known));
    path.extension().is_some_and(known) && path.is_file()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_and_folders_are_models() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("road_damage")).unwrap();
        fs::create_dir(dir.path().join("empty")).unwrap();
        for file in ["b.onnx", "a.TFLITE", "b.xml", "b.bin", "manifest.toml", "road_damage/best.xml", "road_damage/metadata.yaml"] {
            fs::write(dir.path().join(file), "").unwrap();
        }
        let found = models_in(dir.path());
        assert_eq!(found.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["a", "b", "road_damage"]);
        assert!(found[2].file.ends_with("road_damage/best.xml"));
        assert_eq!(models_in(&dir.path().join("nowhere")), []);
        assert_eq!(model_at(&dir.path().join("manifest.toml")), None);
        assert_eq!(model_at(&dir.path().join("road_damage")).unwrap().name, "road_damage");
    }
}
