//! `/openapi.json`: the API for programs. Written by hand in the files beside this one; what the code knows better, such as
//! each error's status and title, is put in here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, mime};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::negotiation::Gives;
use super::{problem, routes};
use crate::error_code::ErrorCode;

const DOCUMENT: &str = include_str!("openapi/document.json");
const PATHS: [&str; 4] = [
    include_str!("openapi/uploads.json"),
    include_str!("openapi/tus.json"),
    include_str!("openapi/analyses.json"),
    include_str!("openapi/server.json"),
];
const PARAMETERS: &str = include_str!("openapi/parameters.json");
const RESPONSES: &str = include_str!("openapi/responses.json");
const SCHEMAS: [&str; 2] = [include_str!("openapi/schemas.json"), include_str!("openapi/outcomes.json")];

static TEXT: LazyLock<Bytes> = LazyLock::new(|| Value::Object(document()).to_string().into());

/// `GET` and `HEAD /openapi.json`
pub async fn get() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(mime::APPLICATION_JSON)
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        .body(TEXT.clone())
}

fn document() -> Map<String, Value> {
    let mut document = part(DOCUMENT);
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    let mut paths: Map<_, _> = PATHS.into_iter().flat_map(part).collect();
    for (path, _, methods) in routes::addresses().filter(|(_, gives, _)| *gives != Gives::ItsOwn) {
        for method in methods {
            let operation = &mut paths[path][method.as_str().to_lowercase()];
            if let Some(operation) = operation.as_object_mut() {
                let problems = operation.entry("x-problems").or_insert_with(|| json!([]));
                problems.as_array_mut().into_iter().for_each(|codes| codes.push(ErrorCode::NotAcceptable.as_str().into()));
            }
        }
    }
    for operation in operations(&mut paths) {
        add_problems(operation);
    }
    let mut schemas: Map<_, _> = SCHEMAS.into_iter().flat_map(part).collect();
    schemas["Problem"]["properties"]["code"]["enum"] = ErrorCode::ALL.iter().map(|c| c.as_str()).collect();
    document.insert("paths".to_owned(), paths.into());
    document.insert("components".to_owned(), json!({ "schemas": schemas, "parameters": part(PARAMETERS), "responses": part(RESPONSES) }));
    let codes = ErrorCode::ALL.iter().map(|c| json!({ "code": c.as_str(), "status": c.status(), "title": c.title() }));
    document.insert("x-error-codes".to_owned(), codes.collect());
    document
}

