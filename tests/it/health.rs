//! What operators and the start page ask for.

use std::time::Duration;

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::server::Server;

#[tokio::test]
async fn the_server_tells_that_it_lives_and_when_it_is_ready() {
    let client = Client::of(Server::shared().url());
    for path in ["/api/health", "/livez"] {
        assert_eq!(client.json(path).await, serde_json::json!({ "status": "ok" }));
    }
    let ready = async || {
        loop {
            let response = client.get("/readyz").send().await.unwrap();
            if response.status() == 200 {
                return;
            }
            assert_eq!(refusal(response).await.code, "NOT_READY");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ready()).await.expect("the models load");
}

#[tokio::test]
async fn a_server_without_ffmpeg_lives_and_says_what_is_missing() {
    let server = Server::start(&["--ffmpeg", "/nowhere/ffmpeg"]);
    let client = Client::of(server.url());
    client.json("/livez").await;
    let upload = Upload::of(&client, &clips::short());
    for response in [client.get("/readyz").send().await.unwrap(), upload.try_send(0, upload.chunk(0)).await] {
        let refused = refusal(response).await;
        assert_eq!(refused.status, 503);
        assert!(refused.detail.contains("FFmpeg") && refused.detail.contains("scripts/setup"), "{}", refused.detail);
    }
}

#[tokio::test]
async fn models_are_listed_with_what_a_user_must_know() {
    let client = Client::of(Server::shared().url());
    let list = client.json("/api/models").await;
    let models = list["models"].as_array().unwrap();
    for task in ["detect", "pose"] {
        let chosen = models.iter().find(|m| m["task"] == task && m["default"] == true && m["state"] != "missing");
        let fallback = || models.iter().find(|m| m["task"] == task && m["state"] != "missing");
        let model = chosen.or_else(fallback).unwrap_or_else(|| panic!("no model to {task}: {list}"));
        assert!(model["name"].is_string() && model["licence"].is_string(), "{model}");
    }
}

#[tokio::test]
async fn without_its_detector_file_the_server_still_finds_persons() {
    let Some(clip) = clips::shared("videos/pose_single_576x576.mp4") else { return };
    let models = crate::scratch::folder("models-");
    for file in ["pose_detection.tflite", "pose_landmark_full.tflite"] {
        std::os::unix::fs::symlink(format!("{}/models/{file}", env!("CARGO_MANIFEST_DIR")), models.path().join(file)).unwrap();
    }
    let server = Server::start(&["--models-dir", models.path().to_str().unwrap()]);
    let client = Client::of(server.url());
    let complete = Upload::of(&client, &clip).without("detector").without("pose").complete().await;
    assert!(complete["detection_summary"]["person"].as_u64().unwrap() > 0, "{complete}");
    assert!(complete["frames_with_pose"].as_u64().unwrap() > 0, "{complete}");
}

#[tokio::test]
async fn sessions_are_listed_newest_first_in_pages() {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    let mut ids = Vec::new();
    for name in ["one.mp4", "two.mp4", "three.mp4"] {
        let upload = Upload::of(&client, &clips::short()).with("filename", name);
        upload.complete().await;
        ids.insert(0, upload.id);
    }
    let list = client.json("/api/sessions?per_page=2").await;
    assert_eq!((&list["total"], &list["page"], &list["per_page"]), (&3.into(), &1.into(), &2.into()));
    let named = |list: &serde_json::Value| {
        list["sessions"].as_array().unwrap().iter().map(|s| s["session_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(named(&list), ids[..2]);
    assert_eq!(named(&client.json("/api/sessions?per_page=2&page=2").await), ids[2..]);
    assert_eq!(named(&client.json("/api/sessions?page=1000").await), [""; 0]);
    let one = client.json(&format!("/api/sessions/{}", ids[0])).await;
    assert_eq!((&one["state"], &one["filename"], &one["assembled"]), (&"complete".into(), &"three.mp4".into(), &true.into()));
    assert!(one["download_url"].is_string() && one["options"].is_object());
    for bad in ["page=x", "page=0", "page=18446744073709551615", "per_page=-1", "per_page=101", "per_page=5&per_page=6"] {
        assert_eq!(refusal(client.get(&format!("/api/sessions?{bad}")).send().await.unwrap()).await.status, 400);
    }
}
