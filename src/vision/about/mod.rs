//! What a model's file says about itself, read without running it. A file that says nothing, or cannot be read, is no error: it says
//! nothing.

mod ir;
mod onnx;
mod tflite;
mod weights;

use std::path::Path;

pub use weights::Weights;

/// What was found in a file and beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// The numbers most of its weights are stored in.
    pub weights: Option<Weights>,
}

/// No model that runs on a processor is larger; what is said in a larger file is not looked for.
const LARGEST: u64 = 2 << 30;

/// Reads an IR's `.xml`, an ONNX or a TFLite file.
pub fn about(path: &Path) -> About {
    let small = std::fs::metadata(path).is_ok_and(|m| m.len() <= LARGEST);
    let Some(bytes) = small.then(|| std::fs::read(path).ok()).flatten() else { return About::default() };
    let is = |wanted: &str| path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case(wanted));
    let said = match () {
        () if is("xml") => ir::read(&bytes),
        () if is("onnx") => onnx::read(&bytes),
        () if is("tflite") => tflite::read(&bytes),
        () => None,
    };
    said.unwrap_or_default()
}