/// A file of this folder; a test reads them all.
fn part(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

fn operations(paths: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    paths.values_mut().filter_map(Value::as_object_mut).flat_map(|path| path.values_mut()).filter_map(Value::as_object_mut)
}

/// Turns the codes an operation names in `x-problems` into answers, one a status.
fn add_problems(operation: &mut Map<String, Value>) {
    let named = operation.shift_remove("x-problems").unwrap_or_default();
    let mut by_status = BTreeMap::<u16, Vec<ErrorCode>>::new();
    for code in named.as_array().into_iter().flatten().filter_map(|name| find(name.as_str()?)) {
        by_status.entry(code.status()).or_default().push(code);
    }
    for (status, codes) in by_status {
        operation["responses"][status.to_string()] = problem_answer(status, &codes);
    }
}

fn find(name: &str) -> Option<ErrorCode> {
    ErrorCode::ALL.iter().copied().find(|c| c.as_str() == name)
}

fn problem_answer(status: u16, codes: &[ErrorCode]) -> Value {
    let names: Vec<_> = codes.iter().map(|c| c.as_str()).collect();
    let titles: Vec<_> = codes.iter().map(|c| format!("{}.", c.title())).collect();
    let example = |c: &ErrorCode| {
        let body = json!({
            "type": problem::kind(*c), "title": c.title(), "status": status, "detail": format!("{}.", c.title()),
            "instance": "/requests/0af7651916cd43dd8448eb211c80319c", "code": c.as_str()
        });
        (c.as_str().to_owned(), json!({ "summary": c.title(), "value": body }))
    };
    let examples: Map<_, _> = codes.iter().map(example).collect();
    let schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Problem" }, { "properties": { "code": { "enum": names } } }] });
    let mut answer = json!({
        "description": titles.join(" "),
        "content": { "application/problem+json": { "schema": schema, "examples": examples } }
    });
    match status {
        429 => answer["headers"] = json!({ "Retry-After": seconds(), "RateLimit": told(), "RateLimit-Policy": told() }),
        // One of the several reasons for a 409 passes by itself.
        409 if codes.contains(&ErrorCode::ResultNotReady) => answer["headers"] = json!({ "Retry-After": seconds() }),
        503 => answer["headers"] = json!({ "Retry-After": seconds() }),
        416 => answer["headers"] = json!({ "Content-Range": { "schema": { "type": "string" }, "example": "bytes */146515" } }),
        _ => {}
    }
    answer
}

fn seconds() -> Value {
    json!({ "description": "Seconds.", "schema": { "type": "integer" } })
}

/// A structured field (RFC 9651).
fn told() -> Value {
    json!({ "schema": { "type": "string" } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use crate::detection::Detection;
    use crate::geometry::BBox;
    use crate::ids::{RequestId, ResultId};
    use crate::media::remux::AudioOutcome;
    use crate::options::AnalysisOptions;
    use crate::pipeline::result::FrameResult;
    use crate::pose::{Pose, Skeleton};
    use crate::processing::progress::{Progress, Stage};
    use crate::processing::summary::{Complete, Summary};
    use crate::sessions::events::Told;

    fn each(value: &Value, look: &mut impl FnMut(&Value)) {
        look(value);
        match value {
            Value::Object(map) => map.values().for_each(|v| each(v, look)),
            Value::Array(list) => list.iter().for_each(|v| each(v, look)),
            _ => {}
        }
    }

    fn words(value: &Value) -> BTreeSet<String> {
        value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_file_is_json_and_no_name_is_taken_twice() {
        for text in PATHS.into_iter().chain(SCHEMAS).chain([DOCUMENT, PARAMETERS, RESPONSES]) {
            serde_json::from_str::<Map<String, Value>>(text).unwrap();
        }
        for parts in [&PATHS[..], &SCHEMAS] {
            let names: Vec<String> = parts.iter().flat_map(|text| part(text)).map(|(name, _)| name).collect();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        }
    }

    #[test]
    fn the_document_has_the_addresses_of_the_server_and_no_others() {
        let served: BTreeSet<String> =
            routes::addresses().flat_map(|(path, _, methods)| methods.into_iter().map(move |method| format!("{method} {path}"))).collect();
        let document = document();
        let described: BTreeSet<String> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |m| format!("{} {path}", m.to_uppercase())))
            .collect();
        assert_eq!(described, served);
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_part_is_used() {
        let document = Value::Object(document());
        let mut used = BTreeSet::new();
        each(&document, &mut |value| {
            if let Some(target) = value.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(target.strip_prefix('#').unwrap()).is_some(), "{target}");
                used.insert(target.split('/').take(4).collect::<Vec<_>>().join("/"));
            }
        });
        for kind in ["schemas", "parameters", "responses"] {
            for name in document["components"][kind].as_object().unwrap().keys() {
                assert!(used.contains(&format!("#/components/{kind}/{name}")), "nothing uses {kind}/{name}");
            }
        }
    }

    #[test]
    fn codes_are_those_of_the_server() {
        // Of methods that no operation has, and of all operations.
        let mut named = BTreeSet::from(["METHOD_NOT_ALLOWED".to_owned(), "NOT_ACCEPTABLE".to_owned()]);
        for mut paths in PATHS.map(part) {
            operations(&mut paths).filter_map(|o| o.get("x-problems")).for_each(|codes| named.extend(words(codes)));
        }
        let document = document();
        for schema in ["Warning", "AnalysisError"] {
            named.extend(words(&document["components"]["schemas"][schema]["properties"]["code"]["enum"]));
        }
        let known: BTreeSet<String> = ErrorCode::ALL.iter().map(|c| c.as_str().to_owned()).collect();
        assert_eq!(named, known);
    }

    #[test]
    fn every_operation_has_a_name_a_tag_and_an_answer() {
        let mut document = document();
        let tags: BTreeSet<_> = document["tags"].as_array().unwrap().iter().map(|t| t["name"].to_string()).collect();
        let mut names = BTreeSet::new();
        for operation in operations(document["paths"].as_object_mut().unwrap()) {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} twice");
            assert!(tags.contains(&operation["tags"][0].to_string()), "{name}");
            assert!(operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2')), "{name}");
        }
    }

    #[test]
    fn schemas_have_the_fields_that_are_sent() {
        let document = document();
        let check = |schema: &str, sent: Value| {
            let schema_value = &document["components"]["schemas"][schema];
            let fields: BTreeSet<_> = sent.as_object().unwrap().keys().cloned().collect();
            let described: BTreeSet<_> = schema_value["properties"].as_object().unwrap().keys().cloned().collect();
            assert_eq!(fields, described, "{schema}");
            assert!(words(&schema_value["required"]).is_subset(&described), "{schema}");
        };
        let detection =
            Detection { class_id: 0, label: "person".into(), confidence: 0.5, bbox: BBox::new(0.0, 0.0, 1.0, 1.0), track_id: Some(1) };
        let pose = Pose { track_id: Some(1), skeleton: Skeleton::Coco17, score: 1.0, keypoints: vec![] };
        let summary = Summary {
            fps: 30.0,
            total_frames: 1,
            duration_seconds: 1.0,
            width: 2,
            height: 2,
            detection_summary: BTreeMap::new(),
            frames_with_pose: 0,
            processing_time_seconds: 1.0,
            audio: AudioOutcome::None,
            rotation: 0,
            variable_frame_rate: false,
            partial: false,
            warnings: vec![],
        };
        let progress = Progress {
            frame_index: 0,
            total_frames: None,
            percent: None,
            preview: String::new(),
            fps: 0.0,
            eta_seconds: None,
            detections: vec![],
            stage: Stage::Processing,
        };
        check("Detection", json!(detection));
        check("Pose", json!(pose));
        check("FrameResult", json!(FrameResult { frame: 0, pts_us: 0, detections: vec![], poses: vec![] }));
        check("AnalysisOptions", json!(AnalysisOptions::default()));
        let request_id = &RequestId::random();
        check("Progress", json!(Told { what: &progress, request_id }));
        check("Complete", json!(Told { what: &Complete::new(&ResultId::random(), summary), request_id }));
    }

    #[test]
    fn the_fields_of_a_form_are_options_with_their_defaults() {
        let document = document();
        let default = json!(AnalysisOptions::default());
        for (name, schema) in document["components"]["schemas"]["AnalysisFields"]["properties"].as_object().unwrap() {
            let text = match &schema["default"] {
                // Models: which one is the server's choice.
                Value::Null => "default".to_owned(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let mut options = AnalysisOptions::default();
            assert_eq!(options.set(name, &text), Ok(true), "{name}");
            assert_eq!(json!(options), default, "{name}");
        }
    }
}
