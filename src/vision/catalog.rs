//! The models there are: those of the manifest and those that lie in the folder. Each is loaded once, when it is first asked for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::Serialize;

use crate::detection::Labels;
use crate::error_code::ErrorCode;
use crate::frame::RgbFrame;
use crate::geometry::{BBox, Size};
use crate::options::ModelChoice;
use crate::vision::VisionError;
use crate::vision::blazepose::people;
use crate::vision::detect_options::DetectOptions;
use crate::vision::detector::Detector;
use crate::vision::engine::Engine;
use crate::vision::folder::{Found, model_at, models_in};
use crate::vision::head::Head;
use crate::vision::manifest::{Entry, Manifest, Task};
use crate::vision::model::{Known, LoadError, Model, UseError, load, metadata_beside};
use crate::vision::pose_estimator::PoseEstimator;

#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("{} is not a folder: create it, or run scripts/setup, which fills it with models", .path.display())]
    NoFolder { path: PathBuf },
    #[error("there is no model {name:?}; there are {}", .known.join(", "))]
    Unknown { name: String, known: Vec<String> },
    #[error("the model {name} is for {}, not for {}", .is.word(), .asked.word())]
    OtherTask { name: String, is: Task, asked: Task },
    #[error("the model {name} is not complete, {} is missing: run scripts/setup", .file.display())]
    Missing { name: String, file: PathBuf },
    #[error("there is no model for {}: run scripts/setup, or put one into the models folder", .task.word())]
    None { task: Task },
    #[error("{} is neither a model file (.xml, .onnx, .tflite) nor a folder with one", .path.display())]
    NoModelThere { path: PathBuf },
    #[error("the model {name} cannot be loaded: {cause}")]
    NotLoaded {
        name: String,
        #[source]
        cause: Arc<LoadError>,
    },
    #[error(transparent)]
    NotRun(#[from] VisionError),
}

impl CatalogError {
    fn of_use(name: &str, error: UseError) -> Self {
        let name = name.to_owned();
        match error {
            UseError::OtherTask { is, asked } => Self::OtherTask { name, is, asked },
            UseError::Engine(cause) => Self::NotLoaded { name, cause: Arc::new(cause.into()) },
        }
    }

    /// The code a client gets.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown { .. } | Self::OtherTask { .. } | Self::Missing { .. } | Self::NoModelThere { .. } => ErrorCode::UnknownModel,
            Self::NoFolder { .. } | Self::None { .. } => ErrorCode::NotReady,
            Self::NotLoaded { .. } | Self::NotRun(_) => ErrorCode::InferenceFailed,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelState {
    /// Its files are there.
    Available,
    Missing,
    Loaded,
    Failed,
}

/// A model as a client sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelSummary {
    pub name: String,
    pub task: Task,
    /// None until a model without a manifest entry is loaded.
    pub head: Option<Head>,
    /// Width and height in pixels.
    pub input: Option<[u32; 2]>,
    /// How many classes it tells apart; 0 where that is not known yet.
    pub labels: usize,
    pub licence: Option<String>,
    pub state: ModelState,
    /// Whether it is the one a client gets who names none.
    pub default: bool,
    /// Why it is missing or failed.
    pub problem: Option<String>,
}

/// All models of a server. Sessions share what is loaded.
pub struct Catalog {
    engine: Engine,
    folder: PathBuf,
    slots: Vec<Slot>,
}

struct Slot {
    name: Arc<str>,
    task: Task,
    input: Option<[u32; 2]>,
    licence: Option<String>,
    /// Where its first file is fetched from.
    address: Option<String>,
    default: bool,
    source: Source,
    model: OnceLock<Result<Model, Arc<LoadError>>>,
}

enum Source {
    Manifest(Known),
    Folder(Known),
    /// The person finder of the pose model in this slot.
    PeopleOf(usize),
}

impl Catalog {
    /// Lists the models; none is loaded yet.
    pub fn open(engine: Engine, models_dir: &Path, manifest: Manifest) -> Result<Catalog, CatalogError> {
        if !models_dir.is_dir() {
            return Err(CatalogError::NoFolder { path: models_dir.to_owned() });
        }
        let listed: Vec<PathBuf> = manifest.models.iter().flat_map(|m| &m.files).map(|f| models_dir.join(&f.name)).collect();
        let mut catalog = Catalog { engine, folder: models_dir.to_owned(), slots: Vec::new() };
        catalog.slots.extend(manifest.models.into_iter().map(|entry| Slot::listed(entry, models_dir)));
        for found in models_in(models_dir) {
            if !listed.contains(&found.file) && catalog.find(&found.name).is_none() {
                catalog.slots.push(Slot::found(found));
            }
        }
        let is_blazepose =
            |slot: &Slot| slot.task == Task::Pose && matches!(&slot.source, Source::Manifest(k) if k.head == Some(Head::Blazepose));
        if let Some(pose) = catalog.slots.iter().position(is_blazepose) {
            let people = catalog.slots[pose].people(pose);
            catalog.slots.push(people);
        }
        Ok(catalog)
    }

