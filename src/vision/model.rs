//! Loads a model's files and finds out what it is.

use std::path::{Path, PathBuf};

use crate::detection::Labels;
use crate::geometry::Size;
use crate::vision::blazepose::finder::FinderModel;
use crate::vision::blazepose::reader::ReaderModel;
use crate::vision::detector::{ObjectHead, ObjectModel};
use crate::vision::engine::Engine;
use crate::vision::engine_error::EngineError;
use crate::vision::folder::is_model;
use crate::vision::head::{Head, Layout, Unrecognised, recognise};
use crate::vision::labels::{self, Metadata};
use crate::vision::pose_estimator::BlazePoseModel;

/// A model that is compiled and understood.
#[derive(Clone)]
pub enum Model {
    Objects(ObjectModel),
    BlazePose(BlazePoseModel),
    /// BlazePose's person finder alone.
    People(FinderModel),
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{} cannot be used: {why}", .path.display())]
    Refused { path: PathBuf, why: Unrecognised },
    #[error("{} is said to have the head {told:?}, but its shapes are those of {found:?}: correct the manifest", .path.display())]
    OtherHead { path: PathBuf, told: Head, found: Head },
    #[error("{} has {classes} classes and its labels are {labels}: correct the list", .path.display())]
    LabelCount { path: PathBuf, classes: usize, labels: usize },
    #[error("the files {} are not a whole model: an object model has one network, BlazePose a person finder and a landmark model", list(.files))]
    NotWhole { files: Vec<PathBuf> },
}

/// What is known of a model before it is loaded.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub files: Vec<PathBuf>,
    pub head: Option<Head>,
    pub labels: Option<Labels>,
}

/// Reads and compiles the networks among the files.
pub fn load(engine: &Engine, known: &Known) -> Result<Model, LoadError> {
    let (mut objects, mut finder, mut reader) = (None, None, None);
    let not_whole = || LoadError::NotWhole { files: known.files.clone() };
    for path in known.files.iter().filter(|path| is_model(path)) {
        let network = engine.compile(path)?;
        let metadata = metadata_beside(path);
        let layout = recognise(network.inputs(), network.outputs(), metadata.task.as_deref())
            .map_err(|why| LoadError::Refused { path: path.clone(), why })?;
        if let Some(told) = known.head.filter(|told| *told != layout.head()) {
            return Err(LoadError::OtherHead { path: path.clone(), told, found: layout.head() });
        }
        let twice = match layout {
            Layout::PersonFinder { boxes, scores } => finder.replace(FinderModel { network, boxes, scores }).is_some(),
            Layout::Landmarks { points, flag, heatmap } => reader.replace(ReaderModel { network, points, flag, heatmap }).is_some(),
            Layout::Yolox { input, classes } => {
                let labels = labels_for(path, classes, known, &metadata)?;
                objects.replace(ObjectModel { network, input, head: ObjectHead::Yolox { classes }, labels }).is_some()
            }
            Layout::Ultralytics { input, classes, boxes } => {
                let labels = labels_for(path, classes, known, &metadata)?;
                objects.replace(ObjectModel { network, input, head: ObjectHead::Ultralytics { boxes }, labels }).is_some()
            }
        };
        if twice {
            return Err(not_whole());
        }
    }
    match (objects, finder, reader) {
        (Some(objects), None, None) => Ok(Model::Objects(objects)),
        (None, Some(finder), Some(reader)) => Ok(Model::BlazePose(BlazePoseModel { finder, reader })),
        (None, Some(finder), None) => Ok(Model::People(finder)),
        _ => Err(not_whole()),
    }
}

impl Model {
    pub fn head(&self) -> Head {
        match self {
            Model::Objects(ObjectModel { head: ObjectHead::Yolox { .. }, .. }) => Head::Yolox,
            Model::Objects(_) => Head::Ultralytics,
            Model::BlazePose(_) | Model::People(_) => Head::Blazepose,
        }
    }

    /// Of the network that sees the whole frame.
    pub fn input(&self) -> Size {
        match self {
            Model::Objects(objects) => objects.input,
            Model::BlazePose(_) | Model::People(_) => Size::new(224, 224),
        }
    }
}

/// What an Ultralytics export wrote beside its model; nothing where it wrote nothing.
pub fn metadata_beside(path: &Path) -> Metadata {
    // A stray file of that name may be anything.
    std::fs::read(path.with_file_name("metadata.yaml")).map(|bytes| labels::metadata(&String::from_utf8_lossy(&bytes))).unwrap_or_default()
}

fn labels_for(path: &Path, classes: usize, known: &Known, metadata: &Metadata) -> Result<Labels, LoadError> {
    match &known.labels {
        Some(given) if given.len() == classes => Ok(given.clone()),
        Some(given) => Err(LoadError::LabelCount { path: path.to_owned(), classes, labels: given.len() }),
        None if metadata.names.len() == classes => Ok(Labels::new(&metadata.names)),
        None => Ok(labels::for_count(classes)),
    }
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}
