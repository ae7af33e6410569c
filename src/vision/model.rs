//! Loads a model's files, finds out what it is and hands out its detectors and pose estimators.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::detection::Labels;
use crate::geometry::Size;
use crate::vision::about::{self, About, Weights, about};
use crate::vision::blazepose::estimator::BlazePoseModel;
use crate::vision::blazepose::finder::FinderModel;
use crate::vision::blazepose::people;
use crate::vision::blazepose::reader::ReaderModel;
use crate::vision::detector::Detector;
use crate::vision::engine::Engine;
use crate::vision::engine_error::EngineError;
use crate::vision::folder::is_model;
use crate::vision::head::{Head, Unrecognised};
use crate::vision::heads::ObjectHead;
use crate::vision::labels;
use crate::vision::manifest::Task;
use crate::vision::objects::ObjectModel;
use crate::vision::pose_estimator::PoseEstimator;
use crate::vision::recognise::{Hints, Layout, recognise};
use crate::vision::single_pose::SinglePoseModel;
use crate::vision::told::Told;

/// A model that is compiled and understood.
#[derive(Clone)]
pub struct Model {
    networks: Networks,
    labels: Labels,
    weights: Option<Weights>,
}

#[derive(Clone)]
enum Networks {
    Objects {
        head: Head,
        objects: ObjectModel,
    },
    BlazePose(BlazePoseModel),
    /// BlazePose's person finder alone.
    People(FinderModel),
    SinglePose(SinglePoseModel),
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
    /// Width and height in pixels; a model of another size is made to take it, if it can.
    pub input: Option<[u32; 2]>,
    pub labels: Option<Labels>,
    pub told: Told,
}

/// Reads and compiles the networks among the files.
pub fn load(engine: &Engine, known: &Known) -> Result<Model, LoadError> {
    let (mut objects, mut finder, mut reader, mut single) = (None, None, None, None);
    let not_whole = || LoadError::NotWhole { files: known.files.clone() };
    let mut weights = Vec::new();
    for path in known.files.iter().filter(|path| is_model(path)) {
        let about = about(path);
        let told = known.told.or(&about.told);
        let size = |[width, height]: [u32; 2]| Size::new(width, height);
        // BlazePose's networks have a size each, of which the manifest names one.
        let asked = known.input.filter(|_| known.head != Some(Head::Blazepose)).map(size);
        let network = engine.compile(engine.read(path)?.fix(asked, about.input.map(size), told.layout)?)?;
        let names = known.labels.as_ref().map_or(about.names.len(), Labels::len);
        let hints = Hints { task: about.task.as_deref(), names, head: known.head, order: told.layout };
        let layout = recognise(network.inputs(), network.outputs(), hints).map_err(|why| LoadError::Refused { path: path.clone(), why })?;
        if let Some(told) = known.head.filter(|told| *told != layout.head()) {
            return Err(LoadError::OtherHead { path: path.clone(), told, found: layout.head() });
        }
        let word = layout.head();
        let twice = match layout {
            Layout::PersonFinder { boxes, scores } => finder.replace(FinderModel { network, boxes, scores }).is_some(),
            Layout::Landmarks { points, flag, heatmap } => reader.replace(ReaderModel { network, points, flag, heatmap }).is_some(),
            Layout::MoveNet { side } => single.replace(SinglePoseModel { network, side }).is_some(),
            Layout::Objects { head, feed } => {
                let labels = labels_for(path, &head, known, &about.names)?;
                objects.replace((word, ObjectModel::new(network, feed, head, labels, &told)?)).is_some()
            }
        };
        if twice {
            return Err(not_whole());
        }
        weights.push(about.weights);
    }
    let networks = match (objects, finder, reader, single) {
        (Some((head, objects)), None, None, None) => Networks::Objects { head, objects },
        (None, Some(finder), Some(reader), None) => Networks::BlazePose(BlazePoseModel { finder, reader }),
        (None, Some(finder), None, None) => Networks::People(finder),
        (None, None, None, Some(single)) => Networks::SinglePose(single),
        _ => return Err(not_whole()),
    };
    Ok(Model { labels: networks.labels(), networks, weights: weights.into_iter().reduce(|a, b| a.filter(|_| a == b)).flatten() })
}

