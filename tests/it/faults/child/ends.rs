//! A child that is killed, hangs, ends too early or is not there.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};

use super::fake::FakeFfmpeg;
use crate::bad_files::half_sent;
use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::program::{Program, within};
use crate::server::Server;

#[tokio::test]
async fn d01_a_killed_decoder_is_an_error_that_leaves_nothing() {
    let program = Program::start(&["--max-running", "1"]);
    let client = Client::of(&program.url);
    let (_, events) = half_sent(&client, &clips::faststart()).await;
    kill(program.decoder(), Signal::SIGKILL).unwrap();
    let killed = Instant::now();
    assert_eq!(events.end().await.code(), "DECODER_CRASHED");
    // The only place is free again; the time is generous, because this machine may be busy.
    let short = Upload::of(&client, &clips::short());
    short.complete().await;
    assert!(killed.elapsed() < Duration::from_secs(10), "{:?}", killed.elapsed());
    client.delete(&short.id).await;
    program.assert_nothing_left("a killed decoder");
}

#[tokio::test]
async fn d01_a_crash_tells_the_frames_before_it_and_its_last_words() {
    let fake = FakeFfmpeg::decoding("frame 0; frame 1; frame 2; echo '[h264 @ 0x1] [error] the last words' >&2; kill -SEGV $$");
    let server = Server::without_models(&fake.options().each_ref().map(String::as_str));
    let client = Client::of(server.url());
    let upload = Upload::of(&client, &clips::faststart());
    upload.send_all(0..1).await;
    let end = upload.events().await.end().await;
    assert_eq!(end.code(), "DECODER_CRASHED");
    let detail = end.data["detail"].as_str().unwrap();
    assert!(detail.contains("after 3 frames") && detail.contains("the last words"), "{detail}");
}

#[tokio::test]
async fn d02_a_stopped_decoder_is_noticed_and_ended() {
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
async fn d02_a_decoder_that_never_writes_is_ended_with_all_it_started() {
    // The script's own child holds both pipes and hears no SIGTERM.
    let fake = FakeFfmpeg::decoding("(trap '' TERM; while :; do sleep 1; done) & wait");
    let program = Program::start(&[&["--stall-timeout", "1"], &fake.options().each_ref().map(String::as_str)[..]].concat());
    let client = Client::of(&program.url);
    let upload = Upload::of(&client, &clips::faststart());
    upload.send_all(0..upload.total()).await;
    assert_eq!(upload.events().await.end().await.code(), "DECODER_TIMEOUT");
    program.assert_nothing_left("a decoder that never writes");
    let folder = fake.folder().to_str().unwrap().to_owned();
    let gone = within(Duration::from_secs(5), || (!any_shell_of(&folder)).then_some(()));
    assert!(gone.is_some(), "what the script started is still there");
}

/// Whether a shell runs a script of this folder.
fn any_shell_of(part: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|p| std::fs::read(p.path().join("cmdline")).ok())
        .any(|line| line.starts_with(b"/bin/sh") && String::from_utf8_lossy(&line).contains(part))
}

#[tokio::test]
async fn d08_a_decoder_that_ends_before_any_input_does_not_end_the_upload() {
    let fake = FakeFfmpeg::decoding("exit 0");
    let program = Program::start(&fake.options().each_ref().map(String::as_str));
    let client = Client::of(&program.url);
    let upload = Upload::of(&client, &clips::faststart());
    upload.send_all(0..upload.total() / 2).await;
    assert!(within(Duration::from_secs(10), || program.children("").is_empty().then_some(())).is_some(), "the decoder has ended");
    upload.send_all(upload.total() / 2..upload.total()).await;
    assert_eq!(upload.events().await.end().await.code(), "NO_FRAMES");
    program.assert_nothing_left("a decoder that took nothing");
}

#[tokio::test]
async fn d17_an_ffmpeg_that_cannot_be_used_is_told_and_never_a_fault_of_a_request() {
    let fake = FakeFfmpeg::decoding("");
    let file = |name: &str, text: &str, mode: &str| {
        let (text_at, path) = (fake.folder().join(format!("{name}.text")), fake.folder().join(name));
        std::fs::write(&text_at, text).unwrap();
        std::process::Command::new("install").args(["-m", mode]).args([&text_at, &path]).status().unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cases = [
        "/nowhere/ffmpeg".to_owned(),
        file("no-program", "#!/bin/sh\n", "644"),
        file("old", "#!/bin/sh\necho 'ffmpeg version 4.4.2 Copyright'\n", "755"),
        file("another", "#!/bin/sh\necho 'GNU tar 1.34'\n", "755"),
    ];
    for path in cases {
        let server = Server::without_models(&["--ffmpeg", &path]);
        let client = Client::of(server.url());
        client.json("/livez").await;
        let upload = Upload::of(&client, &clips::short());
        for response in [client.get("/readyz").send().await.unwrap(), upload.try_send(0, upload.chunk(0)).await] {
            let refused = refusal(response).await;
            assert_eq!((refused.status, refused.code.as_str()), (503, "DECODER_MISSING"), "{path}");
            // Where it lies is for the log alone.
            assert!(refused.detail.starts_with("FFmpeg is missing") && !refused.detail.contains(&path), "{}", refused.detail);
        }
    }
}

#[tokio::test]
async fn d17_an_ffmpeg_that_goes_away_ends_the_session_and_not_the_server() {
    let fake = FakeFfmpeg::decoding("exec \"$real\" \"$@\"");
    let server = Server::without_models(&fake.options().each_ref().map(String::as_str));
    let client = Client::of(server.url());
    std::fs::remove_file(fake.path()).unwrap();
    let upload = Upload::of(&client, &clips::short());
    upload.send_all(0..upload.total()).await;
    assert_eq!(upload.events().await.end().await.code(), "DECODER_MISSING");
    client.json("/livez").await;
}