    /// Adds a model from anywhere, by the path of its file or folder, and gives the name it is asked for by.
    pub fn add(&mut self, path: &Path) -> Result<String, CatalogError> {
        let found = model_at(path).ok_or_else(|| CatalogError::NoModelThere { path: path.to_owned() })?;
        let name = found.name.clone();
        // Whoever names a path means that file, not another one of the name.
        match self.slots.iter().position(|slot| *slot.name == *name) {
            Some(place) => self.slots[place] = Slot::found(found),
            None => self.slots.push(Slot::found(found)),
        }
        Ok(name)
    }

    pub fn models(&self) -> Vec<ModelSummary> {
        let defaults = [self.default_slot(Task::Detect), self.default_slot(Task::Pose)];
        let is_default = |slot: &Slot| defaults.iter().flatten().any(|d| std::ptr::eq(*d, slot));
        self.slots.iter().map(|slot| self.summary(slot, is_default(slot))).collect()
    }

    /// A session's own detector; none where the client wants none. Loads the model if nobody has yet, which may take seconds.
    pub fn detector(&self, choice: &ModelChoice) -> Result<Option<Detector>, CatalogError> {
        let Some((slot, model)) = self.choose(choice, Task::Detect)? else { return Ok(None) };
        detector_of(&slot.name, model).map(Some)
    }

    /// A session's own pose estimator, with nobody followed yet; none where the client wants none.
    pub fn pose(&self, choice: &ModelChoice) -> Result<Option<PoseEstimator>, CatalogError> {
        let Some((slot, model)) = self.choose(choice, Task::Pose)? else { return Ok(None) };
        model.pose(slot.name.clone()).map(Some).map_err(|error| CatalogError::of_use(&slot.name, error))
    }

    /// The detector at a path, which is loaded for this call alone.
    pub fn detector_from_path(&self, path: &Path) -> Result<Detector, CatalogError> {
        let slot = Slot::found(model_at(path).ok_or_else(|| CatalogError::NoModelThere { path: path.to_owned() })?);
        let model = self.load(&slot)?;
        detector_of(&slot.name, model)
    }

    /// Loads the default models and runs each once, so that the first session does not wait.
    pub fn warm_up(&self) -> Result<(), CatalogError> {
        let frame = RgbFrame::filled(Size::new(640, 360), [114; 3]);
        if let Some(mut detector) = self.detector(&ModelChoice::Default)? {
            detector.detect(&frame, &DetectOptions::default())?;
        }
        if let Some(mut pose) = self.pose(&ModelChoice::Default)? {
            pose.estimate(&frame, &[BBox::new(200.0, 0.0, 400.0, 360.0)], 1)?;
        }
        Ok(())
    }

    /// What the operator should know: a sentence each.
    pub fn notices(&self) -> Vec<String> {
        let missing = |slot: &&Slot| slot.default && self.missing_file(slot).is_some();
        let instead = |slot: &Slot| match (slot.task, self.default_slot(slot.task)) {
            (_, Some(other)) if &*other.name == people::NAME => {
                "persons are found by the pose detector alone, and no other objects".to_owned()
            }
            (_, Some(other)) => format!("{} is used instead", other.name),
            (task, None) => format!("there is no {}", task.word()),
        };
        let sentence = |slot: &Slot| {
            let folder = self.folder.display();
            let source = slot.address.as_deref().unwrap_or("its source");
            format!("{} is not in {folder}: {}; run scripts/setup on a machine that reaches {source}", slot.name, instead(slot))
        };
        self.slots.iter().filter(missing).map(sentence).collect()
    }

