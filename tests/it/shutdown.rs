//! The end of a server: asked for, forced, and what the next one finds.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

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
    readers.push(client.events("never").await);
    program.signal(Signal::SIGTERM);
    for reader in readers {
        assert_eq!(reader.end().await.code(), "SHUTTING_DOWN");
    }
    let status = program.wait(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0));
    for child in children {
        assert!(!is_alive(nix::unistd::Pid::from_raw(child)), "FFmpeg {child} goes on");
    }
    assert_eq!(program.files("sessions"), [""; 0]);
    assert_eq!(program.files("results").len(), 3, "what was finished stays");
}

#[tokio::test]
async fn no_ffmpeg_outlives_a_killed_server_and_the_next_one_clears_up() {
    let mut program = Program::start(&[]);
    let client = Client::of(&program.url);
    let done = Upload::of(&client, &clips::short()).complete().await;
    let half = Upload::of(&client, &clips::faststart());
    half.send_all(0..half.total() / 2).await;
    half.events().await.wait_for(|e| e.kind == "progress").await;
    let children: Vec<_> = program.children("").into_iter().map(nix::unistd::Pid::from_raw).collect();
    assert!(children.len() >= 2, "a decoder and an encoder");
    program.signal(Signal::SIGKILL);
    program.wait(Duration::from_secs(1));
    let gone = within(Duration::from_secs(1), || (!children.iter().any(|c| is_alive(*c))).then_some(()));
    assert!(gone.is_some(), "FFmpeg outlives its server");
    assert!(!program.files("sessions").is_empty(), "the killed server could not clear up");

    let data = Arc::clone(program.data());
    let next = Program::start_in(data, &[]);
    let client = Client::of(&next.url);
    assert_eq!(next.files("sessions"), [""; 0]);
    assert!(next.files("results").iter().all(|f| !f.ends_with(".part")), "{:?}", next.files("results"));
    for field in ["download_url", "results_url", "csv_url"] {
        client.bytes(done[field].as_str().unwrap()).await;
    }
    let again = Upload::of(&client, &clips::faststart()).with_id(&half.id);
    assert_eq!(again.complete().await["total_frames"], clips::FRAMES, "the name is free again");
}
