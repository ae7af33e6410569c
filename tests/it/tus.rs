//! Uploads by tus 1.0.0: what its clients may rely on, and what breaks on the way.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use reqwest::Method;

use crate::client::{Client, fresh_id, refusal};
use crate::clips;
use crate::program::{Program, within};
use crate::server::Server;
use crate::tus_client::{BYTES, Tus, VERSION, checksum, creation, final_of, noise, number, raw, server, spool};

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
async fn creations_that_make_no_sense_are_refused() {
    let (_server, client) = server();
    let begin = |names: &[(&str, &str)]| creation(&client, names).header("Upload-Length", 5);
    for (request, code) in [
        (creation(&client, &[]), "INVALID_FIELD"),
        (creation(&client, &[]).header("Upload-Length", "-1"), "INVALID_FIELD"),
        (creation(&client, &[]).header("Upload-Length", "1e3"), "INVALID_FIELD"),
        (creation(&client, &[]).header("Upload-Defer-Length", 2), "INVALID_FIELD"),
        (begin(&[]).header("Upload-Defer-Length", 1), "INVALID_FIELD"),
        (begin(&[]).header("Upload-Concat", "whole"), "INVALID_FIELD"),
        (begin(&[]).header("Upload-Concat", "final;/files/a"), "INVALID_FIELD"),
        (creation(&client, &[]).header("Upload-Concat", "final;/files/nobody"), "SESSION_NOT_FOUND"),
        (
            begin(&[]).header("Upload-Concat", "partial").header("Repr-Digest", "sha-256=:d435Qo+nKZ+gLcUHn7GQtQ72hiBVAgqoLsZnZPiTGPk=:"),
            "INVALID_FIELD",
        ),
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

/// The file's parts, each created without a name and sent whole.
async fn parts(client: &Client, bytes: &[u8], count: usize) -> Vec<Tus> {
    let mut parts = Vec::new();
    for piece in bytes.chunks(bytes.len().div_ceil(count)) {
        let create = client.post("/files").header(VERSION.0, VERSION.1).header("Upload-Concat", "partial");
        let part = Tus::of(client, create.header("Upload-Length", piece.len()).send().await.unwrap()).await;
        part.send(0, piece).await;
        parts.push(part);
    }
    parts
}

#[tokio::test]
async fn readers_of_an_upload_that_is_ended_before_its_analysis_began_are_told() {
    let client = Client::of(Server::shared().url());
    let tus = Tus::create(&client, 3000, &[]).await;
    let mut events = client.events(tus.id()).await;
    assert_eq!(tus.request(Method::DELETE).send().await.unwrap().status(), 204);
    let end = tokio::time::timeout(Duration::from_secs(30), events.wait_for(|e| e.is_terminal())).await;
    assert_eq!(end.expect("the end is told").code(), "CANCELLED");
    assert!(events.next().await.is_none(), "the stream ends after the end");
}

#[tokio::test]
async fn parts_are_put_together_and_analysed_as_one_file() {
    let (server, client) = server();
    let bytes = std::fs::read(clips::faststart()).unwrap();
    let parts = parts(&client, &bytes, 3).await;
    let head = parts[0].head().await;
    assert_eq!((&head.headers()["upload-concat"], number(&head, "upload-offset")), (&"partial".parse().unwrap(), bytes.len().div_ceil(3)));
    assert!(head.headers().contains_key("upload-expires"), "a part is gone if nobody makes a file of it");
    assert_eq!(client.json("/api/sessions").await["total"], 0, "a part is no file");
    let concat = final_of(&parts);
    let create = || creation(&client, &[]).header("Upload-Concat", &concat).send();
    let whole = Tus::of(&client, create().await.unwrap()).await;
    assert_eq!(whole.end().await.data["total_frames"], clips::FRAMES);
    assert!(spool(&server, &whole) == bytes);
    let head = whole.head().await;
    assert_eq!((number(&head, "upload-offset"), number(&head, "upload-length")), (bytes.len(), bytes.len()));
    assert_eq!(head.headers()["upload-concat"], concat.as_str());
    let refused = refusal(whole.patch(bytes.len()).body("x").send().await.unwrap()).await;
    assert_eq!((refused.status, refused.code.as_str()), (403, "UPLOAD_FINAL"));
    for part in &parts {
        assert_eq!(part.request(Method::HEAD).send().await.unwrap().status(), 410, "its bytes have moved");
    }
    // Whoever did not get the answer asks again.
    assert_eq!(Tus::of(&client, create().await.unwrap()).await.path, whole.path);
    assert_eq!(client.json("/api/sessions").await["total"], 1);
}

#[tokio::test]
async fn parts_whose_names_were_used_before_are_not_taken_for_the_first_ones() {
    let client = Client::of(Server::shared().url());
    let names = [fresh_id(), fresh_id()];
    let clip = std::fs::read(clips::short()).unwrap();
    let half = clip.len() / 2;
    let parts = async |bytes: &[u8]| {
        let mut parts = Vec::new();
        for (name, piece) in names.iter().zip([&bytes[..half], &bytes[half..]]) {
            let create = creation(&client, &[("session_id", name)]).header("Upload-Concat", "partial");
            let create = create.header("Upload-Length", piece.len());
            let part = Tus::of(&client, create.send().await.unwrap()).await;
            part.send(0, piece).await;
            parts.push(part);
        }
        final_of(&parts)
    };
    let create = async |concat: String| creation(&client, &[]).header("Upload-Concat", concat).send().await.unwrap();
    let first = Tus::of(&client, create(parts(&noise(clip.len())).await).await).await;
    let concat = parts(&clip).await;
    let refused = refusal(create(concat.clone()).await).await;
    assert_eq!((refused.status, refused.code.as_str()), (409, "SESSION_CONFLICT"));
    assert!(refused.detail.contains(first.id()), "{}", refused.detail);
    assert_eq!(client.delete(first.id()).await.status(), 204);
    let second = Tus::of(&client, create(concat).await).await;
    assert_eq!(second.end().await.data["total_frames"], 30, "of its own bytes");
}

#[tokio::test]
async fn only_whole_parts_make_a_file() {
    // As many as there will be before the file, for which its parts make room.
    let server = Server::without_models(&["--max-sessions", "4"]);
    let client = Client::of(server.url());
    let mut parts = parts(&client, &noise(3000), 2).await;
    let create = async |concat: String| refusal(creation(&client, &[]).header("Upload-Concat", concat).send().await.unwrap()).await;
    let file = Tus::create(&client, 5, &[]).await;
    let refused = create(final_of(&[parts[0].clone(), file])).await;
    assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"), "no part");
    let unfinished = creation(&client, &[]).header("Upload-Concat", "partial").header("Upload-Length", 1000).send().await.unwrap();
    parts.push(Tus::of(&client, unfinished).await);
    parts[2].send(0, &noise(999)).await;
    let refused = create(final_of(&parts)).await;
    assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"));
    assert!(refused.detail.contains(parts[2].id()) && refused.detail.contains("999"), "{}", refused.detail);
    parts[2].send(999, b"x").await;
    let whole = creation(&client, &[]).header("Upload-Concat", final_of(&parts)).send().await.unwrap();
    assert_eq!(number(&whole, "upload-offset"), 4000);
}

#[tokio::test]
async fn parts_outlive_their_server() {
    let program = Program::start(&[]);
    let bytes = std::fs::read(clips::short()).unwrap();
    let mut parts = parts(&Client::of(&program.url), &bytes, 2).await;
    let data = Arc::clone(program.data());
    program.signal(Signal::SIGKILL);
    drop(program);
    let program = Program::start_in(data, &[]);
    let client = Client::of(&program.url);
    parts.iter_mut().for_each(|part| part.client = client.clone());
    assert_eq!(parts[1].head().await.headers()["upload-concat"], "partial");
    let whole = creation(&client, &[]).header("Upload-Concat", final_of(&parts)).send().await.unwrap();
    assert_eq!(Tus::of(&client, whole).await.end().await.data["total_frames"], 30);
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
