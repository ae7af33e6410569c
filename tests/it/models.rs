//! Models while the server runs: found, used, unloaded, replaced, removed. Needs OpenVINO and the file of yolox-nano.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::program::Program;
use crate::scratch::{self, files_below};
use crate::server::Server;

/// A server over a folder of models that is empty at first: its own manifest names none.
struct Models {
    folder: TempDir,
    server: Server,
    client: Client,
}

impl Models {
    fn start() -> Self {
        let folder = empty();
        let server = Server::start(&["--models-dir", folder.path().to_str().unwrap()]);
        let client = Client::of(server.url());
        Self { folder, server, client }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The model as it is listed, if it is.
    async fn find(&self, name: &str) -> Option<Value> {
        let list = self.client.json("/api/models").await;
        list["models"].as_array().unwrap().iter().find(|m| m["name"] == name).cloned()
    }

    async fn post(&self, path: &str) -> reqwest::Response {
        self.client.post(&format!("/api/models/{path}")).send().await.unwrap()
    }

    async fn posted(&self, path: &str) -> Value {
        let response = self.post(path).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }
}

fn empty() -> TempDir {
    let folder = scratch::folder("models-");
    std::fs::write(folder.path().join("manifest.toml"), "").unwrap();
    folder
}

fn yolox() -> Option<Vec<u8>> {
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/yolox_nano.onnx"));
    bytes.inspect_err(|_| eprintln!("SKIPPED: models/yolox_nano.onnx is not there")).ok()
}

/// The file, as if it had lain there for long.
fn write_old(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}

#[tokio::test]
async fn a_file_that_is_dropped_is_used_unloaded_and_loaded_again() {
    let Some(bytes) = yolox() else { return };
    let models = Models::start();
    assert_eq!(models.client.json("/api/models").await, json!({ "models": [], "problem": null }));

    std::fs::write(models.path("mine.onnx"), &bytes).unwrap();
    // Nothing asked for the list since: the session's own question finds it.
    let upload = Upload::of(&models.client, &clips::short()).with("detector", "mine");
    let complete = upload.complete().await;
    assert_eq!(complete["total_frames"], 30);
    let mine = models.find("mine").await.unwrap();
    assert_eq!((&mine["state"], &mine["head"], &mine["input"]), (&"loaded".into(), &"yolox".into(), &json!([416, 416])));
    assert_eq!((&mine["precision"], &mine["labels"], &mine["default"]), (&"fp32".into(), &80.into(), &true.into()));
    assert_eq!(mine["inference_ms"]["runs"], 30, "each frame, and nothing but the frames");
    assert!(mine["inference_ms"]["mean"].as_f64().unwrap() > 0.0);
    let metrics = models.client.text("/metrics").await;
    assert!(metrics.contains("sightline_inferences_total{model=\"mine\"} 30"), "{metrics}");

    let compiled = files_below(&models.server.data().join("model-cache"));
    assert!(!compiled.is_empty(), "what was compiled is kept for the next start");

    let unloaded = models.posted("mine/unload").await;
    // It may be so young that it is still taken for incoming.
    assert!(["available", "incoming"].iter().any(|state| unloaded["state"] == *state), "{unloaded}");
    assert_eq!(models.posted("mine/load").await["state"], "loaded");
    let many = futures_util::future::join_all((0..4).map(|_| models.post("mine/load"))).await;
    assert!(many.iter().all(|response| response.status() == StatusCode::OK));

    for (path, status, code) in [("nobody/load", 404, "MODEL_NOT_FOUND"), ("nobody/unload", 404, "MODEL_NOT_FOUND")] {
        let refused = refusal(models.post(path).await).await;
        assert_eq!((refused.status, refused.code.as_str()), (status, code));
        assert!(refused.detail.starts_with("There is no model \"nobody\"; there are mine"), "{}", refused.detail);
    }
    let foreign = models.client.post("/api/models/mine/unload").header("origin", "http://elsewhere.example").send().await.unwrap();
    assert_eq!(refusal(foreign).await.code, "FORBIDDEN_ORIGIN");
    assert_eq!(models.find("mine").await.unwrap()["state"], "loaded");
}

#[tokio::test]
async fn half_a_file_fails_only_until_the_rest_is_there() {
    let Some(bytes) = yolox() else { return };
    let models = Models::start();
    write_old(&models.path("mine.onnx"), &bytes[..bytes.len() / 2]);
    let refused = refusal(models.post("mine/load").await).await;
    assert_eq!((refused.status, refused.code.as_str()), (500, "INFERENCE_FAILED"));
    assert!(refused.detail.starts_with("The model mine cannot be loaded: mine.onnx is not a model"), "{}", refused.detail);
    let mine = models.find("mine").await.unwrap();
    assert_eq!(mine["state"], "failed");
    assert!(mine["problem"].as_str().is_some_and(|problem| !problem.contains(models.folder.path().to_str().unwrap())), "{mine}");
    let upload = Upload::of(&models.client, &clips::short()).with("detector", "mine");
    upload.send_all(0..upload.total()).await;
    assert_eq!(upload.events().await.end().await.code(), "INFERENCE_FAILED");

    std::fs::write(models.path("mine.onnx"), &bytes).unwrap();
    assert_ne!(models.find("mine").await.unwrap()["state"], "failed");
    assert_eq!(models.posted("mine/load").await["state"], "loaded");
}

#[tokio::test]
async fn a_server_becomes_ready_when_its_models_come() {
    let Some(bytes) = yolox() else { return };
    let models = Models::start();
    for file in ["pose_detection.tflite", "pose_landmark_full.tflite"] {
        std::fs::copy(format!("{}/models/{file}", env!("CARGO_MANIFEST_DIR")), models.path(file)).unwrap();
    }
    std::fs::write(models.path("mine.onnx"), bytes).unwrap();
    let status = async || models.client.get("/readyz").send().await.unwrap().status().as_u16();
    assert_eq!(status().await, 503);
    // The binary's own manifest names the files that are there.
    std::fs::remove_file(models.path("manifest.toml")).unwrap();
    let ready = async {
        while status().await != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ready).await.expect("the folder is looked at on its own");
    let loaded = async |name| models.find(name).await.unwrap()["state"] == "loaded";
    assert!(loaded("mine").await && loaded("blazepose-full").await && loaded("blazepose-person").await);
    drop(models.server);
}

#[tokio::test]
async fn a_model_that_is_removed_stays_with_who_uses_it() {
    let Some(bytes) = yolox() else { return };
    let models = Models::start();
    std::fs::write(models.path("mine.onnx"), bytes).unwrap();
    let upload = Upload::of(&models.client, &clips::faststart()).with("detector", "mine");
    let mut events = upload.events().await;
    upload.send_all(0..upload.total() / 2).await;
    events.wait_for(|event| event.kind == "progress").await;
    std::fs::remove_file(models.path("mine.onnx")).unwrap();
    assert_eq!(models.find("mine").await, None);
    let other = Upload::of(&models.client, &clips::short()).with("detector", "mine");
    let refused = refusal(other.try_send(0, other.chunk(0)).await).await;
    assert_eq!((refused.status, refused.code.as_str()), (422, "UNKNOWN_MODEL"));
    upload.send_all(upload.total() / 2..upload.total()).await;
    let end = events.end().await;
    assert_eq!((end.kind.as_str(), &end.data["total_frames"]), ("complete", &clips::FRAMES.into()), "{end:?}");
}

#[tokio::test]
async fn a_broken_manifest_is_told_and_changes_nothing() {
    let models = Models::start();
    let manifest = |name: &str| {
        let file = r#"{ name = "n.onnx", sha256 = "" }"#;
        format!("model = [{{ name = \"{name}\", task = \"detect\", head = \"yolox\", licence = \"MIT\", file = [{file}] }}]")
    };
    std::fs::write(models.path("manifest.toml"), manifest("first")).unwrap();
    assert_eq!(models.find("first").await.unwrap()["state"], "missing");
    std::fs::write(models.path("manifest.toml"), "model = [").unwrap();
    let list = models.client.json("/api/models").await;
    assert_eq!(list["models"][0]["name"], "first");
    assert!(list["problem"].as_str().unwrap().contains("manifest"), "{list}");
    std::fs::write(models.path("manifest.toml"), manifest("second")).unwrap();
    let list = models.client.json("/api/models").await;
    assert_eq!((&list["models"][0]["name"], &list["problem"]), (&"second".into(), &Value::Null));
}

#[tokio::test]
async fn a_default_that_was_chosen_outlives_the_server() {
    let Some(bytes) = yolox() else { return };
    let folder = empty();
    for name in ["a.onnx", "b.onnx"] {
        write_old(&folder.path().join(name), &bytes);
    }
    let data = Arc::new(scratch::folder("data-"));
    let options = ["--models-dir", folder.path().to_str().unwrap()];
    let put =
        async |client: &Client, body: &str| client.request(Method::PUT, "/api/models/defaults").body(body.to_owned()).send().await.unwrap();
    {
        let program = Program::start_in(Arc::clone(&data), &options);
        let client = Client::of(&program.url);
        assert_eq!(client.json("/api/models/defaults").await, json!({ "detect": "a", "pose": null }));
        for (body, status, code) in [
            (r#"{"detect": "nobody"}"#, 422, "UNKNOWN_MODEL"),
            (r#"{"pose": "b"}"#, 422, "UNKNOWN_MODEL"),
            (r#"{"detector": "b"}"#, 400, "INVALID_FIELD"),
            ("b", 400, "INVALID_REQUEST"),
        ] {
            let refused = refusal(put(&client, body).await).await;
            assert_eq!((refused.status, refused.code.as_str()), (status, code), "{body}: {}", refused.detail);
        }
        let chosen: Value = put(&client, r#"{"detect": "b"}"#).await.json().await.unwrap();
        assert_eq!(chosen, json!({ "detect": "b", "pose": null }));
    }
    let program = Program::start_in(data, &options);
    let client = Client::of(&program.url);
    assert_eq!(client.json("/api/models/defaults").await["detect"], "b");
    let upload = Upload::of(&client, &clips::short()).without("detector");
    upload.complete().await;
    let list = client.json("/api/models").await;
    let runs = |name: &str| list["models"].as_array().unwrap().iter().find(|m| m["name"] == name).unwrap()["inference_ms"]["runs"].clone();
    assert_eq!((runs("a"), runs("b")), (Value::Null, 30.into()));
    let server_s_own: Value = put(&client, r#"{"detect": null}"#).await.json().await.unwrap();
    assert_eq!(server_s_own["detect"], "a");
}
