//! Which models clients get who name none, as somebody chose while the server ran. Kept in a file, so that it outlives the process.

use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::vision::manifest::Task;

/// A model's name for each task; none leaves it to the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    pub detect: Option<String>,
    pub pose: Option<String>,
}

impl Chosen {
    pub fn of(&self, task: Task) -> Option<&str> {
        match task {
            Task::Detect => self.detect.as_deref(),
            Task::Pose => self.pose.as_deref(),
        }
    }

    fn set(&mut self, task: Task, name: Option<String>) {
        match task {
            Task::Detect => self.detect = name,
            Task::Pose => self.pose = name,
        }
    }
}

#[derive(Debug, Default)]
pub struct Defaults {
    chosen: Mutex<Chosen>,
    file: Option<PathBuf>,
}

impl Defaults {
    /// What an earlier process was told. A file that cannot be read is told in the log: the server can do without.
    pub fn kept_in(file: &Path) -> Self {
        let read = || -> Result<Chosen, String> {
            match std::fs::read_to_string(file) {
                Ok(text) => toml::from_str(&text).map_err(|e| e.message().to_owned()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Chosen::default()),
                Err(error) => Err(error.to_string()),
            }
        };
        let chosen = read().unwrap_or_else(|reason| {
            tracing::warn!("the chosen default models in {} cannot be read ({reason}): the server's own are used", file.display());
            Chosen::default()
        });
        Self { chosen: Mutex::new(chosen), file: Some(file.to_owned()) }
    }

    pub fn chosen(&self) -> Chosen {
        self.chosen.lock().clone()
    }

    /// Holds from now on; a file that cannot be written is told in the log.
    pub fn choose(&self, choices: &[(Task, Option<String>)]) {
        let chosen = {
            let mut chosen = self.chosen.lock();
            choices.iter().for_each(|(task, name)| chosen.set(*task, name.clone()));
            chosen.clone()
        };
        if let Some(file) = &self.file
            && let Err(error) = write(file, &chosen)
        {
            tracing::warn!(%error, "the chosen default models are forgotten with this process: {} cannot be written", file.display());
        }
    }
}

fn write(file: &Path, chosen: &Chosen) -> io::Result<()> {
    let text = toml::to_string(chosen).map_err(io::Error::other)?;
    let part = file.with_extension("toml.part");
    std::fs::write(&part, text)?;
    std::fs::rename(part, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_outlive_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("defaults.toml");
        let defaults = Defaults::kept_in(&file);
        assert_eq!(defaults.chosen(), Chosen::default());
        defaults.choose(&[(Task::Detect, Some("nano".into())), (Task::Pose, Some("full".into()))]);
        defaults.choose(&[(Task::Pose, None)]);
        let again = Defaults::kept_in(&file).chosen();
        assert_eq!(again, Chosen { detect: Some("nano".into()), pose: None });
        assert_eq!((again.of(Task::Detect), again.of(Task::Pose)), (Some("nano"), None));
        std::fs::write(&file, "detect = 7").unwrap();
        assert_eq!(Defaults::kept_in(&file).chosen(), Chosen::default());
    }
}
