//! Frames are analysed while the file still arrives.

use std::path::Path;
use std::time::Duration;

use crate::client::{Client, Upload};
use crate::clips;
use crate::server::Server;

async fn frames_come_before_the_last_chunk(clip: &Path) {
    let client = Client::of(Server::shared().url());
    let upload = Upload::of(&client, clip).with("preview_interval", 1);
    let half = upload.total() / 2;
    upload.send_all(0..half).await;
    let mut events = upload.events().await;
    let early = events.wait_for(|e| e.kind == "progress" && e.frame_index() > 0).await;
    assert!(early.frame_index() < clips::FRAMES, "{early:?}");
    upload.send_all(half..upload.total()).await;
    let end = events.end().await;
    assert_eq!(end.data["total_frames"], clips::FRAMES, "{end:?}");
}

#[tokio::test]
async fn an_mp4_with_its_index_in_front_is_analysed_as_it_arrives() {
    frames_come_before_the_last_chunk(&clips::faststart()).await;
}

#[tokio::test]
async fn a_matroska_file_is_analysed_as_it_arrives() {
    frames_come_before_the_last_chunk(&clips::matroska()).await;
}

#[tokio::test]
async fn an_mp4_with_its_index_at_the_end_is_analysed_as_soon_as_that_has_come() {
    let client = Client::of(Server::shared().url());
    let upload = Upload::of(&client, &clips::index_last()).with("preview_interval", 1);
    let upload = upload.clone().with("chunk_size", upload.chunk_size).with("file_size", upload.bytes.len());
    let (total, half) = (upload.total(), upload.total() / 2);
    upload.send_all(0..half).await;
    // The server looks at the file beside the answers: what it wants is told with the next one.
    let wanted = async || {
        loop {
            let answer = upload.send(0).await;
            if let Some(range) = answer["want"].get(0) {
                return range[0].as_u64().unwrap() as usize..=range[1].as_u64().unwrap() as usize;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let wanted = tokio::time::timeout(Duration::from_secs(10), wanted()).await.expect("the server wants the index");
    assert!(*wanted.start() > half && *wanted.end() == total - 1, "{wanted:?} of {total}");
    upload.send_all(wanted.clone()).await;
    let mut events = upload.events().await;
    events.wait_for(|e| e.kind == "progress" && e.frame_index() > 0).await;
    upload.send_all((half..total).filter(|i| !wanted.contains(i))).await;
    assert_eq!(events.end().await.data["total_frames"], clips::FRAMES);
}

#[tokio::test]
async fn analyses_beyond_the_limit_wait_their_turn() {
    let server = Server::without_models(&["--max-running", "1"]);
    let client = Client::of(server.url());
    let (first, second) = (Upload::of(&client, &clips::faststart()), Upload::of(&client, &clips::short()));
    first.send_all(0..first.total() / 2).await;
    let mut events = first.events().await;
    events.wait_for(|e| e.kind == "progress").await;
    second.send_all(0..second.total()).await;
    let state = async || client.json(&format!("/api/sessions/{}", second.id)).await["state"].as_str().unwrap().to_owned();
    while state().await != "queued" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    first.send_all(first.total() / 2..first.total()).await;
    assert_eq!(events.end().await.kind, "complete");
    assert_eq!(second.completion().await["total_frames"], 30);
}

#[tokio::test]
async fn an_mp4_with_its_index_at_the_end_loses_no_frame() {
    let client = Client::of(Server::shared().url());
    let complete = Upload::of(&client, &clips::index_last()).complete().await;
    assert_eq!(complete["total_frames"], clips::FRAMES);
}
