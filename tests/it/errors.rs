//! Requests that are refused: status, code, and a sentence that names what is wrong.

use reqwest::header::ORIGIN;
use reqwest::multipart::{Form, Part};

use crate::client::{Client, Refusal, Upload, refusal};
use crate::clips;
use crate::server::Server;

pub fn client() -> Client {
    Client::of(Server::shared().url())
}

pub fn upload(client: &Client) -> Upload {
    Upload::of(client, &clips::short())
}

pub fn assert_refused(refused: &Refusal, status: u16, code: &str, named: &str) {
    assert_eq!((refused.status, refused.code.as_str()), (status, code), "{}", refused.detail);
    assert!(refused.detail.contains(named), "{named:?} is not named: {}", refused.detail);
}

#[tokio::test]
async fn an_extension_may_be_in_capitals() {
    let client = client();
    assert_eq!(upload(&client).with("ext", ".MP4").complete().await["total_frames"], 30);
}

#[tokio::test]
async fn indices_outside_the_file_are_refused() {
    let client = client();
    let upload = upload(&client);
    for index in ["16", "-1", "9223372036854775808", "1e3", "٣", "", " 1", "0x1"] {
        let form =
            Form::new().text("session_id", upload.id.clone()).text("chunk_index", index).text("total_chunks", "16").text("ext", ".mp4");
        let form = form.part("file", Part::bytes(b"x".to_vec()));
        let refused = refusal(client.post("/api/upload-chunk").multipart(form).send().await.unwrap()).await;
        assert_refused(&refused, 400, "INVALID_FIELD", "chunk_index");
    }
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let client = client();
    let fields = [("session_id", "missing-one"), ("chunk_index", "0"), ("total_chunks", "1"), ("ext", ".mp4"), ("file", "bytes")];
    for (missing, _) in fields {
        let there = fields.into_iter().filter(|(n, _)| *n != missing);
        let form = there.fold(Form::new(), |form, (name, value)| match name {
            "file" => form.part(name, Part::bytes(value.as_bytes())),
            _ => form.text(name, value),
        });
        let refused = refusal(client.post("/api/upload-chunk").multipart(form).send().await.unwrap()).await;
        assert_refused(&refused, 400, "INVALID_FIELD", missing);
    }
}

#[tokio::test]
async fn a_chunk_that_is_too_large_is_refused() {
    let server = Server::without_models(&["--max-chunk-bytes", "4096"]);
    let client = Client::of(server.url());
    let mut upload = upload(&client);
    upload.chunk_size = 4097;
    let refused = refusal(upload.try_send(0, upload.chunk(0)).await).await;
    assert_refused(&refused, 413, "CHUNK_TOO_LARGE", "4096");
    let refused = refusal(upload.put(0, upload.chunk(0)).await).await;
    assert_refused(&refused, 413, "CHUNK_TOO_LARGE", "4096");
    upload.chunk_size = 4096;
    assert_eq!(upload.complete().await["total_frames"], 30);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_by_its_first_chunk() {
    let client = client();
    for (field, value) in [("total_chunks", "1000000000"), ("total_chunks", "9223372036854775808"), ("file_size", "99999999999999")] {
        let upload = upload(&client).with(field, value);
        let refused = refusal(upload.try_send(0, upload.chunk(0)).await).await;
        assert_refused(&refused, 413, "FILE_TOO_LARGE", "larger");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_before_it_is_full() {
    let server = Server::without_models(&["--min-free-bytes", "18446744073709551615"]);
    let client = Client::of(server.url());
    let upload = upload(&client);
    assert_refused(&refusal(upload.try_send(0, upload.chunk(0)).await).await, 507, "DISK_FULL", "disk is full");
    assert_ne!(client.get("/readyz").send().await.unwrap().status(), 200);
    assert_eq!(client.get("/livez").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn every_answer_keeps_browsers_careful() {
    let client = client();
    for path in ["/", "/api/health", "/api/nothing", "/api/sessions/a%2Fb"] {
        let response = client.get(path).send().await.unwrap();
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
        assert!(response.headers().contains_key("content-security-policy"), "{path}");
    }
    let response = client.post("/api/upload-chunk").header(ORIGIN, "http://evil.example").send().await.unwrap();
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
}
