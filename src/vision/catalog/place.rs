//! The folder of models, looked at anew whenever somebody wants to know.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::vision::catalog::error::CatalogError;
use crate::vision::catalog::listed::{Listed, Origin};
use crate::vision::folder::{model_at, models_in};
use crate::vision::manifest::{Manifest, ManifestError};

/// Models of a folder that are listed; a folder with more is none of models.
const MOST: usize = 1000;

pub struct Place {
    folder: PathBuf,
    /// For a folder without a `manifest.toml`.
    fallback: Arc<Manifest>,
    /// Models from elsewhere, by the path of their file or folder.
    added: Mutex<Vec<PathBuf>>,
}

/// What one look saw.
pub struct Seen {
    pub manifest: Arc<Manifest>,
    pub listed: Vec<Listed>,
    /// What is wrong, in a sentence without this machine's paths.
    pub problem: Option<String>,
}

impl Place {
    pub fn new(folder: &Path, fallback: Manifest) -> Result<Self, CatalogError> {
        if !folder.is_dir() {
            return Err(CatalogError::NoFolder { path: folder.to_owned() });
        }
        Ok(Self { folder: folder.to_owned(), fallback: Arc::new(fallback), added: Mutex::default() })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Another model from anywhere; gives its name.
    pub fn add(&self, path: &Path) -> Result<String, CatalogError> {
        let found = model_at(path).ok_or_else(|| CatalogError::NoModelThere { path: path.to_owned() })?;
        let mut added = self.added.lock();
        if !added.iter().any(|known| known == path) {
            added.push(path.to_owned());
        }
        Ok(found.name)
    }

    /// The models there are now. A manifest that cannot be read leaves the one `before` in force, if there was one.
    pub fn look(&self, before: Option<&Arc<Manifest>>) -> Result<Seen, CatalogError> {
        let (manifest, mut problem) = match (self.manifest(), before) {
            (Ok(manifest), _) => (manifest, None),
            (Err(error), None) => return Err(error.into()),
            (Err(error), Some(before)) => (Arc::clone(before), Some(format!("{error}; what it said before stays in force"))),
        };
        // A folder that cannot be read is not an empty one.
        std::fs::read_dir(&self.folder)?;
        let mut listed: Vec<Listed> = manifest.models.iter().map(|entry| Listed::of_manifest(entry, &self.folder)).collect();
        for found in models_in(&self.folder) {
            let known = |l: &Listed| l.files.contains(&found.file) || *l.name == *found.name;
            if listed.len() >= MOST {
                problem = problem.or_else(|| Some(format!("there are more than {MOST} models: the others are left out")));
                break;
            }
            if !listed.iter().any(known) {
                listed.push(Listed::of_file(found, Origin::Folder));
            }
        }
        let added = self.added.lock().clone();
        for found in added.iter().filter_map(|path| model_at(path)) {
            // Whoever names a path means that file, not another one of the name.
            let place = listed.iter().position(|l| *l.name == *found.name);
            let model = Listed::of_file(found, Origin::Path);
            match place {
                Some(place) => listed[place] = model,
                None => listed.push(model),
            }
        }
        Ok(Seen { manifest, listed, problem })
    }

    fn manifest(&self) -> Result<Arc<Manifest>, ManifestError> {
        match std::fs::read_to_string(self.folder.join("manifest.toml")) {
            Ok(text) => Ok(Arc::new(Manifest::parse(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Arc::clone(&self.fallback)),
            Err(error) => Err(ManifestError::Unread(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const NANO: &str =
        r#"model = [{ name = "nano", task = "detect", head = "yolox", licence = "MIT", file = [{ name = "n.onnx", sha256 = "" }] }]"#;

    fn names(seen: &Seen) -> Vec<&str> {
        seen.listed.iter().map(|l| &*l.name).collect()
    }

    #[test]
    fn each_look_sees_what_is_there_then() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(dir.path(), Manifest::parse(NANO).unwrap()).unwrap();
        let first = place.look(None).unwrap();
        assert_eq!((names(&first), first.listed[0].stamp.missing().is_some()), (vec!["nano"], true));
        fs::write(dir.path().join("n.onnx"), "x").unwrap();
        fs::write(dir.path().join("own.onnx"), "x").unwrap();
        let second = place.look(Some(&first.manifest)).unwrap();
        assert_eq!((names(&second), second.listed[0].stamp.missing()), (vec!["nano", "own"], None));
        assert_eq!(second.listed, place.look(None).unwrap().listed, "nothing changed");
        fs::remove_file(dir.path().join("own.onnx")).unwrap();
        assert_eq!(names(&place.look(None).unwrap()), ["nano"]);
        assert!(Place::new(&dir.path().join("nowhere"), Manifest::default()).is_err());
    }

    #[test]
    fn a_broken_manifest_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("manifest.toml");
        let place = Place::new(dir.path(), Manifest::default()).unwrap();
        fs::write(&own, NANO).unwrap();
        let first = place.look(None).unwrap();
        fs::write(&own, "model = [").unwrap();
        let second = place.look(Some(&first.manifest)).unwrap();
        assert_eq!(names(&second), ["nano"]);
        assert!(second.problem.unwrap().ends_with("; what it said before stays in force"));
        assert!(place.look(None).is_err(), "there is nothing before");
        fs::remove_file(own).unwrap();
        assert_eq!(names(&place.look(Some(&first.manifest)).unwrap()), [""; 0]);
    }

    #[test]
    fn a_path_goes_before_a_name() {
        let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(dir.path().join("a.onnx"), "x").unwrap();
        let path = elsewhere.path().join("a.onnx");
        fs::write(&path, "y").unwrap();
        let place = Place::new(dir.path(), Manifest::default()).unwrap();
        assert_eq!(place.add(&path).unwrap(), "a");
        let seen = place.look(None).unwrap();
        assert_eq!((names(&seen), &seen.listed[0].files), (vec!["a"], &vec![path]));
        assert!(place.add(dir.path().join("b.onnx").as_path()).is_err());
    }
}
