//! OpenVINO's intermediate representation: an XML file that describes the graph, its weights in a `.bin` beside it
//! (docs.openvino.ai, "Operation sets and specifications").

use roxmltree::{Document, Node, ParsingOptions};

use crate::vision::about::About;
use crate::vision::about::weights::{Tally, Weights};
use crate::vision::feed::Colours;
use crate::vision::letterbox::Fit;
use crate::vision::told::{Channels, Told};

pub fn read(xml: &[u8]) -> Option<About> {
    let text = std::str::from_utf8(xml).ok()?;
    let document = Document::parse_with_options(text, ParsingOptions::default()).ok()?;
    let info = document.descendants().find(|node| node.has_tag_name("model_info"));
    let said = info.map(|info| of_info(&info)).unwrap_or_default();
    Some(About { weights: weights(&document), ..said })
}

/// What exporters say of a model for OpenVINO's Model API (github.com/open-edge-platform/model_api, "Model API parameters").
fn of_info(info: &Node) -> About {
    let value = |key: &str| info.children().find(|node| node.has_tag_name(key)).and_then(|node| node.attribute("value"));
    // Names are divided by spaces; a space within one was written as a line.
    let names = value("labels").into_iter().flat_map(str::split_whitespace).map(|name| name.replace('_', " ")).collect();
    let colours = match value("reverse_input_channels") {
        Some("YES" | "True" | "true") => Some(Colours::Rgb),
        Some("NO" | "False" | "false") => Some(Colours::Bgr),
        _ => None,
    };
    let letterbox = match value("resize_type") {
        Some("fit_to_window_letterbox") => Some(Fit::Centred),
        Some("fit_to_window") => Some(Fit::TopLeft),
        Some("standard") => Some(Fit::Stretched),
        _ => None,
    };
    // A model that does its own preprocessing says so, and how: that is not to be done twice.
    let inside = value("embedded_processing").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let channels = |key: &str| value(key).and_then(channels).filter(|_| !inside);
    let (mean, scale) = (channels("mean_values"), channels("scale_values"));
    let padding = value("pad_value").and_then(|value| value.parse().ok());
    About { names, told: Told { colours, mean, scale, letterbox, padding, ..Told::default() }, ..About::default() }
}

fn channels(text: &str) -> Option<Channels> {
    let numbers: Vec<f32> = text.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    match numbers[..] {
        [one] => Some(Channels::All(one)),
        [a, b, c] => Some(Channels::Each([a, b, c])),
        _ => None,
    }
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
    fn the_model_api_is_understood() {
        let info = r#"<labels value="person traffic_light"/><scale_values value="255"/><mean_values value="1 2 3.5"/><pad_value value="114"/>
                      <resize_type value="fit_to_window_letterbox"/><reverse_input_channels value="YES"/>"#;
        let read_info = |info: String| read(format!("<net><rt_info><model_info>{info}</model_info></rt_info></net>").as_bytes()).unwrap();
        let About { names, told, .. } = read_info(info.to_owned());
        assert_eq!(names, ["person", "traffic light"]);
        assert_eq!((told.scale, told.mean), (Some(Channels::All(255.0)), Some(Channels::Each([1.0, 2.0, 3.5]))));
        assert_eq!((told.letterbox, told.colours, told.padding), (Some(Fit::Centred), Some(Colours::Rgb), Some(114)));
        assert_eq!(read_info(info.to_owned() + r#"<embedded_processing value="True"/>"#).told.scale, None);
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
