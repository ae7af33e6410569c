//! Class names: those of COCO, and those an Ultralytics export writes beside its model.

use crate::detection::Labels;

/// The 80 object classes of COCO 2017, in the order every COCO detector uses (cocodataset.org, instances).
pub fn coco80() -> Labels {
    Labels::new(COCO80)
}

/// Names for a model that brings none: COCO's where it has as many classes, else numbers.
pub fn for_count(classes: usize) -> Labels {
    if classes == COCO80.len() { coco80() } else { Labels::new((0..classes).map(|i| format!("class {i}"))) }
}

/// What is read of an Ultralytics `metadata.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `detect`, `pose`, `segment`, …
    pub task: Option<String>,
    /// Class names by class id; empty where the file has none.
    pub names: Vec<String>,
    pub licence: Option<String>,
}

/// Reads the lines that PyYAML writes: `key: value`, and `names:` as an indented map of numbers or a list.
/// What is written otherwise is passed over, for names are a comfort and not a need.
pub fn metadata(text: &str) -> Metadata {
    let mut metadata = Metadata::default();
    let mut section = "";
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let (key, value) = match line.trim_start().strip_prefix("- ") {
            Some(item) => ("-", item),
            None => line.split_once(':').unwrap_or((line, "")),
        };
        let nested = key == "-" || line.starts_with(' ');
        if !nested {
            section = key.trim();
            match section {
                "task" => metadata.task = Some(scalar(value)).filter(|task| !task.is_empty()),
                "license" => metadata.licence = Some(scalar(value)).filter(|licence| !licence.is_empty()),
                _ => {}
            }
        } else if section == "names" {
            let index = if key == "-" { Some(metadata.names.len()) } else { key.trim().parse().ok() };
            // Ids come in order; a hole or a jump would give every later class a wrong name.
            if index == Some(metadata.names.len()) {
                metadata.names.push(scalar(value));
            }
        }
    }
    metadata
}

fn scalar(text: &str) -> String {
    let text = text.trim();
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    match (inside('\''), inside('"')) {
        (Some(single), _) => single.replace("''", "'"),
        (_, Some(double)) => double.replace("\\\"", "\"").replace("\\\\", "\\"),
        _ => text.to_owned(),
    }
}

const COCO80: [&str; 80] = [
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "traffic light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "bench",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "backpack",
    "umbrella",
    "handbag",
    "tie",
    "suitcase",
    "frisbee",
    "skis",
    "snowboard",
    "sports ball",
    "kite",
    "baseball bat",
    "baseball glove",
    "skateboard",
    "surfboard",
    "tennis racket",
    "bottle",
    "wine glass",
    "cup",
    "fork",
    "knife",
    "spoon",
    "bowl",
    "banana",
    "apple",
    "sandwich",
    "orange",
    "broccoli",
    "carrot",
    "hot dog",
    "pizza",
    "donut",
    "cake",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "laptop",
    "mouse",
    "remote",
    "keyboard",
    "cell phone",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coco_has_its_order() {
        let labels = coco80();
        assert_eq!((&*labels.get(0), &*labels.get(2), &*labels.get(79)), ("person", "car", "toothbrush"));
        assert_eq!(&*for_count(3).get(2), "class 2");
        assert_eq!(for_count(80), labels);
    }

    #[test]
    fn metadata_are_read_as_pyyaml_writes_them() {
        let text = "# made by a tool\nlicense: 'AGPL-3.0 License (https://ultralytics.com/license)'\ntask: detect\nimgsz:\n- 640\n- 640\n\
                    names:\n  0: Longitudinal Crack\n  1: 'driver''s seat'\n  2: \"a: b\"\nend2end: false\n";
        let read = metadata(text);
        assert_eq!(read.names, ["Longitudinal Crack", "driver's seat", "a: b"]);
        assert_eq!(read.task.as_deref(), Some("detect"));
        assert!(read.licence.unwrap().starts_with("AGPL"));
        assert_eq!(metadata("names:\n- a\n- b\n").names, ["a", "b"]);
        assert_eq!(metadata("\u{0}:\n::\n - \n"), Metadata { names: vec![], ..Metadata::default() });
    }
}
