//! The end of a server: asked for, forced, and what the next one finds.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::client::{Client, Upload};
use crate::clips;
use crate::program::{Program, is_alive, within};

#[tokio::test]
async fn a_server_that_is_asked_to_stop_tells_its_readers_and_ends_in_time() {
    let mut program = Program::start(&[]);
    let client = Client::of(&program.url);
    let running = Upload::of(&client, &clips::faststart()).with("preview_interval", 1);
    let arriving = Upload::of(&client, &clips::index_last());
    let done = Upload::of(&client, &clips::short());
    done.complete().await;
    running.send_all(0..running.total() / 2).await;
    arriving.send(0).await;
    let mut readers = vec![running.events().await, running.events().await, arriving.events().await];
    readers[0].wait_for(|e| e.kind == "progress").await;
    let children = program.children("");
    assert!(!children.is_empty());
    // Somebody waits for a session that never comes.
    let waiting = client.events("never").await;
    program.signal(Signal::SIGTERM);
    for reader in readers {
        reader.sent_away().await;
    }
    assert_eq!(waiting.end().await.code(), "SHUTTING_DOWN");
    let status = program.wait(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0));
    for child in children {
        assert!(!is_alive(Pid::from_raw(child)), "FFmpeg {child} goes on");
    }
    assert_eq!(program.files("results").len(), 3, "what was finished stays, nothing half-written does");
    goes_on(&program, [(&running, running.total() / 2), (&arriving, 1)]).await;
}

/// The next server on the same data has what clients sent to the last one, and takes the rest.
async fn goes_on(last: &Program, uploads: [(&Upload, usize); 2]) {
    let next = Program::start_in(Arc::clone(last.data()), &[]);
    let client = Client::of(&next.url);
    for (upload, sent) in uploads {
        let known = client.json(&format!("/api/uploads/{}", upload.id)).await;
        assert_eq!(known["received"], serde_json::json!([[0, sent - 1]]));
        let rest = upload.clone().at(&client);
        rest.send_all(sent..rest.total()).await;
        assert_eq!(rest.completion().await["total_frames"], clips::FRAMES);
    }
    assert!(next.files("results").iter().all(|f| !f.ends_with(".part")), "{:?}", next.files("results"));
}

#[tokio::test]
async fn no_ffmpeg_outlives_a_killed_server_and_the_next_one_goes_on() {
    let mut program = Program::start(&[]);
    let client = Client::of(&program.url);
    let finished = Upload::of(&client, &clips::short());
    let done = finished.complete().await;
    let (half, arriving) = (Upload::of(&client, &clips::faststart()), Upload::of(&client, &clips::index_last()));
    half.send_all(0..half.total() / 2).await;
    arriving.send(0).await;
    half.events().await.wait_for(|e| e.kind == "progress").await;
    let children: Vec<_> = program.children("").into_iter().map(Pid::from_raw).collect();
    assert!(children.len() >= 2, "a decoder and an encoder");
    program.signal(Signal::SIGKILL);
    program.wait(Duration::from_secs(1));
    let gone = within(Duration::from_secs(1), || (!children.iter().any(|c| is_alive(*c))).then_some(()));
    assert!(gone.is_some(), "FFmpeg outlives its server");
    goes_on(&program, [(&half, half.total() / 2), (&arriving, 1)]).await;

    let third = Program::start_in(Arc::clone(program.data()), &[]);
    let client = Client::of(&third.url);
    for field in ["download_url", "results_url", "csv_url"] {
        client.bytes(done[field].as_str().unwrap()).await;
    }
    assert_eq!(client.events(&finished.id).await.end().await.data, done, "late readers get the end they missed");
}
