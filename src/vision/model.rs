//! Loads a model's files, finds out what it is and hands out its detectors and pose estimators.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::detection::Labels;
use crate::vision::about::{Weights, about};
use crate::vision::blazepose::finder::FinderModel;
use crate::vision::blazepose::people;
use crate::vision::blazepose::reader::ReaderModel;
use crate::vision::detector::{Detector, ObjectHead, ObjectModel};
use crate::vision::engine::Engine;
use crate::vision::engine_error::EngineError;
use crate::vision::folder::is_model;
use crate::vision::head::{Head, Layout, Unrecognised, recognise};
use crate::vision::labels::{self, Metadata};
use crate::vision::manifest::Task;
use crate::vision::pose_estimator::{BlazePoseModel, PoseEstimator};

/// A model that is compiled and understood.
#[derive(Clone)]
pub struct Model {
    networks: Networks,
    labels: Labels,
    weights: Option<Weights>,
}

#[derive(Clone)]
enum Networks {
    Objects(ObjectModel),
    BlazePose(BlazePoseModel),
    /// BlazePose's person finder alone.
    People(FinderModel),
}

/// Why a model that is loaded cannot be used for this.
#[derive(Debug, thiserror::Error)]
pub enum UseError {
    #[error("it is for {}, not for {}", .is.word(), .asked.word())]
    OtherTask { is: Task, asked: Task },
    #[error(transparent)]
    Engine(#[from] EngineError),
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
    let networks = match (objects, finder, reader) {
        (Some(objects), None, None) => Networks::Objects(objects),
        (None, Some(finder), Some(reader)) => Networks::BlazePose(BlazePoseModel { finder, reader }),
        (None, Some(finder), None) => Networks::People(finder),
        _ => return Err(not_whole()),
    };
    let labels = match &networks {
        Networks::Objects(objects) => objects.labels.clone(),
        Networks::BlazePose(_) | Networks::People(_) => people::labels(),
    };
    let weights = known.files.iter().filter(|path| is_model(path)).map(|path| about(path).weights);
    Ok(Model { networks, labels, weights: weights.reduce(|a, b| a.filter(|_| a == b)).flatten() })
}

impl Model {
    pub fn head(&self) -> Head {
        match &self.networks {
            Networks::Objects(ObjectModel { head: ObjectHead::Yolox { .. }, .. }) => Head::Yolox,
            Networks::Objects(_) => Head::Ultralytics,
            Networks::BlazePose(_) | Networks::People(_) => Head::Blazepose,
        }
    }

    /// What it is for in the first place. A model for poses may find persons, too: `detector` tells.
    pub fn task(&self) -> Task {
        match &self.networks {
            Networks::Objects(_) | Networks::People(_) => Task::Detect,
            Networks::BlazePose(_) => Task::Pose,
        }
    }

    /// Width and height of the network that sees the whole frame, in pixels.
    pub fn input(&self) -> Option<[u32; 2]> {
        match &self.networks {
            Networks::Objects(objects) => Some([objects.input.width, objects.input.height]),
            Networks::BlazePose(_) | Networks::People(_) => Some([224, 224]),
        }
    }

    /// The classes its detector tells apart.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The numbers its weights are stored in; none where the file does not tell, or its files differ.
    pub fn precision(&self) -> Option<Weights> {
        self.weights
    }

    /// A session's own detector. BlazePose finds persons.
    pub fn detector(&self, name: Arc<str>) -> Result<Detector, UseError> {
        Ok(match &self.networks {
            Networks::Objects(objects) => Detector::objects(name, objects)?,
            Networks::BlazePose(BlazePoseModel { finder, .. }) | Networks::People(finder) => Detector::people(name, finder)?,
        })
    }

    /// A session's own pose estimator, with nobody followed yet.
    pub fn pose(&self, name: Arc<str>) -> Result<PoseEstimator, UseError> {
        match &self.networks {
            Networks::BlazePose(blazepose) => Ok(PoseEstimator::new(name, blazepose)?),
            Networks::Objects(_) | Networks::People(_) => Err(UseError::OtherTask { is: self.task(), asked: Task::Pose }),
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
