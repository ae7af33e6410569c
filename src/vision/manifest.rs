//! `models/manifest.toml` as values: which models the program knows by name, where they come from and under which licence.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::detection::Labels;
use crate::pose::Skeleton;
use crate::vision::head::Head;
use crate::vision::labels;
use crate::vision::told::Told;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    Detect,
    Pose,
}

impl Task {
    pub fn word(self) -> &'static str {
        match self {
            Task::Detect => "detection",
            Task::Pose => "pose",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Manifest {
    #[serde(default, rename = "model")]
    pub models: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Entry {
    pub name: String,
    pub task: Task,
    pub head: Head,
    /// Width and height of the model's input. A model that leaves them open, or has others, is made to take them.
    #[serde(default)]
    pub input: Option<[u32; 2]>,
    #[serde(default)]
    pub labels: Option<LabelSource>,
    pub licence: String,
    #[serde(rename = "file")]
    pub files: Vec<ModelFile>,
    /// Whether it is taken where a client names none.
    #[serde(default)]
    pub default: bool,
    /// What its files do not tell, or tell wrongly, about how it is fed and read.
    #[serde(flatten)]
    pub told: Told,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum LabelSource {
    /// `"coco80"`, or a skeleton's name for the keypoints of a pose model.
    Known(String),
    List(Vec<String>),
}

/// One file of a model.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ModelFile {
    /// Its path within the folder of models.
    pub name: String,
    /// Hex.
    pub sha256: String,
    /// In bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// Where it is fetched from, if not out of an archive.
    #[serde(default)]
    pub address: Option<String>,
    /// The address of a zip file that has it as `member`.
    #[serde(default)]
    pub archive: Option<String>,
    #[serde(default)]
    pub member: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("the model manifest cannot be read: {0}")]
    Unread(#[source] std::io::Error),
    #[error("the model manifest is no TOML of its kind: {0}")]
    Syntax(#[from] toml::de::Error),
    #[error("the model manifest names {name:?} twice")]
    Twice { name: String },
    #[error("the model manifest gives {model:?} no file: a model has one or more")]
    NoFiles { model: String },
    #[error("the model manifest gives {model:?} the file {file:?}, which lies outside the folder of models")]
    Outside { model: String, file: String },
    #[error("the model manifest gives {model:?} the labels {labels:?}: \"coco80\" or a list is expected")]
    Labels { model: String, labels: String },
}

impl Manifest {
    pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
        let manifest: Manifest = toml::from_str(text)?;
        let mut names = HashSet::new();
        for entry in &manifest.models {
            let model = || entry.name.clone();
            if !names.insert(&entry.name) {
                return Err(ManifestError::Twice { name: model() });
            }
            if entry.files.is_empty() {
                return Err(ManifestError::NoFiles { model: model() });
            }
            let outside = |path: &Path| !path.components().all(|part| matches!(part, Component::Normal(_)));
            if let Some(file) = entry.files.iter().find(|file| file.name.is_empty() || outside(Path::new(&file.name))) {
                return Err(ManifestError::Outside { model: model(), file: file.name.clone() });
            }
            if let Some(LabelSource::Known(word)) = entry.labels.as_ref().filter(|source| source.labels().is_none()) {
                return Err(ManifestError::Labels { model: model(), labels: word.clone() });
            }
        }
        Ok(manifest)
    }
}

impl ModelFile {
    /// Whether this very file lies there.
    pub fn is_at(&self, path: &Path) -> std::io::Result<bool> {
        let file = std::fs::File::open(path)?;
        if self.size.is_some_and(|size| file.metadata().is_ok_and(|m| m.len() != size)) {
            return Ok(false);
        }
        let (mut reader, mut digest) = (BufReader::with_capacity(1 << 20, file), Sha256::new());
        while let bytes = reader.fill_buf()?
            && !bytes.is_empty()
        {
            digest.update(bytes);
            let length = bytes.len();
            reader.consume(length);
        }
        let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(hex.eq_ignore_ascii_case(&self.sha256))
    }
}

impl LabelSource {
    pub fn labels(&self) -> Option<Labels> {
        match self {
            LabelSource::Known(word) => match word.as_str() {
                "coco80" => Some(labels::coco80()),
                "coco17" => Some(Labels::new(Skeleton::Coco17.names())),
                "blazepose33" => Some(Labels::new(Skeleton::BlazePose33.names())),
                _ => None,
            },
            LabelSource::List(names) => Some(Labels::new(names)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::letterbox::Fit;
    use crate::vision::told::Channels;

    const TEXT: &str = r#"
        [[model]]
        name = "yolox-nano"
        task = "detect"
        head = "yolox"
        input = [416, 416]
        labels = "coco80"
        licence = "Apache-2.0"
        default = true
        letterbox = "top-left"
        scale = 1
        file = [{ name = "yolox_nano.onnx", sha256 = "695e", address = "https://example.org/yolox_nano.onnx" }]

        [[model]]
        name = "blazepose-full"
        task = "pose"
        head = "blazepose"
        licence = "Apache-2.0"
        file = [
            { name = "pose_detection.tflite", sha256 = "9ba9", wheel = "mediapipe==0.10.21", member = "a/pose_detection.tflite" },
            { name = "pose_landmark_full.tflite", sha256 = "e9a5", wheel = "mediapipe==0.10.21", member = "a/pose_landmark_full.tflite" },
        ]
    "#;

    #[test]
    fn a_manifest_is_read() {
        let manifest = Manifest::parse(TEXT).unwrap();
        let [yolox, blazepose] = &manifest.models[..] else { panic!() };
        assert_eq!((yolox.task, yolox.head, yolox.input, yolox.default), (Task::Detect, Head::Yolox, Some([416, 416]), true));
        assert_eq!((yolox.told.letterbox, yolox.told.scale), (Some(Fit::TopLeft), Some(Channels::All(1.0))));
        assert_eq!(blazepose.told, Told::default());
        assert_eq!(yolox.labels.as_ref().unwrap().labels().unwrap().len(), 80);
        assert_eq!((blazepose.files.len(), blazepose.default), (2, false));
        assert_eq!(Manifest::parse("").unwrap(), Manifest::default());
    }

    #[test]
    fn mistakes_are_named() {
        let change = |from: &str, to: &str| Manifest::parse(&TEXT.replace(from, to)).unwrap_err();
        assert!(matches!(change("blazepose-full", "yolox-nano"), ManifestError::Twice { .. }));
        assert!(matches!(change("\"yolox_nano.onnx\"", "\"../x.onnx\""), ManifestError::Outside { .. }));
        assert!(matches!(change("\"yolox_nano.onnx\"", "\"/etc/x.onnx\""), ManifestError::Outside { .. }));
        assert!(matches!(change("coco80", "coco81"), ManifestError::Labels { .. }));
        assert!(matches!(change("\"yolox\"", "\"yolo9\""), ManifestError::Syntax(_)));
    }
}
