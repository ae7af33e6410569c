//! The end of a server: asked for, forced, and what the next one finds.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::program::{Program, is_alive, within};
use crate::scratch;

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
fn futures_body() -> (reqwest::Body, tokio::sync::mpsc::Sender<Vec<u8>>) {
    let (send, receive) = tokio::sync::mpsc::channel::<Vec<u8>>(4);
    let stream = futures_util::stream::unfold(receive, |mut receive| async move {
        receive.recv().await.map(|piece| (Ok::<_, std::io::Error>(piece), receive))
    });
    (reqwest::Body::wrap_stream(stream), send)
}

#[tokio::test]
async fn no_ffmpeg_outlives_a_killed_server() {
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

    let next = Program::start_in(Arc::clone(program.data()), &[]);
    let client = Client::of(&next.url);
    assert!(next.files("results").iter().all(|f| !f.ends_with(".part")), "{:?}", next.files("results"));
    for field in ["download_url", "results_url", "csv_url"] {
        client.bytes(done[field].as_str().unwrap()).await;
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_read_is_told_and_harms_nobody() {
    let mut program = Program::start(&[]);
    let client = Client::of(&program.url);
    let uploads = [(); 3].map(|()| Upload::of(&client, &clips::faststart()));
    for upload in &uploads {
        upload.send(0).await;
    }
    program.signal(Signal::SIGKILL);
    program.wait(Duration::from_secs(1));
    let description = |upload: &Upload| program.path("sessions").join(&upload.id).join("session.json");
    std::fs::write(description(&uploads[0]), "").unwrap();
    std::fs::write(description(&uploads[1]), "{\"version\":99}").unwrap();

    let next = Program::start_in(Arc::clone(program.data()), &[]);
    let client = Client::of(&next.url);
    for upload in &uploads[..2] {
        let refused = refusal(client.get(&format!("/api/uploads/{}", upload.id)).send().await.unwrap()).await;
        assert_eq!((refused.status, refused.code.as_str()), (410, "SESSION_LOST"));
    }
    assert!(client.text("/metrics").await.contains("sightline_sessions_lost 2"));
    let healthy = uploads[2].at(&client);
    healthy.send_all(1..healthy.total()).await;
    assert_eq!(healthy.completion().await["total_frames"], clips::FRAMES);
}

/// Twenty kills at moments that no part of the work can have been prepared for.
#[tokio::test]
async fn killed_at_any_moment_the_result_is_the_same() {
    const KILLS: u64 = 20;
    let mut program = Program::start(&[]);
    let client = Client::of(&program.url);
    let clip = clips::index_last();
    let expected = results_of(&client, &Upload::of(&client, &clip).complete().await).await;
    let data = Arc::clone(program.data());
    let (mut kills, mut random) = (0, 88_172_645_463_325_252u64);
    while kills < KILLS {
        let upload = Upload::of(&client, &clip);
        // Each upload is killed a few times, then ends in peace.
        let mut left = 4.min(KILLS - kills);
        let end = loop {
            let client = Client::of(&program.url);
            let work = finish(upload.at(&client));
            if left == 0 {
                break work.await.expect("nobody disturbs it");
            }
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let moment = Duration::from_millis(random % 900);
            if let Ok(Some(end)) = tokio::time::timeout(moment, work).await {
                break end;
            }
            program.signal(Signal::SIGKILL);
            program.wait(Duration::from_secs(1));
            (kills, left) = (kills + 1, left - 1);
            program = Program::start_in(Arc::clone(&data), &[]);
        };
        let client = Client::of(&program.url);
        let results = results_of(&client, &end).await;
        for (which, (got, expected)) in results.iter().zip(&expected).enumerate() {
            if got != expected {
                std::fs::write(scratch::root().join("got"), got).unwrap();
                std::fs::write(scratch::root().join("expected"), expected).unwrap();
                panic!("file {which} differs after {kills} kills: compare got and expected in {:?}", scratch::root());
            }
        }
    }
    assert!(program.files("results").iter().all(|f| !f.ends_with(".part")));
}

/// Goes on with an upload from where the server has it to its end; none where the server went away.
async fn finish(upload: Upload) -> Option<serde_json::Value> {
    for index in upload.missing().await? {
        upload.try_send_quietly(index).await?;
    }
    upload.completion_or_nothing().await
}

/// The bytes of all three files.
async fn results_of(client: &Client, complete: &serde_json::Value) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for field in ["download_url", "results_url", "csv_url"] {
        files.push(client.bytes(complete[field].as_str().unwrap()).await);
    }
    files
}
