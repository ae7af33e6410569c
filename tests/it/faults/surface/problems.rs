//! Errors: their shape, what they do not tell, and that no request gets another one.

use reqwest::Method;
use reqwest::header::{ACCEPT, ALLOW, CONTENT_TYPE};

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::errors::{assert_refused, client, upload};
use crate::server::Server;

#[tokio::test]
async fn h02_no_problem_tells_of_the_machine() {
    let without_ffmpeg = Server::start(&["--ffmpeg", "/nowhere/ffmpeg"]);
    let server = Server::without_models(&[]);
    let (bare, client) = (Client::of(without_ffmpeg.url()), Client::of(server.url()));
    let garbage = Upload::new(&client, b"\x1a\x45\xdf\xa3 no film follows".repeat(9), ".mkv", 5000);
    garbage.send(0).await;
    garbage.events().await.end().await;
    let unknown = Upload::of(&client, &clips::short()).with("detector", "/etc/passwd.onnx");
    let classes = Upload::of(&client, &clips::short()).with("detector", "default").with("classes", "person");
    let mut answers = vec![
        bare.get("/readyz").send().await.unwrap(),
        bare.get("/api/models").send().await.unwrap(),
        unknown.try_send(0, unknown.chunk(0)).await,
        classes.try_send(0, classes.chunk(0)).await,
        client.get(&format!("/api/sessions/{}/result.mp4", garbage.id)).send().await.unwrap(),
    ];
    for path in
        ["/api/sessions/none", "/api/sessions/a.b", "/nothing", "/api/upload-chunk", "/uploads/results/x.mp4", "/api/sessions?page=0"]
    {
        answers.push(client.get(path).send().await.unwrap());
    }
    for answer in answers {
        let place = answer.url().path().to_owned();
        let refused = refusal(answer).await;
        let data = server.data().to_str().unwrap();
        for told in [data, "/nowhere", "/home", "/tmp", "/src/", ".rs:", "panicked", "-hide_banner", "-i pipe"] {
            assert!(!refused.detail.contains(told), "{place} tells {told}: {}", refused.detail);
        }
    }
}

#[tokio::test]
async fn h03_a_client_that_accepts_nothing_of_the_kind_is_told_before_anything_happens() {
    let client = client();
    let upload = upload(&client);
    for (method, path, accept) in [
        (Method::GET, "/api/sessions", "text/html"),
        (Method::GET, "/api/health", "image/png, text/html;q=0.9"),
        (Method::GET, "/api/models", "application/json;q=0"),
        (Method::GET, "/api/stream-progress/x", "application/json"),
        (Method::PUT, &format!("/api/uploads/{}/chunks/0?total_chunks=1&ext=.mp4", upload.id), "text/html"),
    ] {
        let response = client.request(method, path).header(ACCEPT, accept).body("x").send().await.unwrap();
        assert_refused(&refusal(response).await, 406, "NOT_ACCEPTABLE", "gives");
    }
    assert_eq!(client.get(&format!("/api/uploads/{}", upload.id)).send().await.unwrap().status(), 404, "nothing began");
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (path, accept) in [
        ("/api/health", "*/*"),
        ("/api/health", "application/*"),
        ("/api/health", "application/problem+json"),
        ("/api/health", browser),
        ("/", "text/html"),
        ("/metrics", "text/html"),
        ("/docs", browser),
    ] {
        let status = client.get(path).header(ACCEPT, accept).send().await.unwrap().status();
        assert_ne!(status, 406, "{path} for {accept}");
    }
    let wrong = client.request(Method::DELETE, "/api/health").header(ACCEPT, "text/html").send().await.unwrap();
    assert_refused(&refusal(wrong).await, 405, "METHOD_NOT_ALLOWED", "GET");
}

#[tokio::test]
async fn h03_unknown_addresses_and_methods_are_told_apart() {
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
async fn h03_bodies_that_are_no_form_are_refused() {
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
async fn h04_fields_out_of_their_range_are_named() {
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
