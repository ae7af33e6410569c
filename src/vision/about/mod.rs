//! What a model's file says about itself, read without running it. A file that says nothing, or cannot be read, is no error: it says
//! nothing.

mod ir;
mod metadata;
mod onnx;
mod tflite;
mod weights;

use std::path::Path;

use crate::vision::told::Told;

pub use weights::Weights;

/// What was found in a file and beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// `detect`, `pose`, `segment`, …
    pub task: Option<String>,
    /// Class names by class id; empty where none are given.
    pub names: Vec<String>,
    pub licence: Option<String>,
    /// Width and height of the pictures it was exported for, in pixels.
    pub input: Option<[u32; 2]>,
    pub told: Told,
    /// The numbers most of its weights are stored in.
    pub weights: Option<Weights>,
}

/// No model that runs on a processor is larger; what is said in a larger file is not looked for.
const LARGEST: u64 = 2 << 30;

/// Reads an IR's `.xml`, an ONNX or a TFLite file, and what lies beside it.
pub fn about(path: &Path) -> About {
    beside(path).or(within(path))
}

/// What lies beside a model's file: an exporter's `metadata.yaml`, or `labels.txt` with a name in each line.
pub fn beside(path: &Path) -> About {
    // Stray files of these names may be anything.
    let text = |name: &str| {
        let path = path.with_file_name(name);
        let small = std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= metadata::LARGEST as u64);
        let bytes = if small { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
        String::from_utf8_lossy(&bytes).into_owned()
    };
    metadata::read(&text("metadata.yaml")).or(About { names: lines(&text("labels.txt")), ..About::default() })
}

fn within(path: &Path) -> About {
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

/// A name in each line, as lists of labels are written.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

impl About {
    /// What is said here, and where nothing is said, what the other says.
    fn or(self, other: About) -> About {
        About {
            task: self.task.or(other.task),
            names: if self.names.is_empty() { other.names } else { self.names },
            licence: self.licence.or(other.licence),
            input: self.input.or(other.input),
            told: self.told.or(&other.told),
            weights: self.weights.or(other.weights),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beside_a_file_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("a.xml");
        std::fs::write(
            &model,
            r#"<net><rt_info><model_info><labels value="a b"/><scale_values value="255"/></model_info></rt_info></net>"#,
        )
        .unwrap();
        assert_eq!(about(&model).names, ["a", "b"]);
        std::fs::write(folder.path().join("labels.txt"), "one\n two words \n\n").unwrap();
        assert_eq!(about(&model).names, ["one", "two words"]);
        std::fs::write(folder.path().join("metadata.yaml"), "names: [x]\ntask: pose\n").unwrap();
        let said = about(&model);
        assert_eq!((said.names, said.task.as_deref(), said.told.scale.is_some()), (vec!["x".to_owned()], Some("pose"), true));
        assert_eq!(about(&folder.path().join("nothing.onnx")).task.as_deref(), Some("pose"));
    }
}