impl Networks {
    fn labels(&self) -> Labels {
        match self {
            Networks::Objects { objects, .. } => objects.labels().clone(),
            Networks::BlazePose(_) | Networks::People(_) => people::labels(),
            Networks::SinglePose(_) => Labels::new([""; 0]),
        }
    }
}

impl Model {
    pub fn head(&self) -> Head {
        match &self.networks {
            Networks::Objects { head, .. } => *head,
            Networks::BlazePose(_) | Networks::People(_) => Head::Blazepose,
            Networks::SinglePose(_) => Head::Movenet,
        }
    }

    /// What it is for in the first place. A model for poses may find persons, too: `detector` tells.
    pub fn task(&self) -> Task {
        match &self.networks {
            Networks::Objects { objects, .. } if objects.head().has_keypoints() => Task::Pose,
            Networks::Objects { .. } | Networks::People(_) => Task::Detect,
            Networks::BlazePose(_) | Networks::SinglePose(_) => Task::Pose,
        }
    }

    /// Width and height of the network that sees the whole frame, in pixels.
    pub fn input(&self) -> Option<[u32; 2]> {
        match &self.networks {
            Networks::Objects { objects, .. } => Some([objects.feed().size.width, objects.feed().size.height]),
            Networks::BlazePose(_) | Networks::People(_) => Some([224, 224]),
            Networks::SinglePose(single) => Some([single.side as u32; 2]),
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

    /// A session's own detector. BlazePose and YOLO for poses find persons.
    pub fn detector(&self, name: Arc<str>) -> Result<Detector, UseError> {
        match &self.networks {
            Networks::Objects { objects, .. } => Ok(Detector::objects(name, objects)?),
            Networks::BlazePose(BlazePoseModel { finder, .. }) | Networks::People(finder) => Ok(Detector::people(name, finder)?),
            Networks::SinglePose(_) => Err(UseError::OtherTask { is: Task::Pose, asked: Task::Detect }),
        }
    }

    /// A session's own pose estimator, with nobody followed yet.
    pub fn pose(&self, name: Arc<str>) -> Result<PoseEstimator, UseError> {
        match &self.networks {
            Networks::BlazePose(blazepose) => Ok(PoseEstimator::blazepose(name, blazepose)?),
            Networks::SinglePose(single) => Ok(PoseEstimator::single_pose(name, single)?),
            Networks::Objects { objects, .. } if objects.head().has_keypoints() => Ok(PoseEstimator::whole_frame(name, objects)?),
            Networks::Objects { .. } | Networks::People(_) => Err(UseError::OtherTask { is: self.task(), asked: Task::Pose }),
        }
    }
}

/// What an exporter wrote beside its model; nothing where it wrote nothing.
pub fn metadata_beside(path: &Path) -> About {
    about::beside(path)
}

/// The names that are given, else those of the file, else those usual for so many classes.
fn labels_for(path: &Path, head: &ObjectHead, known: &Known, names: &[String]) -> Result<Labels, LoadError> {
    let fits = |count: usize| head.classes().is_none_or(|classes| classes == count);
    match &known.labels {
        // A model for poses lists its keypoints.
        Some(given) if !head.has_keypoints() => match head.classes() {
            Some(classes) if given.len() != classes => Err(LoadError::LabelCount { path: path.to_owned(), classes, labels: given.len() }),
            _ => Ok(given.clone()),
        },
        _ if !names.is_empty() && fits(names.len()) => Ok(Labels::new(names)),
        _ if head.has_keypoints() => Ok(people::labels()),
        _ => Ok(labels::for_count(head.classes().unwrap_or(0))),
    }
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}
