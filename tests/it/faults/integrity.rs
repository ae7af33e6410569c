//! Faults B: checksums of parts and wholes. One test a row of the catalogue, named by its id.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha512};
use sightline::ingest::chunks::ChunkLedger;
use sightline::ingest::spool::Spool;

use crate::client::{Client, Upload, refusal};
use crate::server::Server;
use crate::tus_client::{BYTES, Tus, checksum, creation, noise, server, spool};
use crate::{clips, scratch};

const TYPES: &str = "https://iana.org/assignments/http-problem-types";

fn sha_256(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

fn sha_512(bytes: &[u8]) -> String {
    format!("sha-512=:{}:", STANDARD.encode(Sha512::digest(bytes)))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Status, code and the end of the type of a refusal.
async fn problem(answer: Response) -> (u16, String, String) {
    let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let text = |field: &str| problem[field].as_str().unwrap().to_owned();
    (problem["status"].as_u64().unwrap() as u16, text("code"), text("type").replace(TYPES, ""))
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
async fn b01_bytes_that_do_not_match_their_content_digest_are_not_kept() {
    let (server, client) = server();
    let bytes = noise(400_000);
    let tus = Tus::create(&client, bytes.len(), &[]).await;
    let (head, tail) = bytes.split_at(150_000);
    let patch = |offset: usize, body: &[u8], digest: String| tus.patch(offset).header("Content-Digest", digest).body(body.to_vec()).send();
    assert_eq!(patch(0, head, sha_256(head)).await.unwrap().status(), 204);
    let mismatch = (400, "DIGEST_MISMATCH".to_owned(), "#digest-mismatching-values".to_owned());
    for wrong in [sha_256(head), sha_512(head), format!("{}, {}", sha_256(tail), sha_512(head))] {
        assert_eq!(problem(patch(150_000, tail, wrong).await.unwrap()).await, mismatch);
        assert_eq!((tus.offset().await, spool(&server, &tus)), (150_000, head.to_vec()));
    }
    assert_eq!(patch(150_000, tail, format!("{}, {}", sha_512(tail), sha_256(tail))).await.unwrap().status(), 204);
    let create =
        |digest: String| creation(&client, &[]).header("Upload-Length", 5).header(BYTES.0, BYTES.1).header("Content-Digest", digest);
    assert_eq!(problem(create(sha_256(b"other")).body("hello").send().await.unwrap()).await, mismatch);
    assert_eq!(create(sha_256(b"hello")).body("hello").send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn b01_a_raw_chunk_that_does_not_match_its_content_digest_is_not_taken() {
    let (_server, client) = server();
    let upload = Upload::of(&client, &clips::short());
    let put = |digest: String| upload.put_request(0, upload.chunk(0)).header("Content-Digest", digest).send();
    let mismatch = (400, "DIGEST_MISMATCH".to_owned(), "#digest-mismatching-values".to_owned());
    assert_eq!(problem(put(sha_512(upload.chunk(1))).await.unwrap()).await, mismatch);
    assert_eq!(client.get(&format!("/api/uploads/{}", upload.id)).send().await.unwrap().status(), 404);
    assert_eq!(put(sha_512(upload.chunk(0))).await.unwrap().status(), 200);
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
async fn b02_a_digest_that_cannot_be_checked_is_refused_for_its_reason() {
    let (_server, client) = server();
    let tus = Tus::create(&client, 11, &[]).await;
    let upload = Upload::of(&client, &clips::short());
    let short = format!("sha-256=:{}:", STANDARD.encode([0; 31]));
    let invalid = ("DIGEST_INVALID", "#digest-invalid-values");
    for (digest, (code, kind)) in [
        ("md5=:XrY7u+Ae7tCTyyK7j1rNww==:", ("DIGEST_UNSUPPORTED", "#digest-unsupported-algorithms")),
        ("sha-256=:???:", invalid),
        ("sha-256=abc", invalid),
        ("sha-256", invalid),
        (short.as_str(), invalid),
    ] {
        let expected = (400, code.to_owned(), kind.to_owned());
        let requests: [RequestBuilder; 4] = [
            tus.patch(0).header("Content-Digest", digest).body("hello world"),
            tus.patch(0).header("Repr-Digest", digest).body("hello world"),
            creation(&client, &[]).header("Upload-Length", 5).header("Repr-Digest", digest),
            upload.put_request(0, upload.chunk(0)).header("Content-Digest", digest),
        ];
        for request in requests {
            assert_eq!(problem(request.send().await.unwrap()).await, expected, "{digest}");
        }
    }
    for digest in ["", "0", &"g".repeat(64), &"é".repeat(32)] {
        let refused = refusal(upload.clone().with("file_sha256", digest).try_send(0, upload.chunk(0)).await).await;
        assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"), "{digest}");
    }
    assert_eq!(tus.offset().await, 0);
    assert_eq!(client.json("/api/sessions").await["total"], 1);
}

#[tokio::test]
async fn b04_a_file_that_is_not_the_one_that_was_meant_has_no_result() {
    let (server, client) = server();
    let bytes = std::fs::read(clips::short()).unwrap();
    let rubbish = noise(1000);
    let wrong = sha_256(b"another file");
    let create = |length: usize| creation(&client, &[]).header("Upload-Length", length);
    // Told at the beginning, told with the last bytes, and for a file that fails by itself.
    let early = Tus::of(&client, create(bytes.len()).header("Repr-Digest", &wrong).send().await.unwrap()).await;
    early.send(0, &bytes).await;
    let late = Tus::of(&client, create(bytes.len()).send().await.unwrap()).await;
    late.send(0, &bytes[..1000]).await;
    let last = late.patch(1000).header("Repr-Digest", &wrong).body(bytes[1000..].to_vec()).send().await.unwrap();
    assert_eq!(last.status(), 204);
    let damaged = Tus::of(&client, create(rubbish.len()).header("Repr-Digest", &wrong).send().await.unwrap()).await;
    damaged.send(0, &rubbish).await;
    let chunks = Upload::of(&client, &clips::short()).with("file_sha256", hex(b"another file"));
    chunks.send_all(0..chunks.total()).await;
    for id in [early.id(), late.id(), damaged.id(), &chunks.id] {
        let end = client.events(id).await.end().await;
        assert_eq!((end.kind.as_str(), end.code()), ("error", "INTEGRITY"), "{end:?}");
        let session = client.json(&format!("/api/sessions/{id}")).await;
        assert_eq!((&session["state"], &session["error"]["code"]), (&"failed".into(), &"INTEGRITY".into()));
    }
    assert_eq!(scratch::files_below(&server.data().join("results")), [""; 0]);
}

#[tokio::test]
async fn b04_a_file_that_is_the_one_that_was_meant_is_analysed() {
    let (_server, client) = server();
    let bytes = std::fs::read(clips::short()).unwrap();
    let both = format!("{}, {}", sha_256(&bytes), sha_512(&bytes));
    let answer = creation(&client, &[]).header("Upload-Length", bytes.len()).header("Repr-Digest", &both).send().await.unwrap();
    let tus = Tus::of(&client, answer).await;
    tus.send(0, &bytes[..1000]).await;
    let other = tus.patch(1000).header("Repr-Digest", sha_256(b"x")).body("x").send().await.unwrap();
    assert_eq!(refusal(other).await.code, "SESSION_CONFLICT", "it was told before");
    let last = tus.patch(1000).header("Repr-Digest", &both).body(bytes[1000..].to_vec()).send().await.unwrap();
    assert_eq!(last.status(), 204);
    assert_eq!(tus.end().await.data["total_frames"], 30);
    let chunks = Upload::of(&client, &clips::short()).with("file_sha256", hex(&bytes).to_uppercase());
    assert_eq!(chunks.complete().await["total_frames"], 30);
}

/// Steps through all of `0..total`, from `first` on.
fn order(total: usize, first: usize) -> impl Iterator<Item = usize> {
    // A step without a common divisor with the total reaches every index.
    let has_common = |step: usize| (2..=step).any(|d| step.is_multiple_of(d) && total.is_multiple_of(d));
    let step = (first * 5 + 2..).find(|step| !has_common(*step)).unwrap();
    (0..total).map(move |n| (first + n * step) % total)
}

#[test]
fn b05_any_chunking_gives_the_same_file() {
    // Bytes of a chunk, from one to 8 MiB, most of them primes; and of a file, which they mostly do not divide.
    #[rustfmt::skip]
    let chunkings = [
        (1, 61), (7, 997), (31, 3_001), (127, 9_973), (1_021, 65_537), (1_024, 65_536), (4_093, 131_071), (8_191, 100_003),
        (16_381, 262_147), (32_771, 524_287), (65_537, 1_048_583), (65_536, 1_048_576), (131_071, 1_500_007), (262_147, 2_097_143),
        (524_287, 3_000_017), (1_048_573, 4_194_301), (1_048_576, 5_243_003), (4_194_301, 9_999_991), (8_388_593, 12_345_701),
        (8_388_608, 17_000_023),
    ];
    for (round, (chunk_size, length)) in chunkings.into_iter().enumerate() {
        let bytes = noise(length);
        let chunks: Vec<&[u8]> = bytes.chunks(chunk_size).collect();
        let folder = scratch::folder("chunking-");
        let path = folder.path().join("source");
        let ledger = ChunkLedger::new(chunks.len() as u64, None, None);
        let upload = sightline::sessions::upload::Upload::new(Arc::new(Spool::create(&path).unwrap()), ledger, None);
        for index in order(chunks.len(), round) {
            upload.take(index as u64, chunks[index].to_vec()).unwrap();
        }
        assert!(upload.received().assembled && upload.spool().is_complete());
        assert_eq!(hex(&std::fs::read(path).unwrap()), hex(&bytes), "{length} bytes in chunks of {chunk_size}");
    }
}

#[tokio::test]
async fn b07_a_result_is_the_same_however_it_is_fetched() {
    let client = Client::of(Server::shared().url());
    let complete = Upload::of(&client, &clips::short()).complete().await;
    for field in ["download_url", "results_url", "csv_url"] {
        let path = complete[field].as_str().unwrap();
        let get = |range: Option<String>, tag: &str| {
            let request = client.get(path).header(IF_RANGE, tag);
            range.into_iter().fold(request, |request, range| request.header(RANGE, range)).send()
        };
        let whole = get(None, "").await.unwrap();
        let tag = whole.headers()[ETAG].to_str().unwrap().to_owned();
        let body = whole.bytes().await.unwrap();
        let mut parts = Vec::new();
        let size = body.len().div_ceil(7);
        while parts.len() < body.len() {
            let range = format!("bytes={}-{}", parts.len(), parts.len() + size - 1);
            let part = get(Some(range), &tag).await.unwrap();
            assert_eq!((part.status().as_u16(), part.headers()[ETAG].to_str().unwrap()), (206, tag.as_str()));
            assert!(part.headers().contains_key(CONTENT_RANGE));
            parts.extend(part.bytes().await.unwrap());
        }
        assert_eq!(hex(&parts), hex(&body), "{path}");
        let again = get(None, "").await.unwrap();
        assert_eq!(again.headers()[ETAG].to_str().unwrap(), tag);
        assert_eq!(hex(&again.bytes().await.unwrap()), hex(&body), "one tag, one content");
    }
}
