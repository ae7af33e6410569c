//! OpenVINO's intermediate representation: an XML file that describes the graph, its weights in a `.bin` beside it
//! (docs.openvino.ai, "Operation sets and specifications").

use roxmltree::{Document, Node, ParsingOptions};

use crate::vision::about::About;
use crate::vision::about::weights::{Tally, Weights};

pub fn read(xml: &[u8]) -> Option<About> {
    let text = std::str::from_utf8(xml).ok()?;
    let document = Document::parse_with_options(text, ParsingOptions::default()).ok()?;
    Some(About { weights: weights(&document) })
}

/// A quantised model is told by its operations too: older tools leave the weights as floats behind a `FakeQuantize`.
fn weights(document: &Document) -> Option<Weights> {
    let layers = || document.descendants().filter(|node| node.has_tag_name("layer"));
    if layers().any(|layer| layer.attribute("type") == Some("FakeQuantize")) {
        return Some(Weights::Int8);
    }
    let mut tally = Tally::default();
    for constant in layers().filter(|layer| layer.attribute("type") == Some("Const")) {
        let Some(data) = constant.children().find(|node| node.has_tag_name("data")) else { continue };
        let bytes = data.attribute("size").and_then(|size| size.parse::<u64>().ok()).unwrap_or(0);
        match element_type(&data) {
            "f32" => tally.add(Weights::Fp32, bytes / 4),
            "f16" => tally.add(Weights::Fp16, bytes / 2),
            "i8" | "u8" => tally.add(Weights::Int8, bytes),
            _ => {}
        }
    }
    tally.most()
}

fn element_type<'a>(data: &Node<'a, '_>) -> &'a str {
    data.attribute("element_type").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(kind: &str, bytes: usize) -> String {
        format!(r#"<layer type="Const"><data element_type="{kind}" shape="1" offset="0" size="{bytes}"/></layer>"#)
    }

    fn weights_of(layers: &str) -> Option<Weights> {
        read(format!(r#"<?xml version="1.0"?><net version="11"><layers>{layers}</layers></net>"#).as_bytes()).unwrap().weights
    }

    #[test]
    fn weights_are_told_by_their_constants() {
        assert_eq!(weights_of(&(constant("f16", 800) + &constant("f32", 40) + &constant("i64", 4000))), Some(Weights::Fp16));
        assert_eq!(weights_of(&(constant("i8", 300) + &constant("f32", 400))), Some(Weights::Int8));
        assert_eq!(weights_of(&(constant("f32", 400) + r#"<layer type="FakeQuantize"/>"#)), Some(Weights::Int8));
        assert_eq!(weights_of(""), None);
        assert_eq!(read(b"<net>"), None);
        assert_eq!(read(&[0xff; 9]), None);
    }
}
