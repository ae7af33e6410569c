//! Files that are no videos, or damaged ones: how the session ends, and that nothing of it stays.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sightline::processing::outputs::OutputKind;

use crate::client::{Client, Upload};
use crate::clips;
use crate::program::Program;
use crate::server::Server;
use crate::sse::Event;

/// Files of a finished analysis: the archive is made when it is asked for, and two are about zones.
const RESULTS: usize = OutputKind::ALL.len() - 3;

/// How the analysis of these bytes ends.
async fn end_of(client: &Client, bytes: &[u8], ext: &str) -> Event {
    let chunk_size = bytes.len().div_ceil(4).max(1);
    let upload = Upload::new(client, bytes.to_vec(), ext, chunk_size);
    upload.send_all(0..upload.total()).await;
    upload.events().await.end().await
}

#[tokio::test]
async fn models_nobody_knows_are_refused_before_the_upload() {
    let client = Client::of(Server::shared().url());
    for field in ["detector", "pose"] {
        let upload = Upload::of(&client, &clips::short()).without("detector").without("pose").with(field, "no-such-model");
        let response = upload.try_send(0, upload.chunk(0)).await;
        assert_eq!(response.status(), 422);
        let problem: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(problem["code"], "UNKNOWN_MODEL");
        assert!(problem["detail"].as_str().unwrap().contains("no-such-model"), "{problem}");
    }
}

#[tokio::test]
async fn classes_nobody_knows_are_named() {
    let client = Client::of(Server::shared().url());
    let upload = Upload::of(&client, &clips::short()).without("detector").with("classes", "person,unicorn");
    let response = upload.try_send(0, upload.chunk(0)).await;
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains("unicorn"));
}

#[tokio::test]
async fn odd_files_end_in_one_way_or_the_other() {
    let Some(folder) = clips::shared("odd") else { return };
    let client = Client::of(Server::shared().url());
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    files.retain(|p| p.metadata().unwrap().len() < 150_000);
    files.sort();
    assert!(files.len() > 50);
    for file in files.iter().step_by(5) {
        let end = end_of(&client, &std::fs::read(file).unwrap(), ".mp4").await;
        let code = if end.kind == "error" { end.code().to_owned() } else { "complete".to_owned() };
        let expected = ["complete", "NO_FRAMES", "NO_VIDEO_STREAM", "UNSUPPORTED_CONTAINER", "DIMENSIONS_EXCEED_LIMIT", "EMPTY_INPUT"];
        assert!(expected.contains(&code.as_str()), "{file:?}: {end:?}");
    }
}

/// An analysis that goes on until the rest of its file comes.
pub async fn half_sent(client: &Client, clip: &std::path::Path) -> (Upload, crate::sse::Events) {
    let upload = Upload::of(client, clip).with("preview_interval", 1);
    upload.send_all(0..upload.total() / 2).await;
    let mut events = upload.events().await;
    events.wait_for(|e| e.kind == "progress").await;
    (upload, events)
}

#[tokio::test]
async fn a_killed_encoder_is_an_error_that_leaves_nothing() {
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    let (upload, events) = half_sent(&client, &clips::faststart()).await;
    let encoder = Pid::from_raw(program.children("libx264")[0]);
    kill(encoder, Signal::SIGKILL).unwrap();
    upload.send_all(upload.total() / 2..upload.total()).await;
    assert_eq!(events.end().await.code(), "ENCODER_FAILED");
    program.assert_nothing_left("a killed encoder");
}

#[tokio::test]
async fn a_sender_who_pauses_is_no_stopped_ffmpeg() {
    let server = Server::without_models(&["--stall-timeout", "1"]);
    let client = Client::of(server.url());
    let (upload, events) = half_sent(&client, &clips::faststart()).await;
    // Longer than FFmpeg may hang: this is the one wait that nothing tells.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    upload.send_all(upload.total() / 2..upload.total()).await;
    let end = events.end().await;
    assert_eq!((end.kind.as_str(), &end.data["total_frames"]), ("complete", &clips::FRAMES.into()), "{end:?}");
}

#[tokio::test]
async fn sessions_that_are_deleted_end_at_once_and_leave_nothing() {
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    let before_the_first_frame = Upload::of(&client, &clips::index_last());
    before_the_first_frame.send_all(0..4).await;
    let early = before_the_first_frame.events().await;
    let (running, late) = half_sent(&client, &clips::faststart()).await;
    for (upload, events) in [(before_the_first_frame, early), (running, late)] {
        assert_eq!(client.delete(&upload.id).await.status(), 204);
        assert_eq!(events.end().await.code(), "CANCELLED");
        for path in [format!("/api/sessions/{}", upload.id), format!("/api/uploads/{}", upload.id)] {
            assert_eq!(client.get(&path).send().await.unwrap().status(), 410, "{path}");
        }
        assert_eq!(client.delete(&upload.id).await.status(), 410);
        let again = client.post(&format!("/api/analyze-assembled/{}", upload.id)).send().await.unwrap();
        assert_eq!(again.status(), 410);
    }
    program.assert_nothing_left("two deleted sessions");
    let finished = Upload::of(&client, &clips::short());
    let complete = finished.complete().await;
    assert_eq!(program.files("results").len(), RESULTS);
    assert_eq!(client.delete(&finished.id).await.status(), 204);
    assert_eq!(client.get(complete["download_url"].as_str().unwrap()).send().await.unwrap().status(), 410);
    program.assert_nothing_left("a deleted result");
}

#[tokio::test]
async fn a_finished_session_keeps_no_thread_and_no_child() {
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    Upload::of(&client, &clips::faststart()).complete().await;
    program.assert_quiet("a finished analysis");
    let results = program.files("results");
    assert!(results.len() == RESULTS && results.iter().all(|f| !f.ends_with(".part")), "{results:?}");
}
