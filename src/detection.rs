//! What a detector says of one frame.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::geometry::{BBox, rounded};

/// A detector's class names, by class id. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels(Arc<[Arc<str>]>);

impl Labels {
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(names.into_iter().map(|n| Arc::from(n.as_ref())).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of a class; `class 7` for an id beyond the list.
    pub fn get(&self, class_id: usize) -> Arc<str> {
        self.0.get(class_id).cloned().unwrap_or_else(|| Arc::from(format!("class {class_id}")))
    }

    /// The id of a class by its name, in any case.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|n| n.eq_ignore_ascii_case(name))
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|n| n.as_ref())
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detection {
    pub class_id: usize,
    pub label: Arc<str>,
    /// 0..=1.
    #[serde(serialize_with = "four_decimals")]
    pub confidence: f32,
    pub bbox: BBox,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_id: Option<u32>,
}

fn four_decimals<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*value, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detection_reads_as_the_contract_says() {
        let detection =
            Detection { class_id: 0, label: "person".into(), confidence: 0.91296, bbox: BBox::new(1.0, 2.0, 3.0, 4.0), track_id: Some(1) };
        assert_eq!(
            serde_json::to_string(&detection).unwrap(),
            r#"{"class_id":0,"label":"person","confidence":0.913,"bbox":[1.0,2.0,3.0,4.0],"track_id":1}"#
        );
    }

    #[test]
    fn labels_are_found_both_ways() {
        let labels = Labels::new(["person", "car"]);
        assert_eq!(labels.find("CAR"), Some(1));
        assert_eq!(&*labels.get(1), "car");
        assert_eq!(&*labels.get(9), "class 9");
    }
}
