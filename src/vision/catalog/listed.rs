//! A model as the disk tells it: what is known before it is loaded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::detection::Labels;
use crate::vision::catalog::stamp::Stamp;
use crate::vision::folder::Found;
use crate::vision::head::Head;
use crate::vision::manifest::{Entry, Task};
use crate::vision::model::{Known, metadata_beside};
use crate::vision::told::Told;

/// Who brought a model into the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Manifest,
    Folder,
    /// Somebody named it by its path.
    Path,
}

/// Two that are equal are the same model: what is loaded of the one is good for the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub name: Arc<str>,
    pub origin: Origin,
    /// None where only loading tells.
    pub task: Option<Task>,
    pub head: Option<Head>,
    pub input: Option<[u32; 2]>,
    pub told: Told,
    pub labels: Option<Labels>,
    pub licence: Option<String>,
    /// Where its first file is fetched from.
    pub address: Option<String>,
    /// Whether the manifest marks it as its task's default.
    pub marked: bool,
    pub files: Vec<PathBuf>,
    pub stamp: Stamp,
}

impl Listed {
    pub fn of_manifest(entry: &Entry, folder: &Path) -> Self {
        let files: Vec<PathBuf> = entry.files.iter().map(|file| folder.join(&file.name)).collect();
        Self {
            name: entry.name.as_str().into(),
            origin: Origin::Manifest,
            task: Some(entry.task),
            head: Some(entry.head),
            input: entry.input,
            told: entry.told,
            labels: entry.labels.as_ref().and_then(|source| source.labels()),
            licence: Some(entry.licence.clone()),
            address: entry.files.iter().find_map(|file| file.address.clone()),
            marked: entry.default,
            stamp: Stamp::of(&files, &beside(&files)),
            files,
        }
    }

    pub fn of_file(found: Found, origin: Origin) -> Self {
        let metadata = metadata_beside(&found.file);
        let task = metadata.task.map(|word| if word == "pose" { Task::Pose } else { Task::Detect });
        let files = vec![found.file];
        Self {
            name: found.name.into(),
            origin,
            task,
            head: None,
            input: None,
            told: Told::default(),
            labels: None,
            licence: metadata.licence,
            address: None,
            marked: false,
            stamp: Stamp::of(&files, &beside(&files)),
            files,
        }
    }

    /// The same files as they are now.
    pub fn stamp_now(&self) -> Stamp {
        Stamp::of(&self.files, &beside(&self.files))
    }

    /// A text about the files as one line, with their names alone: clients need not know where the server keeps them.
    pub fn without_folders(&self, text: String) -> String {
        // OpenVINO's reasons have several lines.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let folders = self.files.iter().filter_map(|file| file.parent()).map(|folder| format!("{}/", folder.display()));
        folders.filter(|folder| folder != "/").fold(text, |text, folder| text.replace(&folder, ""))
    }

    pub fn known(&self) -> Known {
        Known { files: self.files.clone(), head: self.head, input: self.input, told: self.told, labels: self.labels.clone() }
    }
}

/// What belongs to a model without being named: the weights of an IR, and what `about` reads beside a model.
fn beside(files: &[PathBuf]) -> Vec<PathBuf> {
    let of = |file: &PathBuf| [file.with_extension("bin"), file.with_file_name("metadata.yaml"), file.with_file_name("labels.txt")];
    files.iter().flat_map(of).collect()
}
