//! Requests that are refused: status, code, and a sentence that names what is wrong.

use reqwest::Method;
use reqwest::header::{ALLOW, CONTENT_TYPE, ORIGIN};
use reqwest::multipart::{Form, Part};

use crate::client::{Client, Refusal, Upload, refusal};
use crate::clips;
use crate::server::Server;

fn client() -> Client {
    Client::of(Server::shared().url())
}

fn upload(client: &Client) -> Upload {
    Upload::of(client, &clips::short())
}

fn assert_refused(refused: &Refusal, status: u16, code: &str, named: &str) {
    assert_eq!((refused.status, refused.code.as_str()), (status, code), "{}", refused.detail);
    assert!(refused.detail.contains(named), "{named:?} is not named: {}", refused.detail);
}

#[tokio::test]
async fn fields_out_of_their_range_are_named() {
    let client = client();
    let fields = [
        ("ext", ".exe"),
        ("ext", ".mp4.exe"),
        ("ext", "..mp4"),
        ("ext", ".mp4/"),
        ("ext", ".mp4\0.sh"),
        ("ext", "．mp4"),
        ("ext", ""),
        ("total_chunks", "0"),
        ("total_chunks", "-1"),
        ("total_chunks", "1e3"),
        ("total_chunks", "٣"),
        ("total_chunks", "99999999999999999999"),
        ("confidence", "NaN"),
        ("confidence", "inf"),
        ("confidence", "-0.1"),
        ("confidence", "1.1"),
        ("confidence", ""),
        ("preview_interval", "0"),
        ("preview_interval", "101"),
        ("preview_interval", "-1"),
        ("preview_interval", "2147483648"),
        ("debug", "perhaps"),
        ("iou", "2"),
        ("chunk_size", "0"),
        ("file_size", "many"),
    ];
    for (field, value) in fields {
        let upload = upload(&client).with(field, value);
        let refused = refusal(upload.try_send(0, upload.chunk(0)).await).await;
        let code = if field == "ext" { "UNSUPPORTED_EXTENSION" } else { "INVALID_FIELD" };
        assert_refused(&refused, 400, code, field);
        assert_eq!(
            client.get(&format!("/api/sessions/{}", upload.id)).send().await.unwrap().status(),
            404,
            "{field}={value} left a session"
        );
    }
}

#[tokio::test]
async fn an_extension_may_be_in_capitals() {
    let client = client();
    assert_eq!(upload(&client).with("ext", ".MP4").complete().await["total_frames"], 30);
}

