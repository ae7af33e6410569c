//! Senders that break off, send too much, or send at once.

use std::io::Write;
use std::time::Duration;

use reqwest::Method;

use crate::client::{Client, refusal};
use crate::clips;
use crate::program::Program;
use crate::server::Server;
use crate::tus_client::{Tus, creation, noise, number, raw, server, spool};

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
    let mut expected = noise(30_000);
    // Longer than what is sent, so that it stays where it can be looked at.
    let tus = Tus::create(&client, 2_000_000, &[]).await;
    tus.send(0, &expected).await;
    for round in 0..200 {
        let bodies = [vec![1; 5000], vec![2; 5000]];
        let send = |body: &Vec<u8>| tus.patch(expected.len()).body(body.clone()).send();
        let (first, second) = tokio::join!(send(&bodies[0]), send(&bodies[1]));
        let statuses = [first.unwrap().status().as_u16(), second.unwrap().status().as_u16()];
        let winner = statuses.iter().position(|s| *s == 204).unwrap_or_else(|| panic!("round {round}: {statuses:?}"));
        assert!(matches!(statuses[1 - winner], 409 | 423), "round {round}: {statuses:?}");
        expected.extend(&bodies[winner]);
    }
    assert!(spool(&server, &tus) == expected, "each stretch is of one sender");
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
