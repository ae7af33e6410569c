//! What a client of tus may rely on.

use std::time::{Duration, SystemTime};

use actix_web::http::header::HttpDate;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;

use crate::client::{Client, refusal};
use crate::program::within;
use crate::server::Server;
use crate::tus_client::{BYTES, Tus, VERSION, creation, noise, number, server, spool};

const MIB: usize = 1 << 20;

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
async fn a02_an_upload_is_paused_gone_on_with_by_its_url_streamed_and_ended() {
    let (server, client) = server();
    let bytes = noise(5 * MIB);
    let url = Tus::create(&client, bytes.len(), &[]).await.path;
    let paused = Tus { client: Client::of(server.url()), path: url.clone() };
    paused.send(0, &bytes[..2 * MIB]).await;
    let again = Tus { client: Client::of(server.url()), path: url };
    assert_eq!(again.offset().await, 2 * MIB);
    again.send(2 * MIB, &bytes[2 * MIB..]).await;
    assert!(spool(&server, &again) == bytes);
    let streamed = creation(&client, &[]).header("Upload-Defer-Length", 1).send().await.unwrap();
    let streamed = Tus::of(&client, streamed).await;
    streamed.send(0, &bytes[..MIB]).await;
    let last = streamed.patch(MIB).header("Upload-Length", 2 * MIB).body(bytes[MIB..2 * MIB].to_vec()).send().await.unwrap();
    assert_eq!((last.status().as_u16(), number(&last, "upload-offset")), (204, 2 * MIB));
    assert!(spool(&server, &streamed) == bytes[..2 * MIB]);
    for tus in [again, streamed] {
        assert_eq!(tus.request(Method::DELETE).send().await.unwrap().status(), 204);
        assert_eq!(tus.request(Method::HEAD).send().await.unwrap().status(), 410);
    }
}

#[tokio::test]
async fn a04_bytes_for_another_offset_are_not_taken() {
    let (server, client) = server();
    let bytes = noise(3000);
    let tus = Tus::create(&client, bytes.len(), &[]).await;
    tus.send(0, &bytes[..1000]).await;
    for wrong in [0, 999, 1001, 3000, usize::MAX] {
        let answer = tus.patch(wrong).body(vec![7; 2000]).send().await.unwrap();
        assert_eq!(number(&answer, "upload-offset"), 1000);
        let problem: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(problem["type"], "https://iana.org/assignments/http-problem-types#mismatching-upload-offset");
        assert_eq!((&problem["expected-offset"], &problem["provided-offset"]), (&1000.into(), &wrong.into()));
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
async fn a21_an_upload_lives_as_long_as_was_told_and_is_gone_then() {
    let server = Server::without_models(&["--session-timeout", "1", "--reaper-step", "1"]);
    let client = Client::of(server.url());
    let before = SystemTime::now();
    let tus = Tus::create(&client, 2000, &[]).await;
    let sent = tus.patch(0).body(noise(1000)).send().await.unwrap();
    let told = sent.headers()["upload-expires"].to_str().unwrap().to_owned();
    let expires: SystemTime = told.parse::<HttpDate>().unwrap().into();
    // Dates have no fractions of a second.
    assert!(expires + Duration::from_secs(1) > before + Duration::from_secs(1), "{told}");
    assert!(expires <= SystemTime::now() + Duration::from_secs(1), "{told}");
    assert_eq!(sent.status(), 204);
    // Asking for it would keep it alive; its files tell.
    let folder = server.data().join("sessions").join(tus.id());
    within(Duration::from_secs(20), || (!folder.exists()).then_some(())).expect("its files go");
    assert!(SystemTime::now() >= expires, "not before its time");
    let gone = tus.request(Method::HEAD).send().await.unwrap();
    assert_eq!(gone.status(), 410);
    for method in [Method::PATCH, Method::DELETE] {
        let request = tus.request(method).header(BYTES.0, BYTES.1).header("Upload-Offset", 1000);
        let refused = refusal(request.body("x").send().await.unwrap()).await;
        assert_eq!((refused.status, refused.code.as_str()), (410, "UPLOAD_EXPIRED"));
    }
}

#[tokio::test]
async fn a21_what_has_expired_is_gone_before_it_is_removed() {
    let server = Server::without_models(&["--session-timeout", "1", "--reaper-step", "3600"]);
    let tus = Tus::create(&Client::of(server.url()), 2000, &[]).await;
    // A stretch of time is what is tested: nothing tells when it is over.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(tus.request(Method::HEAD).send().await.unwrap().status(), 410);
    assert_eq!(refusal(tus.patch(0).body("x").send().await.unwrap()).await.code, "UPLOAD_EXPIRED");
    assert!(server.data().join("sessions").join(tus.id()).exists());
}

#[tokio::test]
async fn a22_what_the_server_can_do_is_told_to_who_asks() {
    let (_server, client) = server();
    let tus = Tus::create(&client, 5, &[]).await;
    for path in ["/files/", "/files", &tus.path] {
        let answer = client.request(Method::OPTIONS, path).send().await.unwrap();
        assert_eq!(answer.status(), 204, "{path}");
        assert_eq!(answer.headers()["tus-version"], "1.0.0");
        assert_eq!(
            answer.headers()["tus-extension"],
            "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation"
        );
        assert_eq!(answer.headers()["tus-checksum-algorithm"], "sha1,sha256,sha512");
        assert_eq!(number(&answer, "tus-max-size"), 16 << 30);
        let preflight = client.request(Method::OPTIONS, path).header("Origin", "http://elsewhere.example");
        let preflight = preflight.header("Access-Control-Request-Method", "PATCH").send().await.unwrap();
        assert_eq!(preflight.status(), 204, "{path} asks nobody who they are");
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
