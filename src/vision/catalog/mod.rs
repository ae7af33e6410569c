//! The models there are: those of the manifest and those that lie in the folder, as the disk has them now. Each is loaded once, when
//! it is first asked for.
//!
//! `place` looks at the disk and gives what is `listed` there, with a `stamp` of its files; a `shelf` is the list at one moment, out
//! of `slot`s that each hold one model; `defaults` are what somebody chose; `keeper` looks now and then.

pub mod defaults;
mod error;
pub mod keeper;
mod listed;
mod place;
mod shelf;
mod slot;
mod stamp;
mod summary;
mod trial;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

pub use error::CatalogError;
pub use summary::{ModelList, ModelState, ModelSummary};

use crate::options::ModelChoice;
use crate::vision::detector::Detector;
use crate::vision::engine::Engine;
use crate::vision::manifest::{Manifest, ModelFile, Task};
use crate::vision::model::Model;
use crate::vision::pose_estimator::PoseEstimator;
use defaults::{Chosen, Defaults};
use listed::Origin;
use place::Place;
use shelf::Shelf;
use slot::Slot;
use trial::try_out;

/// All models of a server. Sessions share what is loaded, and keep it when it leaves the list.
pub struct Catalog {
    engine: Engine,
    place: Place,
    defaults: Defaults,
    /// Looks that were begun.
    looks: AtomicU64,
    current: Mutex<Current>,
}

struct Current {
    shelf: Arc<Shelf>,
    /// The look it comes from: an earlier one that took longer must not undo it.
    look: u64,
    /// Grows with every change.
    revision: u64,
}

/// A model of the list, ready to be used.
struct Loaded {
    slot: Arc<Slot>,
    model: Arc<Model>,
}

/// The list without a way to load anything.
pub fn list(folder: &Path, fallback: Manifest) -> Result<(ModelList, Arc<Manifest>), CatalogError> {
    let shelf = Shelf::new(Place::new(folder, fallback)?.look(None)?, &Shelf::default());
    Ok((shelf.list(&Chosen::default()), Arc::clone(&shelf.manifest)))
}

impl Catalog {
    /// Lists the models; none is loaded yet. `fallback` is for a folder without a manifest of its own.
    pub fn open(engine: Engine, folder: &Path, fallback: Manifest) -> Result<Catalog, CatalogError> {
        let place = Place::new(folder, fallback)?;
        let shelf = Arc::new(Shelf::new(place.look(None)?, &Shelf::default()));
        let current = Mutex::new(Current { shelf, look: 0, revision: 0 });
        Ok(Catalog { engine, place, defaults: Defaults::default(), looks: AtomicU64::new(0), current })
    }

    /// The same, with what an earlier process was told about defaults.
    pub fn with_defaults_in(self, file: &Path) -> Self {
        Self { defaults: Defaults::kept_in(file), ..self }
    }

    /// Adds a model from anywhere, by the path of its file or folder, and gives the name it is asked for by.
    pub fn add(&self, path: &Path) -> Result<String, CatalogError> {
        let name = self.place.add(path)?;
        self.look();
        Ok(name)
    }

    /// Looks at the disk; gives a number that grows with every change of the list or the defaults. A disk that cannot be read
    /// leaves the list as it was.
    pub fn look(&self) -> u64 {
        let look = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
        let seen = self.place.look(Some(&self.shelf().manifest));
        let mut current = self.current.lock();
        if look < current.look {
            return current.revision;
        }
        let before = Arc::clone(&current.shelf);
        let shelf = match seen {
            Ok(seen) => Shelf::new(seen, &before),
            Err(error) => before.with_problem(error.to_string()),
        };
        let news = shelf.problem.clone().filter(|_| shelf.problem != before.problem);
        current.revision += u64::from(!shelf.is_same(&before));
        (current.look, current.shelf) = (look, Arc::new(shelf));
        let revision = current.revision;
        drop(current);
        if let Some(problem) = news {
            tracing::warn!("the list of models: {problem}");
        }
        revision
    }

    /// The models as of the last look.
    pub fn models(&self) -> Vec<ModelSummary> {
        self.list().models
    }

    pub fn list(&self) -> ModelList {
        self.shelf().list(&self.defaults.chosen())
    }

    /// Whether there is such a model for the task; only for an unknown name the disk is looked at.
    pub fn check(&self, name: &str, task: Task) -> Result<(), CatalogError> {
        if self.shelf().find(name).is_none() {
            self.look();
        }
        named(&self.shelf(), name, Some(task)).map(drop)
    }

    /// A session's own detector; none where the client wants none. Loads the model if nobody has yet, which may take seconds.
    pub fn detector(&self, choice: &ModelChoice) -> Result<Option<Detector>, CatalogError> {
        let Some(Loaded { slot, model }) = self.choose(choice, Task::Detect)? else { return Ok(None) };
        let detector = model.detector(slot.listed.name.clone()).map_err(|error| CatalogError::of_use(slot.name(), error))?;
        Ok(Some(detector.timed(Arc::clone(&slot.watch))))
    }

    /// A session's own pose estimator, with nobody followed yet; none where the client wants none.
    pub fn pose(&self, choice: &ModelChoice) -> Result<Option<PoseEstimator>, CatalogError> {
        let Some(Loaded { slot, model }) = self.choose(choice, Task::Pose)? else { return Ok(None) };
        let pose = model.pose(slot.listed.name.clone()).map_err(|error| CatalogError::of_use(slot.name(), error))?;
        Ok(Some(pose.timed(Arc::clone(&slot.watch))))
    }

