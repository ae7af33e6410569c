//! The list of models at one moment: a new one is made when the disk has changed, out of the old one's models.

use std::path::Path;
use std::sync::Arc;

use crate::vision::catalog::defaults::Chosen;
use crate::vision::catalog::listed::{Listed, Origin};
use crate::vision::catalog::place::Seen;
use crate::vision::catalog::slot::Slot;
use crate::vision::catalog::summary::{ModelList, ModelSummary};
use crate::vision::head::Head;
use crate::vision::manifest::{Manifest, Task};

#[derive(Default)]
pub struct Shelf {
    pub manifest: Arc<Manifest>,
    pub problem: Option<String>,
    slots: Vec<Arc<Slot>>,
}

impl Shelf {
    /// What was seen; models that did not change stay what they are, loaded or not.
    pub fn new(seen: Seen, before: &Shelf) -> Self {
        let Seen { manifest, listed, problem } = seen;
        let kept = |listed: &Listed| before.slots.iter().find(|slot| !slot.is_people() && slot.listed == *listed).cloned();
        let slot = |listed| kept(&listed).unwrap_or_else(|| Arc::new(Slot::new(listed)));
        let mut slots: Vec<Arc<Slot>> = listed.into_iter().map(slot).collect();
        let is_blazepose = |slot: &&Arc<Slot>| slot.listed.task == Some(Task::Pose) && slot.listed.head == Some(Head::Blazepose);
        if let Some(pose) = slots.iter().find(is_blazepose).cloned() {
            let kept = before.slots.iter().find(|slot| slot.is_people_of(&pose)).cloned();
            slots.push(kept.unwrap_or_else(|| Arc::new(Slot::people_of(&pose))));
        }
        Self { manifest, problem, slots }
    }

    /// The same models, and what keeps from knowing better.
    pub fn with_problem(&self, problem: String) -> Self {
        Self { manifest: Arc::clone(&self.manifest), problem: Some(problem), slots: self.slots.clone() }
    }

    /// Whether both have the same models, each in the same place.
    pub fn is_same(&self, other: &Shelf) -> bool {
        self.slots.len() == other.slots.len() && self.slots.iter().zip(&other.slots).all(|(a, b)| Arc::ptr_eq(a, b))
    }

    pub fn find(&self, name: &str) -> Option<&Arc<Slot>> {
        self.slots.iter().find(|slot| slot.name() == name)
    }

    /// The names there are, those of one task or all.
    pub fn names(&self, task: Option<Task>) -> Vec<String> {
        let is_asked = |slot: &&Arc<Slot>| task.is_none_or(|task| slot.task() == task);
        self.slots.iter().filter(is_asked).map(|slot| slot.name().to_owned()).collect()
    }

    /// The model for a client that names none: of those whose files are there the chosen one, then the one the manifest marks,
    /// its others, the folder's, BlazePose's persons. `passed` are those that turned out not to be models.
    pub fn default_of(&self, task: Task, chosen: &Chosen, passed: &[Arc<Slot>]) -> Option<&Arc<Slot>> {
        let is_chosen = |slot: &Slot| chosen.of(task) == Some(slot.name());
        let rank = |slot: &&Arc<Slot>| match slot.listed.origin {
            _ if is_chosen(slot) => 0,
            _ if slot.listed.marked => 1,
            _ if slot.is_people() => 4,
            Origin::Manifest => 2,
            Origin::Folder | Origin::Path => 3,
        };
        // What somebody decided on stays the default when it is broken, so that its error is seen.
        let decided = |slot: &Slot| is_chosen(slot) || slot.listed.marked;
        let usable = |slot: &&Arc<Slot>| {
            slot.task() == task
                && slot.listed.stamp.missing().is_none()
                && (decided(slot) || !slot.has_failed())
                && !passed.iter().any(|other| Arc::ptr_eq(slot, other))
        };
        self.slots.iter().filter(usable).min_by_key(rank)
    }

    pub fn summary(&self, slot: &Arc<Slot>, chosen: &Chosen) -> ModelSummary {
        let is_default = self.default_of(slot.task(), chosen, &[]).is_some_and(|default| Arc::ptr_eq(default, slot));
        slot.summary(is_default)
    }