    fn find(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| *slot.name == *name)
    }

    fn choose(&self, choice: &ModelChoice, task: Task) -> Result<Option<(&Slot, &Model)>, CatalogError> {
        match choice {
            ModelChoice::None => Ok(None),
            ModelChoice::Named(name) => {
                let known = || self.slots.iter().filter(|s| s.task == task).map(|s| s.name.to_string()).collect();
                let slot = self.find(name).ok_or_else(|| CatalogError::Unknown { name: name.clone(), known: known() })?;
                if slot.task != task {
                    return Err(CatalogError::OtherTask { name: name.clone(), is: slot.task, asked: task });
                }
                Ok(Some((slot, self.load(slot)?)))
            }
            // A file of the folder that turns out not to be a model is passed over from then on; one of the manifest is an error.
            ModelChoice::Default => loop {
                let none = || CatalogError::None { task };
                let slot = self.default_slot(task).ok_or_else(none)?;
                match self.load(slot) {
                    Ok(model) => return Ok(Some((slot, model))),
                    Err(_) if matches!(slot.source, Source::Folder(_)) => continue,
                    Err(error) => return Err(error),
                }
            },
        }
    }

    /// The model for a client that names none: of those whose files are there the marked one, then the manifest's, then the folder's,
    /// then BlazePose's persons.
    fn default_slot(&self, task: Task) -> Option<&Slot> {
        let usable = |slot: &&Slot| {
            let pose_head = task != Task::Pose || matches!(&slot.source, Source::Manifest(_));
            slot.task == task && pose_head && self.missing_file(slot).is_none() && !matches!(slot.model.get(), Some(Err(_)))
        };
        let rank = |slot: &&Slot| match (&slot.source, slot.default) {
            (_, true) => 0,
            (Source::Manifest(_), _) => 1,
            (Source::Folder(_), _) => 2,
            (Source::PeopleOf(_), _) => 3,
        };
        // A broken model of the manifest stays the default, so that its error is seen.
        let broken = |slot: &&Slot| slot.task == task && slot.default && matches!(slot.model.get(), Some(Err(_)));
        self.slots.iter().filter(|slot| usable(slot) || broken(slot)).min_by_key(rank)
    }

    fn missing_file<'a>(&'a self, slot: &'a Slot) -> Option<&'a Path> {
        match &slot.source {
            Source::Manifest(known) | Source::Folder(known) => known.files.iter().find(|file| !file.is_file()).map(PathBuf::as_path),
            Source::PeopleOf(pose) => self.missing_file(self.slots.get(*pose)?),
        }
    }

    fn load<'a>(&'a self, slot: &'a Slot) -> Result<&'a Model, CatalogError> {
        let name = || slot.name.to_string();
        let known = match &slot.source {
            Source::PeopleOf(pose) => {
                let pose = self.slots.get(*pose).ok_or_else(|| CatalogError::Unknown { name: name(), known: Vec::new() })?;
                return self.load(pose);
            }
            Source::Manifest(known) | Source::Folder(known) => known,
        };
        if let Some(file) = self.missing_file(slot) {
            return Err(CatalogError::Missing { name: name(), file: file.to_owned() });
        }
        let loaded = slot.model.get_or_init(|| load(&self.engine, known).map_err(Arc::new));
        loaded.as_ref().map_err(|cause| CatalogError::NotLoaded { name: name(), cause: cause.clone() })
    }

    fn summary(&self, slot: &Slot, default: bool) -> ModelSummary {
        let inner = match slot.source {
            Source::PeopleOf(pose) => self.slots.get(pose).unwrap_or(slot),
            _ => slot,
        };
        // Clients need not know where the server keeps its files.
        let shown = |problem: String| problem.replace(&format!("{}/", self.folder.display()), "");
        let (state, problem) = match (self.missing_file(slot), inner.model.get()) {
            (_, Some(Ok(_))) => (ModelState::Loaded, None),
            (_, Some(Err(cause))) => (ModelState::Failed, Some(shown(cause.to_string()))),
            (Some(file), None) => (ModelState::Missing, Some(shown(format!("{} is missing: run scripts/setup", file.display())))),
            (None, None) => (ModelState::Available, None),
        };
        let model = inner.model.get().and_then(|m| m.as_ref().ok());
        let known = match &slot.source {
            Source::Manifest(known) | Source::Folder(known) => Some(known),
            Source::PeopleOf(_) => None,
        };
        // The manifest may name the keypoints of a model for poses; one that is loaded tells its classes.
        let labels = match (model, known) {
            (_, None) => 1,
            (Some(model), _) if slot.task == Task::Detect => model.labels().len(),
            (_, Some(known)) => known.labels.as_ref().map_or(0, Labels::len),
        };
        ModelSummary {
            name: slot.name.to_string(),
            task: slot.task,
            head: model.map(Model::head).or(known.map_or(Some(Head::Blazepose), |k| k.head)),
            input: model.and_then(Model::input).or(slot.input),
            labels,
            licence: slot.licence.clone(),
            state,
            default,
            problem,
        }
    }
}

fn detector_of(name: &Arc<str>, model: &Model) -> Result<Detector, CatalogError> {
    model.detector(name.clone()).map_err(|error| CatalogError::of_use(name, error))
}

impl Slot {
    fn listed(entry: Entry, folder: &Path) -> Self {
        let known = Known {
            files: entry.files.iter().map(|file| folder.join(&file.name)).collect(),
            head: Some(entry.head),
            input: entry.input,
            told: entry.told,
            labels: entry.labels.as_ref().and_then(|source| source.labels()),
        };
        let address = entry.files.into_iter().find_map(|file| file.address);
        let (name, licence, source) = (entry.name.into(), Some(entry.licence), Source::Manifest(known));
        let Entry { task, input, default, .. } = entry;
        Self { name, task, input, licence, address, default, source, model: OnceLock::new() }
    }

    fn found(found: Found) -> Self {
        let metadata = metadata_beside(&found.file);
        let task = if metadata.task.as_deref() == Some("pose") { Task::Pose } else { Task::Detect };
        let known = Known { files: vec![found.file], ..Known::default() };
        let (name, licence, source) = (found.name.into(), metadata.licence, Source::Folder(known));
        Self { name, task, input: None, licence, address: None, default: false, source, model: OnceLock::new() }
    }

    /// The person detector that comes with this pose model.
    fn people(&self, place: usize) -> Self {
        Self {
            name: people::NAME.into(),
            task: Task::Detect,
            input: Some([224, 224]),
            licence: self.licence.clone(),
            address: None,
            default: false,
            source: Source::PeopleOf(place),
            model: OnceLock::new(),
        }
    }
}
