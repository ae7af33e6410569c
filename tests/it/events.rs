//! The event stream of a session: its headers, its order, readers that come late, come back, or leave.

use std::time::Duration;

use reqwest::Response;

use crate::client::{Client, Upload};
use crate::clips;
use crate::program::within;
use crate::server::Server;
use crate::sse::Events;

fn client() -> Client {
    Client::of(Server::shared().url())
}

/// The stream as asked for by a reader who has seen this event.
async fn after(client: &Client, upload: &Upload, seen: u64) -> Response {
    let request = client.get(&format!("/api/stream-progress/{}", upload.id));
    request.header("Last-Event-ID", seen.to_string()).send().await.unwrap()
}

#[tokio::test]
async fn a_reader_may_be_there_before_the_session() {
    let client = client();
    let upload = Upload::of(&client, &clips::short()).with("preview_interval", 1);
    let events = upload.events().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    upload.send_all(0..upload.total()).await;
    let events = events.rest().await;
    assert_eq!(events[0].frame_index(), 0, "from the first event on");
    assert_eq!(events.last().unwrap().kind, "complete");
}

#[tokio::test]
async fn a_reader_of_an_earlier_session_of_the_same_name_gets_the_new_ones_end() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    upload.complete().await;
    let end = Events::new(after(&client, &upload, 1_000).await).end().await;
    assert_eq!(end.kind, "complete");
    let next = Upload::of(&client, &clips::short());
    let waiting = Events::new(after(&client, &next, 1_000).await);
    next.send_all(0..next.total()).await;
    assert_eq!(waiting.end().await.kind, "complete");
}

#[tokio::test]
async fn two_readers_see_the_same_and_one_who_leaves_ends_nothing() {
    let client = client();
    let upload = Upload::of(&client, &clips::faststart()).with("preview_interval", 10);
    upload.send_all(0..upload.total() / 2).await;
    let (mut first, mut second, mut third) = (upload.events().await, upload.events().await, upload.events().await);
    let at = first.wait_for(|e| e.frame_index() >= 10).await.id;
    second.wait_for(|e| e.id >= at).await;
    third.next().await;
    drop(third);
    upload.send_all(upload.total() / 2..upload.total()).await;
    let told = async |events: Events| events.rest().await.iter().map(|e| (e.id, e.data.clone())).filter(|e| e.0 > at).collect::<Vec<_>>();
    let (first, second) = (told(first).await, told(second).await);
    let newer = second.first().unwrap().0;
    assert_eq!(first.iter().filter(|e| e.0 >= newer).collect::<Vec<_>>(), second.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn idle_sessions_end_with_their_files_unless_somebody_reads_along() {
    let server = Server::without_models(&["--session-timeout", "1", "--reaper-step", "1"]);
    let client = Client::of(server.url());
    let (idle, read) = (Upload::of(&client, &clips::faststart()), Upload::of(&client, &clips::faststart()));
    let mut events = read.events().await;
    idle.send(0).await;
    read.send(0).await;
    let folder = |upload: &Upload| server.data().join("sessions").join(&upload.id);
    assert!(folder(&idle).exists() && folder(&read).exists());
    let gone = tokio::task::spawn_blocking({
        let folder = folder(&idle);
        move || within(Duration::from_secs(5), || (!folder.exists()).then_some(()))
    });
    assert!(gone.await.unwrap().is_some(), "the idle session stays");
    assert_eq!(client.get(&format!("/api/uploads/{}", idle.id)).send().await.unwrap().status(), 410);
    assert!(folder(&read).exists(), "the session that is read has ended");
    read.send_all(1..read.total()).await;
    assert_eq!(events.wait_for(|e| e.is_terminal()).await.kind, "complete");
}
