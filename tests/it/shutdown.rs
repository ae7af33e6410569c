//! The end of a server: asked for, forced, and what the next one finds.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::client::{Client, Upload};
use crate::clips;
use crate::program::{Program, is_alive, within};

#[tokio::test]
async fn a_server_that_is_asked_to_stop_tells_its_readers_and_its_successor_goes_on() {
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
    let nobody = client.events("never").await;
    program.signal(Signal::SIGTERM);
    for reader in readers {
        assert_eq!(reader.end().await.kind, "retry");
    }
    assert_eq!(nobody.end().await.code(), "SHUTTING_DOWN");
    let status = program.wait(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0));
    for child in children {
        assert!(!is_alive(nix::unistd::Pid::from_raw(child)), "FFmpeg {child} goes on");
    }

    let next = Program::start_in(Arc::clone(program.data()), &[]);
    let client = Client::of(&next.url);
    assert_eq!(client.events(&done.id).await.end().await.kind, "complete", "what was finished stays finished");
    let running = running.at(&client);
    let kept = client.json(&format!("/api/uploads/{}", running.id)).await;
    assert_eq!(kept["received"], serde_json::json!([[0, running.total() / 2 - 1]]));
    running.send_all(running.total() / 2..running.total()).await;
    assert_eq!(running.completion().await["total_frames"], clips::FRAMES);
    let arriving = arriving.at(&client);
    arriving.send_all(1..arriving.total()).await;
    assert_eq!(arriving.completion().await["total_frames"], clips::FRAMES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_sent_in_one_piece_ends_with_the_server() {
    let mut program = Program::start(&[]);
    let client = Client::of(&program.url);
    let (body, sent) = futures_body();
    let form = reqwest::multipart::Form::new().part("file", reqwest::multipart::Part::stream(body).file_name("a.mp4"));
    let answer = client.post("/api/analyze-stream?detector=none&pose=none").multipart(form).send();
    let answer = tokio::spawn(answer);
    sent.send(vec![0; 1 << 20]).await.unwrap();
    within(Duration::from_secs(10), || (!program.files("sessions").is_empty()).then_some(())).expect("a session begins");
    program.signal(Signal::SIGTERM);
    assert_eq!(program.wait(Duration::from_secs(10)).code(), Some(0));
    drop(answer);
    assert_eq!(program.files("sessions"), [""; 0]);
}

/// A request body that is sent piece by piece.
pub fn futures_body() -> (reqwest::Body, tokio::sync::mpsc::Sender<Vec<u8>>) {
    let (send, receive) = tokio::sync::mpsc::channel::<Vec<u8>>(4);
    let stream = futures_util::stream::unfold(receive, |mut receive| async move {
        receive.recv().await.map(|piece| (Ok::<_, std::io::Error>(piece), receive))
    });
    (reqwest::Body::wrap_stream(stream), send)
}
