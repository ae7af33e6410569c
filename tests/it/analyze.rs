//! Analyses that are asked for in one request.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::stream;
use nix::sys::signal::{Signal, kill};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Response};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::client::{Client, NO_MODELS, Upload, refusal};
use crate::clips;
use crate::program::{Program, within};
use crate::server::Server;
use crate::sse::Events;

fn client() -> Client {
    Client::of(Server::shared().url())
}

fn file(bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name("clip.mp4")
}

/// The clip's bytes as a part that stops at `pause` and waits for the sender's word.
fn slow_file(bytes: Vec<u8>, pause: usize) -> (Part, mpsc::Sender<Bytes>, Bytes) {
    let (first, rest) = bytes.split_at(pause);
    let (send, receive) = mpsc::channel::<Bytes>(1);
    let first = Bytes::copy_from_slice(first);
    let pieces = stream::unfold((Some(first), receive), |(first, mut receive)| async move {
        let piece = match first {
            Some(first) => first,
            None => receive.recv().await?,
        };
        Some((Ok::<_, Infallible>(piece), (None, receive)))
    });
    (Part::stream(Body::wrap_stream(pieces)).file_name("clip.mp4"), send, Bytes::copy_from_slice(rest))
}

async fn analyze_stream(client: &Client, form: Form) -> Response {
    client.post("/api/analyze-stream").query(&NO_MODELS).multipart(form).send().await.unwrap()
}

async fn assembled(client: &Client, upload: &Upload, options: &[(&str, &str)]) -> Response {
    client.post(&format!("/api/analyze-assembled/{}", upload.id)).query(options).send().await.unwrap()
}

#[tokio::test]
async fn an_assembled_upload_is_told_again_or_analysed_again_with_other_options() {
    let client = client();
    let upload = Upload::of(&client, &clips::faststart());
    let first = upload.complete().await;
    for options in [&[][..], &[("confidence", "0.25"), ("debug", "false"), ("preview_interval", "10")]] {
        let events = Events::new(assembled(&client, &upload, options).await).rest().await;
        assert_eq!((events.len(), &events[0].data), (1, &first), "complete at once, not done again");
    }
    let again = Events::new(assembled(&client, &upload, &[("preview_interval", "50"), ("debug", "true")]).await).rest().await;
    let frames: Vec<_> = again.iter().filter(|e| !e.is_terminal()).map(|e| e.frame_index()).collect();
    assert_eq!(frames, [0, 50, 100]);
    let second = &again.last().unwrap().data;
    assert_ne!(second["download_url"], first["download_url"]);
    assert_eq!(second["total_frames"], first["total_frames"]);
    for complete in [&first, second] {
        client.bytes(complete["download_url"].as_str().unwrap()).await;
    }
    let refused = refusal(assembled(&client, &upload, &[("confidence", "2")]).await).await;
    assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"));
    assert_eq!(client.delete(&upload.id).await.status(), 204);
    for complete in [&first, second] {
        let gone = client.get(complete["download_url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(gone.status(), 410, "a deleted session's results are gone, those of its first run as well");
    }
}

#[tokio::test]
async fn what_is_drawn_can_be_chosen_anew_and_a_blur_needs_a_model() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    upload.complete().await;
    let refused = refusal(assembled(&client, &upload, &[("blur", "faces")]).await).await;
    assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"), "nothing would be hidden");
    let again = Events::new(assembled(&client, &upload, &[("heatmap", "true"), ("trails", "false")]).await).rest().await;
    let results = client.bytes(again.last().unwrap().data["results_url"].as_str().unwrap()).await;
    let header: Value = serde_json::from_slice(results.split(|b| *b == b'\n').next().unwrap()).unwrap();
    let options = &header["options"];
    assert_eq!(
        [&options["heatmap"], &options["trails"], &options["blur"]],
        [&Value::from(true), &Value::from(false), &Value::from("none")]
    );
}

#[tokio::test]
async fn of_analyses_with_other_options_at_once_each_gets_its_own_or_is_refused() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    upload.complete().await;
    let ask = async |tenth: u32| {
        let confidence = format!("0.{tenth}");
        let answer = assembled(&client, &upload, &[("confidence", &confidence)]).await;
        if answer.status() != 200 {
            assert_eq!(refusal(answer).await.code, "SESSION_CONFLICT");
            return 0;
        }
        let end = Events::new(answer).end().await;
        let results = client.text(end.data["results_url"].as_str().unwrap()).await;
        let header: Value = serde_json::from_str(results.lines().next().unwrap()).unwrap();
        assert!((header["options"]["confidence"].as_f64().unwrap() - f64::from(tenth) / 10.0).abs() < 1e-6, "{confidence}: {header}");
        1
    };
    let begun: u32 = join_all((3..=5).map(ask)).await.into_iter().sum();
    assert!(begun >= 1, "all were refused");
}

