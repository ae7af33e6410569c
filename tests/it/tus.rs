//! Uploads by tus 1.0.0: what its clients may rely on, and what breaks on the way.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::Signal;
use reqwest::Method;
use sha2::{Digest as _, Sha256};

use crate::client::{Client, fresh_id, refusal};
use crate::clips;
use crate::program::{Program, within};
use crate::server::Server;
use crate::tus_client::{BYTES, Tus, VERSION, creation, noise, number};

const MIB: usize = 1 << 20;

fn spool(server: &Server, tus: &Tus) -> Vec<u8> {
    std::fs::read(server.data().join("sessions").join(tus.id()).join("source")).unwrap()
}

fn server() -> (Server, Client) {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    (server, client)
}

fn checksum(bytes: &[u8]) -> String {
    format!("sha256 {}", STANDARD.encode(Sha256::digest(bytes)))
}

/// A connection of its own, for what a good client never does.
fn raw(server: &Server, tus: &Tus, offset: usize, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "PATCH {} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nContent-Type: {}\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n",
        tus.path, BYTES.1
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[tokio::test]
async fn a01_a_file_goes_up_in_pieces_and_every_offset_is_exact() {
    let (server, client) = server();
    let bytes = noise(5_243_003);
    let tus = Tus::create(&client, bytes.len(), &[("filename", "holiday.mkv")]).await;
    let mut offset = 0;
    for piece in bytes.chunks(MIB) {
        assert_eq!(tus.offset().await, offset);
        let answer = tus.patch(offset).body(piece.to_vec()).send().await.unwrap();
        offset += piece.len();
        assert_eq!((answer.status().as_u16(), number(&answer, "upload-offset")), (204, offset));
        assert_eq!(answer.headers().contains_key("upload-expires"), offset < bytes.len());
    }
    let head = tus.head().await;
    assert_eq!(number(&head, "upload-length"), bytes.len());
    let metadata = head.headers()["upload-metadata"].to_str().unwrap();
    assert!(metadata.contains(&format!("filename {}", STANDARD.encode("holiday.mkv"))), "{metadata}");
    assert_ne!(tus.end().await.code(), "INTERNAL_ERROR", "noise is no video");
    drop(server);
}

#[tokio::test]
async fn a_session_by_tus_is_like_any_other_and_is_analysed_while_it_arrives() {
    let server = Server::shared();
    let client = Client::of(server.url());
    let bytes = std::fs::read(clips::faststart()).unwrap();
    let id = fresh_id();
    let names = [("session_id", id.as_str()), ("preview_interval", "1"), ("filename", "my\r\nfilm.mp4")];
    let tus = Tus::create(&client, bytes.len(), &names).await;
    assert_eq!(tus.id(), id);
    let half = bytes.len() / 2;
    tus.send(0, &bytes[..half]).await;
    let mut events = client.events(&id).await;
    let early = events.wait_for(|e| e.kind == "progress" && e.frame_index() > 0).await;
    assert!(early.frame_index() < clips::FRAMES);
    let session = client.json(&format!("/api/sessions/{id}")).await;
    assert_eq!((&session["assembled"], &session["filename"]), (&false.into(), &"myfilm.mp4".into()));
    assert_eq!(session["options"]["preview_interval"], 1);
    tus.send(half, &bytes[half..]).await;
    assert_eq!(events.end().await.data["total_frames"], clips::FRAMES);
    assert_eq!(spool(server, &tus), bytes);
    // Its bytes come by tus alone.
    let chunk = client.request(Method::PUT, &format!("/api/uploads/{id}/chunks/0?total_chunks=1&ext=.mp4")).body("x").send().await.unwrap();
    assert_eq!(refusal(chunk).await.code, "SESSION_CONFLICT");
}

#[tokio::test]
async fn a04_bytes_for_another_offset_are_not_taken() {
    let (server, client) = server();
    let bytes = noise(3000);
    let tus = Tus::create(&client, bytes.len(), &[]).await;
    tus.send(0, &bytes[..1000]).await;
    for wrong in [0, 999, 1001, 3000, usize::MAX] {
        let refused = refusal(tus.patch(wrong).body(vec![7; 2000]).send().await.unwrap()).await;
        assert_eq!((refused.status, refused.code.as_str()), (409, "OFFSET_CONFLICT"), "{wrong}");
        assert!(refused.detail.contains("1000"), "{}", refused.detail);
        assert_eq!(spool(&server, &tus), bytes[..1000]);
    }
    tus.send(1000, &bytes[1000..]).await;
}

#[tokio::test]
async fn a13_an_empty_file_is_whole_at_once_and_said_to_be_empty() {
    let (_server, client) = server();
    let tus = Tus::create(&client, 0, &[]).await;
    assert_eq!(tus.offset().await, 0);
    assert_eq!(tus.end().await.code(), "EMPTY_INPUT");
}

#[tokio::test]
async fn a15_what_came_before_a_break_is_kept() {
    let (server, client) = server();
    let bytes = noise(100_000);
    let tus = Tus::create(&client, bytes.len(), &[]).await;
    let mut stream = raw(&server, &tus, 0, bytes.len());
    stream.write_all(&bytes[..40_000]).unwrap();
    tus.offset_becomes(40_000).await;
    drop(stream);
    // The break is noticed at once, not when the time for the next bytes is over.
    let mut answer = None;
    for _ in 0..100 {
        let tried = tus.patch(40_000).body(bytes[40_000..].to_vec()).send().await.unwrap();
        if tried.status() == 204 {
            answer = Some(tried);
            break;
        }
        assert_eq!(tried.status(), 423);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(number(&answer.expect("the upload is free again within a second"), "upload-offset"), bytes.len());
    assert_ne!(tus.end().await.code(), "INTERNAL_ERROR");
}

#[tokio::test]
async fn a_sender_that_falls_silent_gives_way() {
    let (server, client) = server();
    let bytes = noise(3000);
    let tus = Tus::create(&client, bytes.len(), &[]).await;
    let mut silent = raw(&server, &tus, 0, bytes.len());
    silent.write_all(&bytes[..1000]).unwrap();
    tus.offset_becomes(1000).await;
    let locked = refusal(tus.patch(1000).body("x").send().await.unwrap()).await;
    assert_eq!((locked.status, locked.code.as_str()), (423, "UPLOAD_LOCKED"));
    tokio::time::sleep(Duration::from_millis(3100)).await;
    tus.send(1000, &bytes[1000..2000]).await;
    silent.write_all(&[7; 100]).unwrap();
    let mut answer = [0; 12];
    silent.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 423");
    assert_eq!(spool(&server, &tus), bytes[..2000]);
}

#[tokio::test]
async fn a17_a_file_never_outgrows_its_length_nor_the_limit() {
    let server = Server::without_models(&["--max-file-bytes", "2000"]);
    let client = Client::of(server.url());
    let large = refusal(creation(&client, &[]).header("Upload-Length", 2001).send().await.unwrap()).await;
    assert_eq!((large.status, large.code.as_str()), (413, "FILE_TOO_LARGE"));
    let bytes = noise(3000);
    let endless = |from: usize| {
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> = bytes[from..].chunks(100).map(|c| Ok(c.to_vec())).collect();
        reqwest::Body::wrap_stream(futures_util::stream::iter(pieces))
    };
    let tus = Tus::create(&client, 1000, &[]).await;
    let told = refusal(tus.patch(0).body(bytes[..1001].to_vec()).send().await.unwrap()).await;
    assert_eq!(told.status, 413);
    assert_eq!(tus.offset().await, 0, "a length beyond is refused before the body is read");
    assert_eq!(tus.patch(0).body(endless(0)).send().await.unwrap().status(), 413);
    assert!(tus.offset().await <= 1000);
    let deferred = creation(&client, &[]).header("Upload-Defer-Length", 1).send().await.unwrap();
    let deferred = Tus::of(&client, deferred).await;
    assert_eq!(deferred.patch(0).body(endless(0)).send().await.unwrap().status(), 413);
    assert!(deferred.offset().await <= 2000);
}

#[tokio::test]
async fn a18_of_two_who_send_at_once_one_succeeds() {
    let (server, client) = server();
    for round in 0..50 {
        let tus = Tus::create(&client, 600_000, &[]).await;
        let head = noise(300_000);
        tus.send(0, &head).await;
        let bodies = [vec![1; 300_000], vec![2; 300_000]];
        let send = |body: &Vec<u8>| tus.patch(300_000).body(body.clone()).send();
        let (first, second) = tokio::join!(send(&bodies[0]), send(&bodies[1]));
        let statuses = [first.unwrap().status().as_u16(), second.unwrap().status().as_u16()];
        let winner = statuses.iter().position(|s| *s == 204).unwrap_or_else(|| panic!("round {round}: {statuses:?}"));
        assert!(matches!(statuses[1 - winner], 409 | 423), "round {round}: {statuses:?}");
        if let Ok(stored) = std::fs::read(server.data().join("sessions").join(tus.id()).join("source")) {
            assert!(stored[300_000..].iter().all(|b| *b == bodies[winner][0]), "round {round}");
        }
        assert_eq!(tus.request(Method::DELETE).send().await.unwrap().status(), 204);
    }
}

#[tokio::test]
async fn a20_what_is_deleted_takes_no_bytes_and_leaves_nothing() {
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    let bytes = std::fs::read(clips::large()).unwrap();
    let tus = Tus::create(&client, bytes.len(), &[]).await;
    tus.send(0, &bytes[..bytes.len() / 2]).await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(4);
    let body = futures_util::stream::unfold(receiver, async |mut r| r.recv().await.map(|item| (item, r)));
    let half = bytes.len() / 2;
    let running = tokio::spawn(tus.patch(half).body(reqwest::Body::wrap_stream(body)).send());
    sender.send(Ok(bytes[half..half + 1000].to_vec())).await.unwrap();
    tus.offset_becomes(half + 1000).await;
    assert_eq!(tus.request(Method::DELETE).send().await.unwrap().status(), 204);
    let aborted = tokio::time::timeout(Duration::from_secs(5), running).await.expect("the request ends").unwrap();
    assert_eq!(aborted.unwrap().status(), 404);
    let tus = &tus;
    program.assert_nothing_left("a deletion");
    assert_eq!(refusal(tus.patch(half).body("x").send().await.unwrap()).await.code, "SESSION_DELETED");
    assert_eq!(tus.request(Method::HEAD).send().await.unwrap().status(), 410);
    assert_eq!(tus.request(Method::DELETE).send().await.unwrap().status(), 410);
}

#[tokio::test]
async fn a22_what_the_server_can_do_is_told_to_who_asks() {
    let (_server, client) = server();
    let tus = Tus::create(&client, 5, &[]).await;
    for path in ["/files/", &tus.path] {
        let answer = client.request(Method::OPTIONS, path).send().await.unwrap();
        assert_eq!(answer.status(), 204, "{path}");
        assert_eq!(answer.headers()["tus-version"], "1.0.0");
        assert_eq!(
            answer.headers()["tus-extension"],
            "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination"
        );
        assert_eq!(answer.headers()["tus-checksum-algorithm"], "sha1,sha256");
        assert_eq!(number(&answer, "tus-max-size"), 16 << 30);
    }
}

#[tokio::test]
async fn a23_another_version_is_refused_before_anything_is_done() {
    let (_server, client) = server();
    let tus = Tus::create(&client, 5, &[]).await;
    for version in [None, Some("0.2.2"), Some("1.0.0, 1.0.1")] {
        for (method, path) in
            [(Method::POST, "/files/"), (Method::PATCH, &tus.path), (Method::DELETE, &tus.path), (Method::HEAD, &tus.path)]
        {
            let mut request = client.request(method.clone(), path).header("Upload-Length", 5).header("Upload-Offset", 0);
            if let Some(version) = version {
                request = request.header(VERSION.0, version);
            }
            let answer = request.header(BYTES.0, BYTES.1).body("hello").send().await.unwrap();
            assert_eq!((answer.status().as_u16(), &answer.headers()["tus-version"]), (412, &"1.0.0".parse().unwrap()));
            if method != Method::HEAD {
                assert_eq!(refusal(answer).await.code, "UNSUPPORTED_TUS_VERSION");
            }
        }
    }
    assert_eq!(tus.offset().await, 0);
    assert_eq!(client.json("/api/sessions").await["total"], 1);
}

#[tokio::test]
async fn b01_bytes_that_do_not_match_their_checksum_are_not_kept() {
    let (server, client) = server();
    let bytes = noise(400_000);
    let tus = Tus::create(&client, bytes.len(), &[]).await;
    let (head, tail) = bytes.split_at(150_000);
    let patch =
        |offset: usize, body: &[u8], of: &[u8]| tus.patch(offset).header("Upload-Checksum", checksum(of)).body(body.to_vec()).send();
    assert_eq!(patch(0, head, head).await.unwrap().status(), 204);
    let wrong = refusal(patch(150_000, tail, head).await.unwrap()).await;
    assert_eq!((wrong.status, wrong.code.as_str()), (460, "UPLOAD_CHECKSUM_MISMATCH"));
    assert_eq!((tus.offset().await, spool(&server, &tus)), (150_000, head.to_vec()));
    let sha1 = "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=";
    let hello = Tus::create(&client, 11, &[]).await;
    let answer = hello.patch(0).header("Upload-Checksum", sha1).body("hello world").send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(patch(150_000, tail, tail).await.unwrap().status(), 204);
    assert_eq!(tus.offset().await, bytes.len());
}

#[tokio::test]
async fn b02_a_checksum_that_cannot_be_checked_is_refused() {
    let (_server, client) = server();
    let tus = Tus::create(&client, 11, &[]).await;
    let short = format!("sha256 {}", STANDARD.encode([0; 31]));
    for bad in ["md5 XrY7u+Ae7tCTyyK7j1rNww==", "sha1 ???", "sha1", "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", &short] {
        let refused = refusal(tus.patch(0).header("Upload-Checksum", bad).body("hello world").send().await.unwrap()).await;
        assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"), "{bad}");
    }
    assert_eq!(tus.offset().await, 0);
}

#[tokio::test]
async fn creations_that_make_no_sense_are_refused() {
    let (_server, client) = server();
    let begin = |names: &[(&str, &str)]| creation(&client, names).header("Upload-Length", 5);
    for (request, code) in [
        (creation(&client, &[]), "INVALID_FIELD"),
        (creation(&client, &[]).header("Upload-Length", "-1"), "INVALID_FIELD"),
        (creation(&client, &[]).header("Upload-Length", "1e3"), "INVALID_FIELD"),
        (creation(&client, &[]).header("Upload-Defer-Length", 2), "INVALID_FIELD"),
        (begin(&[]).header("Upload-Defer-Length", 1), "INVALID_FIELD"),
        (begin(&[]).header("Upload-Concat", "partial"), "INVALID_FIELD"),
        (begin(&[("confidence", "2")]), "INVALID_FIELD"),
        (begin(&[("filename", "")]), "INVALID_FIELD"),
        (begin(&[("filename", "a.exe")]), "UNSUPPORTED_EXTENSION"),
        (begin(&[("session_id", "../x")]), "INVALID_SESSION_ID"),
    ] {
        assert_eq!(refusal(request.send().await.unwrap()).await.code, code);
    }
    assert_eq!(client.json("/api/sessions").await["total"], 0);
    let tus = Tus::create(&client, 5, &[]).await;
    let wrong = tus.request(Method::PATCH).header("Upload-Offset", 0).header("Content-Type", "text/plain").body("x").send().await.unwrap();
    assert_eq!(refusal(wrong).await.status, 415);
}

#[tokio::test]
async fn a_creation_may_bring_bytes_and_may_be_repeated() {
    let (_server, client) = server();
    let bytes = noise(2000);
    let id = fresh_id();
    let create = |body: &[u8]| {
        creation(&client, &[("session_id", &id)]).header("Upload-Length", 2000).header(BYTES.0, BYTES.1).body(body.to_vec()).send()
    };
    let answer = create(&bytes[..500]).await.unwrap();
    assert_eq!((answer.status().as_u16(), number(&answer, "upload-offset")), (201, 500));
    let again = create(&bytes[..500]).await.unwrap();
    assert_eq!((again.status().as_u16(), number(&again, "upload-offset")), (201, 500));
    let other = creation(&client, &[("session_id", &id)]).header("Upload-Length", 2001).send().await.unwrap();
    assert_eq!(refusal(other).await.code, "SESSION_CONFLICT");
    let wrong = creation(&client, &[]).header("Upload-Length", 5).header(BYTES.0, BYTES.1);
    let wrong = wrong.header("Upload-Checksum", checksum(b"other")).body("hello").send().await.unwrap();
    assert_eq!(refusal(wrong).await.status, 460);
    assert_eq!(client.json("/api/sessions").await["total"], 1, "of a creation that failed nothing stays");
}

#[tokio::test]
async fn a_length_may_be_told_at_the_end_and_a_method_in_a_header() {
    let (_server, client) = server();
    let bytes = std::fs::read(clips::short()).unwrap();
    let answer = creation(&client, &[]).header("Upload-Defer-Length", 1).send().await.unwrap();
    let tus = Tus::of(&client, answer).await;
    let head = tus.head().await;
    assert_eq!(head.headers()["upload-defer-length"], "1");
    assert!(!head.headers().contains_key("upload-length") && head.headers().contains_key("upload-expires"));
    tus.send(0, &bytes).await;
    let post = tus.request(Method::POST).header("X-HTTP-Method-Override", "PATCH").header(BYTES.0, BYTES.1);
    let told = post.header("Upload-Offset", bytes.len()).header("Upload-Length", bytes.len()).send().await.unwrap();
    assert_eq!(told.status(), 204);
    assert_eq!(number(&tus.head().await, "upload-length"), bytes.len());
    assert_eq!(tus.end().await.data["total_frames"], 30);
    assert_eq!(tus.request(Method::POST).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn c01_an_upload_goes_on_after_its_server_was_killed() {
    let bytes = std::fs::read(clips::faststart()).unwrap();
    let mut program = Program::start(&[]);
    let mut tus = Tus::create(&Client::of(&program.url), bytes.len(), &[]).await;
    let mut acknowledged = 0;
    for kill in 1..=5 {
        let until = bytes.len() * kill / 6;
        let body = bytes[acknowledged..until].to_vec();
        tus.send(acknowledged, &body).await;
        acknowledged = until;
        // Dies while more arrives.
        let request = tus.patch(acknowledged).body(bytes[acknowledged..].to_vec()[..10_000].to_vec());
        let dying = tokio::spawn(request.send());
        tokio::time::sleep(Duration::from_millis(kill as u64)).await;
        program.signal(Signal::SIGKILL);
        program.wait(Duration::from_secs(5));
        let _ = dying.await;
        program = Program::start_in(Arc::clone(program.data()), &[]);
        tus = Tus { client: Client::of(&program.url), path: tus.path };
        let offset = tus.offset().await;
        assert!((acknowledged..=acknowledged + 10_000).contains(&offset), "{offset} after {acknowledged}");
        let stored = std::fs::read(program.path("sessions").join(tus.id()).join("source")).unwrap();
        assert_eq!(stored, bytes[..offset]);
        acknowledged = offset;
    }
    tus.send(acknowledged, &bytes[acknowledged..]).await;
    assert_eq!(tus.end().await.data["total_frames"], clips::FRAMES);
    assert!(within(Duration::from_secs(2), || program.children("").is_empty().then_some(())).is_some());
}
