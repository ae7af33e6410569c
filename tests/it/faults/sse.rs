//! Faults F: readers of events. One test a row of the catalogue, named by its id.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use tokio::io::AsyncWriteExt;

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::faults::slow::{connect, unread_until_cut};
use crate::program::within;
use crate::server::Server;
use crate::sse::{Events, lint};

/// Longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

fn client() -> Client {
    Client::of(Server::shared().url())
}

/// The stream as asked for by a reader who has seen this event.
async fn after(client: &Client, upload: &Upload, seen: u64) -> Response {
    let request = client.get(&format!("/api/stream-progress/{}", upload.id));
    request.header("Last-Event-ID", seen.to_string()).send().await.unwrap()
}

/// Ids in the order in which they came, and 0 for a reset.
async fn ids_of(events: Events) -> Vec<u64> {
    events.rest().await.iter().map(|e| if e.kind == "reset" { 0 } else { e.id }).collect()
}

#[tokio::test]
async fn f01_the_stream_has_the_headers_that_proxies_need() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    upload.send(0).await;
    let response = client.get(&format!("/api/stream-progress/{}", upload.id)).send().await.unwrap();
    let headers = response.headers().clone();
    assert_eq!(response.status(), 200);
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-cache, no-transform");
    assert_eq!(headers["x-accel-buffering"], "no");
    assert!(!headers.contains_key("content-length") && !headers.contains_key("content-encoding"));
    upload.send_all(1..upload.total()).await;
    let mut events = Events::new(response);
    let end = events.wait_for(|e| e.is_terminal()).await;
    assert_eq!((end.kind.as_str(), events.retry), ("complete", Some(2000)));
    assert!(events.next().await.is_none(), "the stream ends after the end");
}

#[tokio::test]
async fn f02_every_kind_of_stream_passes_the_lint() {
    let server = Server::without_models(&["--appearance-timeout", "0"]);
    let client = Client::of(server.url());
    let upload = Upload::of(&client, &clips::faststart()).with("preview_interval", 1);
    let whole = async |response: Response| response.bytes().await.unwrap();
    let path = format!("/api/stream-progress/{}", upload.id);
    assert_eq!(lint(&whole(client.get(&path).send().await.unwrap()).await), ["error"], "no such session");
    upload.send(0).await;
    let live = client.get(&path).send().await.unwrap();
    upload.send_all(1..upload.total()).await;
    let live = lint(&whole(live).await);
    assert_eq!((live.last().unwrap().as_str(), live.contains(&"progress".to_owned())), ("complete", true));
    assert_eq!(lint(&whole(client.get(&path).send().await.unwrap()).await), ["complete"]);
    assert_eq!(lint(&whole(after(&client, &upload, 1).await).await), ["reset", "complete"]);
}

#[test]
fn f02_the_lint_finds_faults() {
    let stream = |events: &str| lint(format!("retry: 2000\n\n{events}").as_bytes());
    stream(": c\n\nid: 1\nevent: complete\ndata: {}\n\n");
    for bad in [
        "id: 2\nevent: a\ndata: {}\n\nid: 2\nevent: a\ndata: {}\n\n",
        "id: 1\nevent: a\ndata: {}\n",
        "id: 1\n\n",
        "x\n\n",
        "event: a\rdata: b\n\n",
    ] {
        assert!(std::panic::catch_unwind(|| stream(bad)).is_err(), "{bad:?}");
    }
    assert!(std::panic::catch_unwind(|| lint(b"id: 1\nevent: a\ndata: {}\n\n")).is_err(), "no retry");
}

#[tokio::test]
async fn f03_a_comment_comes_within_the_silence_that_was_set() {
    let server = Server::without_models(&["--keepalive", "1"]);
    let client = Client::of(server.url());
    let upload = Upload::of(&client, &clips::index_last());
    upload.send(0).await;
    // One whose session waits for bytes, and one whose session is still to come.
    for id in [upload.id.as_str(), "never"] {
        let mut response = client.get(&format!("/api/stream-progress/{id}")).send().await.unwrap();
        let mut text = Vec::new();
        while text.windows(13).filter(|w| *w == b": keepalive\n\n").count() < 2 {
            let more = tokio::time::timeout(PATIENCE, response.chunk()).await.expect("the server shows life");
            text.extend_from_slice(&more.unwrap().expect("the stream stays open"));
        }
    }
}

#[tokio::test]
async fn f04_a_reader_who_comes_back_misses_nothing_and_gets_nothing_twice() {
    let client = client();
    let upload = Upload::of(&client, &clips::faststart()).with("preview_interval", 10);
    upload.send_all(0..upload.total() / 2).await;
    let mut events = upload.events().await;
    let seen = events.wait_for(|e| e.frame_index() >= 10).await;
    drop(events);
    let (back, end) = (Events::new(after(&client, &upload, seen.id).await), seen.id + (clips::FRAMES - seen.frame_index()) / 10);
    upload.send_all(upload.total() / 2..upload.total()).await;
    assert_eq!(ids_of(back).await, (seen.id + 1..=end).collect::<Vec<_>>());
}