#[tokio::test]
async fn an_upload_that_is_not_whole_cannot_be_analysed_again() {
    let client = client();
    let upload = Upload::of(&client, &clips::faststart());
    let nobody = refusal(assembled(&client, &upload, &[]).await).await;
    upload.send_all(0..upload.total() - 1).await;
    let half = refusal(assembled(&client, &upload, &[]).await).await;
    for refused in [nobody, half] {
        assert_eq!((refused.status, refused.code.as_str()), (404, "SESSION_NOT_FOUND"));
    }
    assert_eq!(upload.complete().await["total_frames"], clips::FRAMES);
}

#[tokio::test]
async fn a_file_in_the_request_is_analysed_in_the_answer() {
    let client = client();
    let bytes = std::fs::read(clips::short()).unwrap();
    let query = [("preview_interval", "5")];
    let places = [
        ("query", &query[..], Form::new().part("file", file(bytes.clone()))),
        ("before the file", &[], Form::new().text("preview_interval", "5").part("file", file(bytes.clone()))),
        ("behind the file", &[], Form::new().part("file", file(bytes.clone())).text("preview_interval", "5")),
    ];
    for (place, query, form) in places {
        let response = client.post("/api/analyze-stream").query(&NO_MODELS).query(query).multipart(form).send().await.unwrap();
        let events = Events::new(response).rest().await;
        let frames: Vec<_> = events.iter().filter(|e| !e.is_terminal()).map(|e| e.frame_index()).collect();
        assert_eq!(frames, [0, 5, 10, 15, 20, 25], "options in the {place}");
        assert_eq!(events.last().unwrap().data["total_frames"], 30);
    }
}

#[tokio::test]
async fn a_large_file_in_the_request_is_analysed_while_it_arrives() {
    let client = client();
    let bytes = std::fs::read(clips::large()).unwrap();
    assert!(bytes.len() > 3 << 20, "{} bytes are not large", bytes.len());
    let half = bytes.len() / 2;
    let (part, send, rest) = slow_file(bytes, half);
    let form = Form::new().text("preview_interval", "1").part("file", part);
    let mut events = Events::new(analyze_stream(&client, form).await);
    let early = events.wait_for(|e| e.kind == "progress" && e.frame_index() > 0).await;
    assert!(early.frame_index() < clips::FRAMES - 1);
    send.send(rest).await.unwrap();
    drop(send);
    let end = events.end().await;
    assert_eq!((end.kind.as_str(), &end.data["total_frames"]), ("complete", &clips::FRAMES.into()), "{end:?}");
}

#[tokio::test]
async fn a_file_in_the_request_takes_no_chunks() {
    let client = client();
    let bytes = std::fs::read(clips::large()).unwrap();
    let (part, send, rest) = slow_file(bytes.clone(), bytes.len() / 2);
    let response = analyze_stream(&client, Form::new().part("file", part)).await;
    let other = Upload::new(&client, vec![0; 1000], ".mp4", 1000).with_id(response.headers()["x-session-id"].to_str().unwrap());
    for answer in [other.put(0, other.chunk(0)).await, other.try_send(0, other.chunk(0)).await] {
        let refused = refusal(answer).await;
        assert_eq!((refused.status, refused.code.as_str()), (409, "SESSION_CONFLICT"));
    }
    send.send(rest).await.unwrap();
    drop(send);
    assert_eq!(Events::new(response).end().await.data["total_frames"], clips::FRAMES, "its file is as it was");
}