    /// Loads the default models and runs each once, so that the first session does not wait. One that somebody unloaded since
    /// stays unloaded.
    pub fn warm_up(&self) -> Result<(), CatalogError> {
        for task in [Task::Detect, Task::Pose] {
            if let Some(Loaded { slot, model }) = self.default_model(task, Slot::was_tried)? {
                try_out(&slot, &model, 0)?;
            }
        }
        Ok(())
    }

    /// Loads a model, also one that failed before, and runs it once. Gives the mean time of `runs` more runs.
    pub fn prepare(&self, name: &str, runs: u32) -> Result<Duration, CatalogError> {
        let slot = self.named(name, None)?;
        if slot.has_failed() {
            slot.unload();
        }
        let model = slot.load(&self.engine)?;
        try_out(&slot, &model, runs)
    }

    /// Forgets a model that was loaded; sessions that use it keep it, and the next that asks for it loads it again.
    pub fn unload(&self, name: &str) -> Result<(), CatalogError> {
        self.named(name, None).map(|slot| slot.unload())
    }

    pub fn summary(&self, name: &str) -> Result<ModelSummary, CatalogError> {
        let shelf = self.shelf();
        let slot = named(&shelf, name, None)?;
        Ok(shelf.summary(&slot, &self.defaults.chosen()))
    }

    /// The first file of a model that is not the one the manifest names; none where all are, or nothing names them.
    pub fn altered(&self, name: &str) -> Result<Option<String>, CatalogError> {
        let slot = self.named(name, None)?;
        let shelf = self.shelf();
        let entry = shelf.manifest.models.iter().find(|entry| entry.name == name && slot.listed.origin == Origin::Manifest);
        let is_other = |file: &&ModelFile| !file.is_at(&self.place.folder().join(&file.name)).unwrap_or(false);
        Ok(entry.and_then(|entry| entry.files.iter().find(is_other)).map(|file| file.name.clone()))
    }

    /// The models that clients get who name none.
    pub fn defaults(&self) -> Chosen {
        let (shelf, chosen) = (self.shelf(), self.defaults.chosen());
        let name = |task| shelf.default_of(task, &chosen, &[]).map(|slot| slot.name().to_owned());
        Chosen { detect: name(Task::Detect), pose: name(Task::Pose) }
    }

    /// Makes models the defaults of their tasks from now on, after each has run once; none leaves it to the server again.
    pub fn choose_defaults(&self, choices: &[(Task, Option<String>)]) -> Result<(), CatalogError> {
        for (task, name) in choices {
            let Some(name) = name else { continue };
            let slot = self.named(name, Some(*task))?;
            let model = slot.load(&self.engine)?;
            // What a file is for, if it does not say so, is known only now.
            if slot.task() != *task {
                return Err(CatalogError::OtherTask { name: name.clone(), is: slot.task(), asked: *task });
            }
            try_out(&slot, &model, 0)?;
        }
        self.defaults.choose(choices);
        self.current.lock().revision += 1;
        Ok(())
    }

    /// What the operator should know: a sentence each.
    pub fn notices(&self) -> Vec<String> {
        self.shelf().notices(self.place.folder(), &self.defaults.chosen())
    }

    fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.current.lock().shelf)
    }

    /// The model of a name, by what the disk has now.
    fn named(&self, name: &str, task: Option<Task>) -> Result<Arc<Slot>, CatalogError> {
        self.look();
        named(&self.shelf(), name, task)
    }

    fn choose(&self, choice: &ModelChoice, task: Task) -> Result<Option<Loaded>, CatalogError> {
        match choice {
            ModelChoice::None => Ok(None),
            ModelChoice::Named(name) => {
                let slot = self.named(name, Some(task))?;
                let model = slot.load(&self.engine)?;
                Ok(Some(Loaded { slot, model }))
            }
            ModelChoice::Default => {
                self.look();
                self.default_model(task, |_| false)
            }
        }
    }

    /// The default of a task; none where it is to be left as it is. A file of the folder that turns out not to be a model is
    /// passed over; one that somebody decided on is an error.
    fn default_model(&self, task: Task, leave: impl Fn(&Slot) -> bool) -> Result<Option<Loaded>, CatalogError> {
        let (shelf, chosen) = (self.shelf(), self.defaults.chosen());
        let mut passed = Vec::new();
        loop {
            let slot = shelf.default_of(task, &chosen, &passed).ok_or(CatalogError::None { task })?;
            if leave(slot) {
                return Ok(None);
            }
            match slot.load(&self.engine) {
                Ok(model) => return Ok(Some(Loaded { slot: Arc::clone(slot), model })),
                Err(_) if slot.listed.origin == Origin::Folder && chosen.of(task) != Some(slot.name()) => passed.push(Arc::clone(slot)),
                Err(error) => return Err(error),
            }
        }
    }
}

fn named(shelf: &Shelf, name: &str, task: Option<Task>) -> Result<Arc<Slot>, CatalogError> {
    let unknown = || CatalogError::Unknown { name: name.to_owned(), known: shelf.names(task) };
    let slot = shelf.find(name).ok_or_else(unknown)?;
    match (slot.listed.task, task) {
        // The other way round only the model itself can tell: those for poses may find persons, too.
        (Some(is @ Task::Detect), Some(asked @ Task::Pose)) => Err(CatalogError::OtherTask { name: name.to_owned(), is, asked }),
        _ => Ok(Arc::clone(slot)),
    }
}