#[tokio::test]
async fn f04_what_is_no_longer_kept_is_told_by_a_reset() {
    let client = client();
    let upload = Upload::of(&client, &clips::faststart()).with("preview_interval", 1);
    upload.complete().await;
    let last = upload.events().await.end().await.id;
    for seen in [0, 1, last - 17, last + 1000] {
        assert_eq!(ids_of(Events::new(after(&client, &upload, seen).await)).await, [0, last], "seen {seen}");
    }
    assert_eq!(ids_of(Events::new(after(&client, &upload, last - 16).await)).await, (last - 15..=last).collect::<Vec<_>>());
}

#[tokio::test]
async fn f06_who_comes_late_gets_the_end_and_once_more_nothing() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    upload.complete().await;
    for _ in 0..2 {
        let events = upload.events().await.rest().await;
        assert_eq!(events.len(), 1, "the newest state alone: {events:?}");
        let end = after(&client, &upload, events[0].id).await;
        assert_eq!((end.status(), end.bytes().await.unwrap().len()), (StatusCode::NO_CONTENT, 0));
        assert_eq!(ids_of(Events::new(after(&client, &upload, events[0].id - 1).await)).await, [events[0].id]);
    }
}

#[tokio::test]
async fn f06_a_session_that_was_never_there_or_has_gone_is_waited_for_then_refused() {
    let server = Server::without_models(&["--session-timeout", "1", "--reaper-step", "1", "--appearance-timeout", "1"]);
    let client = Client::of(server.url());
    let upload = Upload::of(&client, &clips::short());
    assert_eq!(upload.events().await.end().await.code(), "SESSION_NOT_FOUND");
    let seen = upload.complete().await;
    let folder = server.data().join("sessions").join(&upload.id);
    let gone = tokio::task::spawn_blocking(move || within(PATIENCE, || (!folder.exists()).then_some(())));
    assert!(gone.await.unwrap().is_some(), "the idle session stays");
    assert_eq!(upload.events().await.end().await.code(), "SESSION_NOT_FOUND");
    client.bytes(seen["download_url"].as_str().unwrap()).await;
}

#[tokio::test]
async fn f07_a_stalled_reader_is_cut_and_the_other_gets_all() {
    let server = Server::without_models(&["--client-timeout", "1"]);
    let client = Client::of(server.url());
    let upload = Upload::of(&client, &clips::large()).with("preview_interval", 1);
    upload.send(0).await;
    let mut stalled = connect(server.address, 4096).await;
    let request = format!("GET /api/stream-progress/{} HTTP/1.1\r\nHost: a\r\n\r\n", upload.id);
    stalled.write_all(request.as_bytes()).await.unwrap();
    let stalled = tokio::spawn(unread_until_cut(stalled));
    let reading = tokio::spawn(upload.events().await.end());
    upload.send_all(1..upload.total()).await;
    assert_eq!(reading.await.unwrap().kind, "complete");
    let read = stalled.await.unwrap();
    assert!(!String::from_utf8_lossy(&read).contains("event: complete"), "all of it came to one who did not read");
}

#[tokio::test]
async fn f09_readers_who_leave_end_nothing() {
    let client = client();
    let upload = Upload::of(&client, &clips::faststart()).with("preview_interval", 10);
    upload.send_all(0..upload.total() / 2).await;
    for _ in 0..3 {
        upload.events().await.next().await;
    }
    upload.send_all(upload.total() / 2..upload.total()).await;
    let end = upload.completion().await;
    assert_eq!(end["total_frames"], clips::FRAMES);
    client.bytes(end["download_url"].as_str().unwrap()).await;
}

#[tokio::test]
async fn f10_the_state_can_be_asked_for_without_a_stream() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    let path = format!("/api/sessions/{}", upload.id);
    upload.send(0).await;
    // Seven readers: a browser gives a host six connections on HTTP/1.1, so that the seventh tab asks this way.
    let mut readers = Vec::new();
    for _ in 0..7 {
        readers.push(upload.events().await);
    }
    assert_eq!(client.json(&path).await["bytes_received"], upload.chunk(0).len());
    upload.send_all(1..upload.total()).await;
    for reader in readers {
        assert_eq!(reader.end().await.kind, "complete");
    }
    assert_eq!(client.json(&path).await["state"], "complete");
}

#[tokio::test]
async fn f10_more_readers_than_there_are_places_for_are_refused() {
    let server = Server::without_models(&["--max-readers", "3", "--max-readers-per-session", "2"]);
    let client = Client::of(server.url());
    let uploads = [(); 2].map(|()| Upload::of(&client, &clips::faststart()));
    for upload in &uploads {
        upload.send(0).await;
    }
    let ask = async |upload: &Upload| client.get(&format!("/api/stream-progress/{}", upload.id)).send().await.unwrap();
    let refused = async |upload: &Upload| {
        let refused = refusal(ask(upload).await).await;
        assert_eq!((refused.status, refused.code.as_str()), (503, "TOO_MANY_READERS"));
    };
    let _first = Events::new(ask(&uploads[0]).await);
    let second = Events::new(ask(&uploads[0]).await);
    refused(&uploads[0]).await;
    let _third = Events::new(ask(&uploads[1]).await);
    refused(&uploads[1]).await;
    drop(second);
    // The server learns of it when the connection's end arrives.
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while ask(&uploads[1]).await.status() != 200 {
        assert!(tokio::time::Instant::now() < deadline, "the place stays taken");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