#[tokio::test]
async fn session_ids_that_could_be_paths_are_refused() {
    let client = client();
    let long = "x".repeat(65);
    for id in ["../x", "../../etc/cron.d/x", "%2e%2e%2fx", "a/b", "a\0b", "a b", "é", "", long.as_str()] {
        let upload = upload(&client).with_id(id);
        let refused = refusal(upload.try_send(0, upload.chunk(0)).await).await;
        assert_refused(&refused, 400, "INVALID_SESSION_ID", "session_id");
    }
    for path in ["/api/uploads/a%2Fb", "/api/stream-progress/..%2Fx", "/api/sessions/a%00b", &format!("/api/sessions/{long}")] {
        let refused = refusal(client.get(path).send().await.unwrap()).await;
        assert_refused(&refused, 400, "INVALID_SESSION_ID", "session_id");
    }
    let data = Server::shared().data();
    assert!(!data.join("x").exists() && !data.parent().unwrap().join("x").exists());
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
async fn sessions_beyond_the_limit_are_asked_to_wait() {
    let server = Server::without_models(&["--max-sessions", "1"]);
    let client = Client::of(server.url());
    let first = Upload::of(&client, &clips::short());
    first.send(0).await;
    let second = Upload::of(&client, &clips::short());
    let refused = refusal(second.try_send(0, second.chunk(0)).await).await;
    assert_refused(&refused, 503, "TOO_MANY_SESSIONS", "Try again");
    first.complete().await;
    assert_eq!(second.complete().await["total_frames"], 30);
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
async fn bodies_that_are_no_form_are_refused() {
    let client = client();
    let send = async |content_type: &str, body: String| {
        refusal(client.post("/api/upload-chunk").header(CONTENT_TYPE, content_type).body(body).send().await.unwrap()).await
    };
    assert_refused(&send("application/json", "{}".into()).await, 415, "UNSUPPORTED_MEDIA_TYPE", "multipart/form-data");
    assert_refused(&send("text/plain", "session_id=x".into()).await, 415, "UNSUPPORTED_MEDIA_TYPE", "multipart/form-data");
    assert_eq!(send("multipart/form-data", "--x\r\n".into()).await.status, 400);
    assert_eq!(send("multipart/form-data; boundary=x", "no part at all".into()).await.status, 400);
    assert_eq!(send("multipart/form-data; boundary=x", String::new()).await.status, 400);
    let unnamed = refusal(client.post("/api/upload-chunk").send().await.unwrap()).await;
    assert_refused(&unnamed, 415, "UNSUPPORTED_MEDIA_TYPE", "multipart/form-data");
}

#[tokio::test]
async fn forms_with_too_many_parts_or_repeated_fields_are_refused() {
    let client = client();
    let upload = upload(&client);
    let twice = upload.clone();
    let refused = {
        let form = Form::new().text("session_id", twice.id.clone()).text("session_id", "other").text("chunk_index", "0");
        let form = form.text("total_chunks", "1").text("ext", ".mp4").part("file", Part::bytes(b"x".to_vec()));
        refusal(client.post("/api/upload-chunk").multipart(form).send().await.unwrap()).await
    };
    assert_refused(&refused, 400, "INVALID_FIELD", "session_id");
    for name in ["field", "file"] {
        let form = (0..1000).fold(Form::new(), |form, i| match name {
            "file" => form.part("file", Part::bytes(b"x".to_vec())),
            _ => form.text(format!("{name}{i}"), "x"),
        });
        let form = form.text("session_id", upload.id.clone()).text("chunk_index", "0").text("total_chunks", "1").text("ext", ".mp4");
        let refused = refusal(client.post("/api/upload-chunk").multipart(form).send().await.unwrap()).await;
        assert_eq!(refused.status, 400, "{name}: {}", refused.detail);
    }
    let long = upload.with("filename", "x".repeat(10_000));
    assert_refused(&refusal(long.try_send(0, b"x").await).await, 400, "INVALID_FIELD", "filename");
}

#[tokio::test]
async fn pages_of_other_sites_may_not_send() {
    let client = client();
    let own = Server::shared().url();
    for origin in ["http://evil.example", "null", &format!("{own}0"), &format!("{own}.evil.example")] {
        for (method, path) in
            [(Method::POST, "/api/upload-chunk"), (Method::DELETE, "/api/sessions/x"), (Method::PUT, "/api/uploads/x/chunks/0")]
        {
            let response = client.request(method, path).header(ORIGIN, origin).send().await.unwrap();
            assert!(!response.headers().contains_key("access-control-allow-origin"));
            assert_refused(&refusal(response).await, 403, "FORBIDDEN_ORIGIN", "other sites");
        }
    }
    let response = client.request(Method::DELETE, "/api/sessions/x").header(ORIGIN, &own).send().await.unwrap();
    assert_refused(&refusal(response).await, 404, "SESSION_NOT_FOUND", "session");
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_told_apart() {
    let client = client();
    for (method, path) in [(Method::GET, "/api/nothing"), (Method::POST, "/nothing"), (Method::DELETE, "/api/upload-chunk/x")] {
        let refused = refusal(client.request(method, path).send().await.unwrap()).await;
        assert_refused(&refused, 404, "NOT_FOUND", path);
    }
    let wrong = [
        (Method::GET, "/api/upload-chunk", "POST"),
        (Method::POST, "/api/health", "GET"),
        (Method::PATCH, "/api/sessions/x", "GET, DELETE"),
        (Method::DELETE, "/uploads/results/0123456789ab.mp4", "GET, HEAD"),
        (Method::GET, "/api/analyze", "POST"),
        (Method::POST, "/api/stream-progress/x", "GET"),
    ];
    for (method, path, allowed) in wrong {
        let response = client.request(method, path).send().await.unwrap();
        assert_eq!(response.headers()[ALLOW], allowed, "{path}");
        assert_refused(&refusal(response).await, 405, "METHOD_NOT_ALLOWED", allowed);
    }
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
