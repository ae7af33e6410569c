//! A model's place in the list: it is loaded once, however many ask, and not while the list is locked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use parking_lot::{Condvar, Mutex};

use crate::detection::Labels;
use crate::vision::blazepose::people;
use crate::vision::catalog::error::CatalogError;
use crate::vision::catalog::listed::Listed;
use crate::vision::catalog::summary::{ModelState, ModelSummary};
use crate::vision::engine::Engine;
use crate::vision::manifest::Task;
use crate::vision::model::{Known, LoadError, Model, load};
use crate::vision::stopwatch::Stopwatch;

pub struct Slot {
    pub listed: Listed,
    /// The pose model whose person finder this is: it is loaded in this one's place.
    pose: Option<Arc<Slot>>,
    life: Mutex<Life>,
    /// Told when a load has ended.
    ended: Condvar,
    pub watch: Arc<Stopwatch>,
    /// Whether it has run once.
    tried: AtomicBool,
}

#[derive(Clone)]
enum Life {
    Idle,
    Loading,
    Loaded(Arc<Model>),
    Failed(Arc<LoadError>),
}

impl Slot {
    pub fn new(listed: Listed) -> Self {
        Self {
            listed,
            pose: None,
            life: Mutex::new(Life::Idle),
            ended: Condvar::new(),
            watch: Arc::default(),
            tried: AtomicBool::new(false),
        }
    }

    /// The person detector that comes with a pose model.
    pub fn people_of(pose: &Arc<Slot>) -> Self {
        let listed = Listed {
            name: people::NAME.into(),
            task: Some(Task::Detect),
            input: Some([224, 224]),
            labels: Some(people::labels()),
            marked: false,
            ..pose.listed.clone()
        };
        Self { pose: Some(Arc::clone(pose)), ..Self::new(listed) }
    }

    pub fn is_people_of(&self, pose: &Arc<Slot>) -> bool {
        self.pose.as_ref().is_some_and(|own| Arc::ptr_eq(own, pose))
    }

    pub fn is_people(&self) -> bool {
        self.pose.is_some()
    }

    pub fn name(&self) -> &str {
        &self.listed.name
    }

    /// What it is for; of a file that says nothing, objects are supposed until it is loaded.
    pub fn task(&self) -> Task {
        self.listed.task.or_else(|| self.loaded().map(|model| model.task())).unwrap_or(Task::Detect)
    }

    /// The model, if it is loaded.
    pub fn loaded(&self) -> Option<Arc<Model>> {
        match &*self.keeper().life.lock() {
            Life::Loaded(model) => Some(Arc::clone(model)),
            _ => None,
        }
    }

    pub fn was_tried(&self) -> bool {
        self.tried.load(Ordering::Relaxed)
    }

    pub fn set_tried(&self) {
        self.tried.store(true, Ordering::Relaxed);
    }

    pub fn has_failed(&self) -> bool {
        matches!(&*self.keeper().life.lock(), Life::Failed(_))
    }

    /// The model; whoever asks first loads it, which may take seconds, and the others wait.
    pub fn load(&self, engine: &Engine) -> Result<Arc<Model>, CatalogError> {
        self.load_by(|known| load(engine, known))
    }

    fn load_by(&self, load: impl FnOnce(&Known) -> Result<Model, LoadError>) -> Result<Arc<Model>, CatalogError> {
        let keeper = self.keeper();
        if let Some(file) = self.listed.stamp.missing() {
            return Err(CatalogError::Missing { name: self.name().to_owned(), file: file.to_owned() });
        }
        let mut life = keeper.life.lock();
        while matches!(*life, Life::Loading) {
            keeper.ended.wait(&mut life);
        }
        match &*life {
            Life::Loaded(model) => return Ok(Arc::clone(model)),
            Life::Failed(cause) => return Err(self.not_loaded(Arc::clone(cause))),
            Life::Idle | Life::Loading => *life = Life::Loading,
        }
        drop(life);
        let mut turn = Turn { slot: keeper, then: Life::Idle };
        match load(&keeper.listed.known()) {
            Ok(model) => {
                let model = Arc::new(model);
                turn.then = Life::Loaded(Arc::clone(&model));
                Ok(model)
            }
            // Half a file is no broken model: the next who asks tries again.
            Err(cause) if keeper.is_incoming() => {
                let reason = self.listed.without_folders(cause.to_string());
                Err(CatalogError::Incoming { name: self.name().to_owned(), reason })
            }
            Err(cause) => {
                let cause = Arc::new(cause);
                turn.then = Life::Failed(Arc::clone(&cause));
                Err(self.not_loaded(cause))
            }
        }
    }

    fn not_loaded(&self, cause: Arc<LoadError>) -> CatalogError {
        CatalogError::NotLoaded { name: self.name().to_owned(), reason: self.listed.without_folders(cause.to_string()), cause }
    }

