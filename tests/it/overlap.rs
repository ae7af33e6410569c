//! Frames are analysed while the file still arrives.

use std::path::Path;

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
async fn an_upload_that_stops_lends_its_place_and_takes_it_back() {
    let server = Server::without_models(&["--max-running", "1"]);
    let client = Client::of(server.url());
    let (first, second) = (Upload::of(&client, &clips::faststart()), Upload::of(&client, &clips::short()));
    first.send_all(0..first.total() / 2).await;
    let mut events = first.events().await;
    events.wait_for(|e| e.kind == "progress").await;
    // The one place is the first's, which has nothing to do.
    assert_eq!(second.complete().await["total_frames"], 30);
    first.send_all(first.total() / 2..first.total()).await;
    assert_eq!(events.end().await.data["total_frames"], clips::FRAMES);
}
