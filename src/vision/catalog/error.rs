//! Why there is no such model, or not now.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error_code::ErrorCode;
use crate::vision::VisionError;
use crate::vision::manifest::{ManifestError, Task};
use crate::vision::model::{LoadError, UseError};

#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("{} is not a folder: create it, or run scripts/setup, which fills it with models", .path.display())]
    NoFolder { path: PathBuf },
    #[error("the folder of models cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("there is no model {name:?}; {}", there(.known))]
    Unknown { name: String, known: Vec<String> },
    #[error("the model {name} is for {}, not for {}", .is.word(), .asked.word())]
    OtherTask { name: String, is: Task, asked: Task },
    #[error("the model {name} is not complete, {} is missing: run sightline models fetch, or scripts/setup", .file.file_name().unwrap_or_default().display())]
    Missing { name: String, file: PathBuf },
    #[error("the model {name} cannot be loaded yet, for it changed just now and may still be copied ({reason}): try again in a moment")]
    Incoming { name: String, reason: String },
    #[error("there is no model for {}: run scripts/setup, or put one into the models folder", .task.word())]
    None { task: Task },
    #[error("{} is neither a model file (.xml, .onnx, .tflite) nor a folder with one", .path.display())]
    NoModelThere { path: PathBuf },
    /// `reason` is the cause without this machine's folders: clients get to read it.
    #[error("the model {name} cannot be loaded: {reason}")]
    NotLoaded {
        name: String,
        reason: String,
        #[source]
        cause: Arc<LoadError>,
    },
    #[error(transparent)]
    NotRun(#[from] VisionError),
}

impl CatalogError {
    pub(super) fn of_use(name: &str, error: UseError) -> Self {
        let name = name.to_owned();
        match error {
            UseError::OtherTask { is, asked } => Self::OtherTask { name, is, asked },
            UseError::Engine(cause) => Self::NotLoaded { name, reason: cause.to_string(), cause: Arc::new(cause.into()) },
        }
    }

    /// The code a client gets.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown { .. } | Self::OtherTask { .. } | Self::Missing { .. } | Self::NoModelThere { .. } => ErrorCode::UnknownModel,
            Self::NoFolder { .. } | Self::Unreadable(_) | Self::Manifest(_) | Self::None { .. } | Self::Incoming { .. } => {
                ErrorCode::NotReady
            }
            Self::NotLoaded { .. } | Self::NotRun(_) => ErrorCode::InferenceFailed,
        }
    }
}

fn there(known: &[String]) -> String {
    if known.is_empty() { "there is none".to_owned() } else { format!("there are {}", known.join(", ")) }
}