#[tokio::test]
async fn options_behind_a_large_file_are_refused_where_they_would_change_something() {
    let client = client();
    let bytes = std::fs::read(clips::large()).unwrap();
    for (address, option, value, is_taken) in [
        ("analyze", "confidence", "7", false),
        ("analyze", "heatmap", "true", false),
        ("analyze-stream", "heatmap", "true", false),
        ("analyze", "heatmap", "false", true),
    ] {
        let form = Form::new().part("file", file(bytes.clone())).text(option, value);
        let response = client.post(&format!("/api/{address}")).query(&NO_MODELS).multipart(form).send().await.unwrap();
        if is_taken {
            assert_eq!(response.status(), 200, "it is so without the field");
        } else if address == "analyze" {
            let refused = refusal(response).await;
            assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"), "{option}={value}: {}", refused.detail);
        } else {
            assert_eq!(Events::new(response).end().await.code(), "INVALID_FIELD");
        }
    }
}

#[tokio::test]
async fn one_answer_holds_the_whole_analysis_or_its_error() {
    let client = client();
    let analyze = async |bytes: Vec<u8>, name: &'static str| {
        let form = Form::new().part("file", Part::bytes(bytes).file_name(name));
        client.post("/api/analyze").query(&NO_MODELS).multipart(form).send().await.unwrap()
    };
    let response = analyze(std::fs::read(clips::short()).unwrap(), "clip.mp4").await;
    assert_eq!((response.status().as_u16(), &response.headers()["content-type"]), (200, &"application/json".parse().unwrap()));
    let complete: Value = response.json().await.unwrap();
    assert_eq!(complete["total_frames"], 30);
    client.bytes(complete["download_url"].as_str().unwrap()).await;
    for (bytes, status, code) in [
        (b"This is text.".repeat(100), 415, "UNSUPPORTED_CONTAINER"),
        (Vec::new(), 422, "EMPTY_INPUT"),
        (std::fs::read(clips::audio_only()).unwrap(), 422, "NO_VIDEO_STREAM"),
    ] {
        let refused = refusal(analyze(bytes, "clip.mp4").await).await;
        assert_eq!((refused.status, refused.code.as_str()), (status, code), "{}", refused.detail);
    }
    let refused = refusal(analyze(b"x".to_vec(), "clip.exe").await).await;
    assert_eq!((refused.status, refused.code.as_str()), (400, "UNSUPPORTED_EXTENSION"));
    let nothing = client.post("/api/analyze").multipart(Form::new().text("confidence", "0.5")).send().await.unwrap();
    assert!(refusal(nothing).await.detail.contains("file"));
}

#[tokio::test]
async fn an_ffmpeg_that_stops_at_a_slow_files_end_is_noticed() {
    let program = Program::start(&["--stall-timeout", "1"]);
    let client = Client::of(&program.url);
    let bytes = std::fs::read(clips::large()).unwrap();
    let length = bytes.len();
    let (part, send, _) = slow_file(bytes, length);
    let form = Form::new().text("preview_interval", "1").part("file", part);
    let mut events = Events::new(analyze_stream(&client, form).await);
    events.wait_for(|e| e.kind == "progress" && e.frame_index() > clips::FRAMES / 2).await;
    // Until the writer has nothing left and waits for the sender, which nothing tells.
    tokio::time::sleep(Duration::from_millis(500)).await;
    kill(program.decoder(), Signal::SIGSTOP).unwrap();
    drop(send);
    assert_eq!(events.end().await.code(), "DECODER_TIMEOUT");
    program.assert_nothing_left("a decoder that stopped at the end");
}

/// Sends the head of a request and a part of its file, waits for `told` in the answer, and closes the connection.
fn hang_up(program: &Program, bytes: &[u8], told: impl FnOnce(&mut TcpStream)) {
    let address = program.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let part = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\n";
    let target = "/api/analyze-stream?detector=none&pose=none&preview_interval=1";
    let length = part.len() + 2 * bytes.len();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {address}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n\r\n{part}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(bytes).unwrap();
    told(&mut stream);
}

#[test]
fn a_client_that_hangs_up_leaves_nothing() {
    let program = Program::start(&[]);
    let clip = std::fs::read(clips::large()).unwrap();
    hang_up(&program, &clip[..clip.len() * 2 / 3], |stream| {
        let mut answer = BufReader::new(stream).lines();
        assert!(answer.any(|line| line.unwrap() == "event: progress"), "the analysis has begun");
    });
    program.assert_nothing_left("a client that hung up during the analysis");
    hang_up(&program, &clip[..100_000], |_| {
        let begun = within(Duration::from_secs(10), || (!program.files("sessions").is_empty()).then_some(()));
        assert!(begun.is_some(), "the first bytes are stored");
    });
    program.assert_nothing_left("a client that hung up before the analysis");
}