    pub fn list(&self, chosen: &Chosen) -> ModelList {
        let models = self.slots.iter().map(|slot| self.summary(slot, chosen)).collect();
        ModelList { models, problem: self.problem.clone() }
    }

    /// What the operator should know: a sentence each.
    pub fn notices(&self, folder: &Path, chosen: &Chosen) -> Vec<String> {
        let instead = |task: Task| match self.default_of(task, chosen, &[]) {
            Some(other) if other.is_people() => "persons are found by the pose detector alone, and no other objects".to_owned(),
            Some(other) => format!("{} is used instead", other.name()),
            None => format!("there is no {}", task.word()),
        };
        let missing = self.slots.iter().filter(|slot| slot.listed.marked && slot.listed.stamp.missing().is_some());
        let marked = missing.map(|slot| {
            let source = slot.listed.address.as_deref().unwrap_or("its source");
            format!(
                "{} is not in {}: {}; run sightline models fetch, or scripts/setup, on a machine that reaches {source}",
                slot.name(),
                folder.display(),
                instead(slot.task())
            )
        });
        let gone = [Task::Detect, Task::Pose].into_iter().filter_map(|task| {
            let name = chosen.of(task)?;
            let is_there = self.find(name).is_some_and(|slot| slot.listed.stamp.missing().is_none());
            (!is_there).then(|| format!("{name}, the default that was chosen for {}, is not there: {}", task.word(), instead(task)))
        });
        marked.chain(gone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::catalog::place::Place;

    const MANIFEST: &str = r#"model = [
        { name = "other", task = "detect", head = "yolox", licence = "MIT", file = [{ name = "o.onnx", sha256 = "" }] },
        { name = "nano", task = "detect", head = "yolox", licence = "MIT", default = true, file = [{ name = "n.onnx", sha256 = "" }] },
        { name = "full", task = "pose", head = "blazepose", licence = "MIT", default = true, file = [{ name = "f.tflite", sha256 = "" }] },
    ]"#;

    #[test]
    fn the_default_is_the_best_of_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["o.onnx", "n.onnx", "f.tflite", "own.onnx"] {
            std::fs::write(dir.path().join(file), "x").unwrap();
        }
        let place = Place::new(dir.path(), Manifest::parse(MANIFEST).unwrap()).unwrap();
        let shelf = || Shelf::new(place.look(None).unwrap(), &Shelf::default());
        let default = |shelf: &Shelf, chosen: &Chosen| shelf.default_of(Task::Detect, chosen, &[]).map(|slot| slot.name().to_owned());
        let (nobody, own) = (Chosen::default(), Chosen { detect: Some("own".into()), pose: None });
        assert_eq!(default(&shelf(), &own).as_deref(), Some("own"), "chosen");
        for (best, file) in [("nano", "n.onnx"), ("other", "o.onnx"), ("own", "own.onnx"), ("blazepose-person", "f.tflite")] {
            assert_eq!(default(&shelf(), &nobody).as_deref(), Some(best));
            std::fs::remove_file(dir.path().join(file)).unwrap();
        }
        assert_eq!((default(&shelf(), &nobody), default(&shelf(), &own)), (None, None));
        let notices = shelf().notices(dir.path(), &own);
        assert!(notices.iter().any(|n| n.starts_with("own, the default that was chosen for detection, is not there")), "{notices:?}");
    }

    #[test]
    fn models_that_did_not_change_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["f.tflite", "own.onnx"] {
            std::fs::write(dir.path().join(file), "x").unwrap();
        }
        let place = Place::new(dir.path(), Manifest::parse(MANIFEST).unwrap()).unwrap();
        let before = Shelf::new(place.look(None).unwrap(), &Shelf::default());
        let same = Shelf::new(place.look(None).unwrap(), &before);
        assert!(same.is_same(&before) && same.with_problem("blind".into()).is_same(&before));
        std::fs::write(dir.path().join("own.onnx"), "longer").unwrap();
        let after = Shelf::new(place.look(None).unwrap(), &same);
        let is_kept = |name: &str| Arc::ptr_eq(after.find(name).unwrap(), before.find(name).unwrap());
        assert!(!after.is_same(&before) && is_kept("full") && is_kept("blazepose-person") && !is_kept("own"));
        assert_eq!(after.names(Some(Task::Pose)), ["full"]);
    }
}
