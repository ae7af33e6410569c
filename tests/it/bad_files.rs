//! Files that are no videos, or damaged ones: how the session ends, and that nothing of it stays.

use std::net::TcpListener;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::client::{Client, Upload};
use crate::clips;
use crate::program::Program;
use crate::server::Server;
use crate::sse::Event;

/// How the analysis of these bytes ends.
async fn end_of(client: &Client, bytes: &[u8], ext: &str) -> Event {
    let chunk_size = bytes.len().div_ceil(4).max(1);
    let upload = Upload::new(client, bytes.to_vec(), ext, chunk_size);
    upload.send_all(0..upload.total()).await;
    upload.events().await.end().await
}

fn cut(clip: std::path::PathBuf, percent: usize) -> Vec<u8> {
    let mut bytes = std::fs::read(clip).unwrap();
    bytes.truncate(bytes.len() * percent / 100);
    bytes
}

#[tokio::test]
async fn what_is_no_video_ends_with_its_reason_and_leaves_nothing() {
    let program = Program::start(&["--max-frame-pixels", "10000"]);
    let client = Client::of(&program.url);
    let text = b"This is no video. ".repeat(300);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("text", text, "UNSUPPORTED_CONTAINER"),
        ("a short text", b"x".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("nothing", Vec::new(), "EMPTY_INPUT"),
        ("a page", b"<!doctype html><title>x</title>".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("a PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("a GIF", b"GIF89a\x01\0\x01\0".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("a program", b"\x7fELF\x02\x01\x01".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("an archive", b"PK\x03\x04\x14\0".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("sound alone", std::fs::read(clips::audio_only()).unwrap(), "NO_VIDEO_STREAM"),
        ("an MP4 that ends before its index", cut(clips::index_last(), 60), "NO_FRAMES"),
        ("an MP4's first bytes", cut(clips::faststart(), 1), "NO_FRAMES"),
        ("a picture beyond the limit", std::fs::read(clips::faststart()).unwrap(), "DIMENSIONS_EXCEED_LIMIT"),
        ("a picture beyond the limit in Matroska", std::fs::read(clips::matroska()).unwrap(), "DIMENSIONS_EXCEED_LIMIT"),
    ];
    for (what, bytes, code) in cases {
        let end = end_of(&client, &bytes, ".mp4").await;
        assert_eq!(end.code(), code, "{what}: {end:?}");
        let detail = end.data["detail"].as_str().unwrap();
        assert!(!detail.contains(program.data().path().to_str().unwrap()), "no path of the server: {detail}");
        program.assert_nothing_left(what);
    }
}

#[tokio::test]
async fn playlists_and_scripts_reach_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/secret.ts", listener.local_addr().unwrap());
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    let other = clips::short();
    let other = other.to_str().unwrap();
    let scripts = [
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n"),
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{other}\n#EXT-X-ENDLIST\n"),
        format!("ffconcat version 1.0\nfile '{url}'\n"),
        format!("ffconcat version 1.0\nfile '{other}'\n"),
        format!("v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=control:{url}\n"),
        format!("<?xml version=\"1.0\"?><MPD><BaseURL>{url}</BaseURL></MPD>"),
    ];
    for script in scripts {
        let end = end_of(&client, script.as_bytes(), ".mp4").await;
        assert_eq!(end.code(), "UNSUPPORTED_CONTAINER", "{script}");
        program.assert_nothing_left(&script);
    }
    assert!(listener.accept().is_err(), "somebody followed the playlist");
}

/// The complete object of a video of which only the first part is there.
async fn partial(bytes: Vec<u8>, ext: &str) -> Value {
    let client = Client::of(Server::shared().url());
    let end = end_of(&client, &bytes, ext).await;
    assert_eq!(end.kind, "complete", "{end:?}");
    let codes: Vec<_> = end.data["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"VIDEO_TRUNCATED"), "{codes:?}");
    assert!(end.data["warnings"][0]["detail"].is_string());
    assert_eq!(end.data["partial"], true);
    end.data
}

#[tokio::test]
async fn a_cut_video_completes_with_what_there_is_and_says_so() {
    for (clip, ext) in [(clips::faststart(), ".mp4"), (clips::matroska(), ".mkv")] {
        for percent in [25, 50, 90] {
            let frames = partial(cut(clip.clone(), percent), ext).await["total_frames"].as_u64().unwrap();
            let expected = clips::FRAMES * percent as u64 / 100;
            assert!(frames > 0 && frames < clips::FRAMES, "{frames} frames of {clip:?}");
            assert!(frames.abs_diff(expected) <= clips::FRAMES / 5, "{percent} %: {frames} frames of {clip:?}");
        }
    }
}

#[tokio::test]
async fn a_video_with_another_ending_is_read_by_its_content() {
    let client = Client::of(Server::shared().url());
    let end = end_of(&client, &std::fs::read(clips::matroska()).unwrap(), ".mp4").await;
    assert_eq!((end.kind.as_str(), &end.data["total_frames"]), ("complete", &clips::FRAMES.into()));
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
async fn half_sent(client: &Client, clip: &std::path::Path) -> (Upload, crate::sse::Events) {
    let upload = Upload::of(client, clip).with("preview_interval", 1);
    upload.send_all(0..upload.total() / 2).await;
    let mut events = upload.events().await;
    events.wait_for(|e| e.kind == "progress").await;
    (upload, events)
}

#[tokio::test]
async fn a_killed_ffmpeg_is_an_error_that_leaves_nothing() {
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    let (_, events) = half_sent(&client, &clips::faststart()).await;
    kill(program.decoder(), Signal::SIGKILL).unwrap();
    let end = events.end().await;
    assert_eq!(end.code(), "DECODER_CRASHED");
    program.assert_nothing_left("a killed decoder");
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
async fn a_stopped_ffmpeg_is_noticed_and_ended() {
    let program = Program::start(&["--stall-timeout", "1"]);
    let client = Client::of(&program.url);
    let (upload, events) = half_sent(&client, &clips::large()).await;
    let decoder = program.decoder();
    kill(decoder, Signal::SIGSTOP).unwrap();
    upload.send_all(upload.total() / 2..upload.total()).await;
    assert_eq!(events.end().await.code(), "DECODER_TIMEOUT");
    program.assert_nothing_left("a stopped decoder");
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
    assert_eq!(program.files("results").len(), 3);
    assert_eq!(client.delete(&finished.id).await.status(), 204);
    assert_eq!(client.get(complete["download_url"].as_str().unwrap()).send().await.unwrap().status(), 404);
    program.assert_nothing_left("a deleted result");
}

#[tokio::test]
async fn a_finished_session_keeps_no_thread_and_no_child() {
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    Upload::of(&client, &clips::faststart()).complete().await;
    program.assert_quiet("a finished analysis");
    let results = program.files("results");
    assert!(results.len() == 3 && results.iter().all(|f| !f.ends_with(".part")), "{results:?}");
}