    /// Whether the files are not, or not any more, what the list was made from, or changed just now.
    fn is_incoming(&self) -> bool {
        let now = self.listed.stamp_now();
        now != self.listed.stamp || now.is_fresh(SystemTime::now())
    }

    /// Forgets what was loaded, or that it failed; sessions that use the model keep it. The next who asks loads it again.
    pub fn unload(&self) {
        let keeper = self.keeper();
        let mut life = keeper.life.lock();
        while matches!(*life, Life::Loading) {
            keeper.ended.wait(&mut life);
        }
        *life = Life::Idle;
    }

    pub fn summary(&self, default: bool) -> ModelSummary {
        let life = self.keeper().life.lock().clone();
        let listed = &self.listed;
        let (state, problem) = match (&life, listed.stamp.missing()) {
            (Life::Loaded(_), _) => (ModelState::Loaded, None),
            (Life::Loading, _) => (ModelState::Loading, None),
            (Life::Failed(cause), _) => (ModelState::Failed, Some(listed.without_folders(cause.to_string()))),
            (Life::Idle, Some(file)) => {
                let problem = format!("{} is missing: run sightline models fetch, or scripts/setup", file.display());
                (ModelState::Missing, Some(listed.without_folders(problem)))
            }
            (Life::Idle, None) if listed.stamp.is_fresh(SystemTime::now()) => (ModelState::Incoming, None),
            (Life::Idle, None) => (ModelState::Available, None),
        };
        let model = match life {
            Life::Loaded(model) => Some(model),
            _ => None,
        };
        let task = self.task();
        // The manifest may name the keypoints of a model for poses; one that is loaded tells its classes.
        let labels = match &model {
            Some(model) if task == Task::Detect && !self.is_people() => model.labels().len(),
            _ => listed.labels.as_ref().map_or(0, Labels::len),
        };
        ModelSummary {
            name: listed.name.to_string(),
            task,
            head: model.as_ref().map(|model| model.head()).or(listed.head),
            input: model.as_ref().and_then(|model| model.input()).or(listed.input),
            labels,
            licence: listed.licence.clone(),
            precision: model.as_ref().and_then(|model| model.precision()),
            state,
            default,
            inference_ms: self.watch.read(),
            problem,
        }
    }

    /// The slot that the model is loaded in.
    fn keeper(&self) -> &Slot {
        self.pose.as_deref().unwrap_or(self)
    }
}

/// One load under way. However it ends, also by a panic, those who wait are told.
struct Turn<'a> {
    slot: &'a Slot,
    then: Life,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.slot.life.lock() = self.then.clone();
        self.slot.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicU32;
    use std::time::Duration;

    use crate::vision::catalog::listed::Origin;
    use crate::vision::folder::model_at;

    fn slot(folder: &Path, changed: SystemTime) -> Slot {
        let file = folder.join("own.onnx");
        std::fs::write(&file, "no model").unwrap();
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(changed).unwrap();
        Slot::new(Listed::of_file(model_at(&file).unwrap(), Origin::Folder))
    }

    fn long_ago() -> SystemTime {
        SystemTime::now() - Duration::from_secs(3600)
    }

    fn refuse(known: &Known) -> Result<Model, LoadError> {
        Err(LoadError::NotWhole { files: known.files.clone() })
    }

    #[test]
    fn many_who_ask_at_once_load_once() {
        const MANY: usize = 8;
        let dir = tempfile::tempdir().unwrap();
        let slot = slot(dir.path(), long_ago());
        let (loads, all) = (AtomicU32::new(0), Barrier::new(MANY));
        let state = || slot.summary(false).state;
        let load = |known: &Known| {
            loads.fetch_add(1, Ordering::Relaxed);
            assert_eq!(state(), ModelState::Loading, "the list can be read meanwhile");
            refuse(known)
        };
        let ask = || {
            all.wait();
            slot.load_by(load)
        };
        let outcomes = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..MANY).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(CatalogError::NotLoaded { .. }))));
        assert_eq!((loads.load(Ordering::Relaxed), state()), (1, ModelState::Failed));
        slot.unload();
        assert_eq!(state(), ModelState::Available);
        assert!(slot.load_by(load).is_err() && loads.load(Ordering::Relaxed) == 2, "it is tried again on request");
    }

    #[test]
    fn a_file_that_is_still_changing_has_not_failed() {
        let dir = tempfile::tempdir().unwrap();
        let slot = slot(dir.path(), long_ago());
        let grows = |known: &Known| {
            std::fs::write(&known.files[0], "more of it").unwrap();
            refuse(known)
        };
        assert!(matches!(slot.load_by(grows), Err(CatalogError::Incoming { .. })));
        assert!(!slot.has_failed());
    }

    #[test]
    fn a_panic_ends_the_load() {
        let dir = tempfile::tempdir().unwrap();
        let slot = slot(dir.path(), long_ago());
        let load = || slot.load_by(|_| panic!("a fault"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(load)).is_err());
        assert_eq!(slot.summary(false).state, ModelState::Available);
    }
}
