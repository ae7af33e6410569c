//! What can go wrong with the runtime and its models.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use openvino::InferenceError;

/// The oldest runtime with every function that is called here.
pub const OLDEST_RUNTIME: (u32, u32) = (2024, 4);

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("there is no OpenVINO library at {}: run scripts/setup, or say where libopenvino_c.so lies", .path.display())]
    LibraryMissing { path: PathBuf },
    #[error("{} is not OpenVINO's C library: its name must contain openvino_c", .path.display())]
    NotOpenvino { path: PathBuf },
    #[error("the OpenVINO library at {} cannot be loaded ({reason}): run scripts/setup to get a complete one", .path.display())]
    LibraryUnusable { path: PathBuf, reason: String },
    #[error("OpenVINO {found} is too old: {}.{} or newer is needed, run scripts/setup", OLDEST_RUNTIME.0, OLDEST_RUNTIME.1)]
    TooOld { found: String },
    #[error("OpenVINO did not start: {reason}")]
    NotStarted { reason: String },
    #[error("OpenVINO does not accept {value} as {key} of the device {device}: {cause}")]
    Setting { device: String, key: &'static str, value: String, cause: InferenceError },
    #[error("the model file {} is missing: run scripts/setup", name(.path))]
    ModelMissing { path: PathBuf },
    #[error("{} is not a model OpenVINO can read: {cause}", name(.path))]
    Unreadable { path: PathBuf, cause: InferenceError },
    #[error("the model {} cannot take pictures as {dims:?}: {cause}", name(.path))]
    NotReshaped { path: PathBuf, dims: Vec<usize>, cause: InferenceError },
    #[error("the model {} cannot be prepared for the device {device}: {cause}", name(.path))]
    NotCompiled { path: PathBuf, device: String, cause: InferenceError },
    #[error("the inference failed: {0}")]
    Failed(InferenceError),
    #[error("the model has no {what} of 32-bit floats at place {index}")]
    NoSuchPort { what: &'static str, index: usize },
}

/// A model's file without its folder: clients of a server get to read these, and its folders are not for them.
fn name(path: &Path) -> impl Display {
    path.file_name().unwrap_or_default().display()
}
