//! What Ultralytics' exporters write about a model: `metadata.yaml` beside it, a JSON in a TFLite file, properties of an ONNX file
//! (ultralytics/engine/exporter.py). YAML reads all of them, for JSON and the dictionaries Python prints are YAML as well.

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::vision::about::About;

/// Larger texts, in bytes, are not metadata.
pub const LARGEST: usize = 1 << 20;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Metadata {
    task: Option<Scalar>,
    names: Option<Names>,
    license: Option<Scalar>,
    imgsz: Option<Vec<u32>>,
}

/// Reads a whole file of metadata. What is not understood is nothing.
pub fn read(text: &str) -> About {
    let Metadata { task, names, license, imgsz } = value(text).unwrap_or_default();
    About {
        task: task.map(|task| task.0),
        names: names.map(|names| names.0).unwrap_or_default(),
        licence: license.map(|licence| licence.0),
        input: imgsz.and_then(|sides| size(&sides)),
        ..About::default()
    }
}

/// Reads properties one by one, as ONNX has them.
pub fn of_properties<'a>(properties: impl Iterator<Item = (&'a str, &'a str)>) -> About {
    let mut about = About::default();
    for (key, text) in properties {
        match key {
            "task" => about.task = Some(text.to_owned()),
            "license" => about.licence = Some(text.to_owned()),
            "names" => about.names = value::<Names>(text).map(|names| names.0).unwrap_or_default(),
            "imgsz" => about.input = value::<Vec<u32>>(text).and_then(|sides| size(&sides)),
            _ => {}
        }
    }
    about
}

fn value<T: DeserializeOwned>(text: &str) -> Option<T> {
    if text.len() > LARGEST { None } else { serde_saphyr::from_str(text).ok() }
}

/// Width and height of `[height, width]`.
fn size(sides: &[u32]) -> Option<[u32; 2]> {
    match *sides {
        [side] => Some([side, side]),
        [height, width] => Some([width, height]),
        _ => None,
    }
}

/// A word, whatever YAML takes it for: classes are called `1`, `no` and `null`, too.
#[derive(Debug)]
struct Scalar(String);

/// Class names by class id, from a list or a map whose ids come in order; a hole would give every later class a wrong name.
#[derive(Debug, Default, PartialEq)]
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Words).map(Scalar)
    }
}

struct Words;

impl Visitor<'_> for Words {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a word")
    }

    fn visit_str<E>(self, word: &str) -> Result<String, E> {
        Ok(word.to_owned())
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of names, or names by number")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
        let mut names = Vec::new();
        while let Some(Scalar(name)) = list.next_element()? {
            names.push(name);
        }
        Ok(Names(names))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
        let mut names = Vec::new();
        while let Some((Scalar(id), Scalar(name))) = map.next_entry()? {
            if id.parse() == Ok(names.len()) {
                names.push(name);
            }
        }
        Ok(Names(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_read_as_pyyaml_writes_them() {
        let text = "# made by a tool\nlicense: 'AGPL-3.0 License (https://ultralytics.com/license)'\ntask: detect\nimgsz:\n- 384\n- 640\n\
                    names:\n  0: Longitudinal Crack\n  1: 'driver''s seat'\n  2: \"a: b\"\n  3: no\nend2end: false\nversion: 8.4.30\n";
        let about = read(text);
        assert_eq!(about.names, ["Longitudinal Crack", "driver's seat", "a: b", "no"]);
        assert_eq!((about.task.as_deref(), about.input), (Some("detect"), Some([640, 384])));
        assert!(about.licence.unwrap().starts_with("AGPL"));
        assert_eq!(read("names:\n- a\n- 7\n").names, ["a", "7"]);
        assert_eq!(read("\u{0}:\n::\n - \n"), About::default());
    }

    #[test]
    fn json_and_what_python_prints_are_read_as_well() {
        let about = read("{\n \"imgsz\": [320, 320], \"names\": {\"0\": \"person\", \"1\": \"car\"}, \"args\": {\"nms\": false}}");
        assert_eq!((about.names, about.input), (vec!["person".to_owned(), "car".into()], Some([320, 320])));
        assert_eq!(read("{'stride': 32, 'names': {0: 'person', 1: \"driver's seat\"}}").names, ["person", "driver's seat"]);
        let pairs = [("task", "pose"), ("names", "{0: 'person'}"), ("imgsz", "[640, 640]"), ("kpt_shape", "[17, 3]"), ("names2", "{")];
        let about = of_properties(pairs.into_iter());
        assert_eq!((about.task.as_deref(), about.names, about.input), (Some("pose"), vec!["person".to_owned()], Some([640, 640])));
        assert_eq!(of_properties([("names", "{"), ("imgsz", "640")].into_iter()).names, [""; 0]);
    }
}
