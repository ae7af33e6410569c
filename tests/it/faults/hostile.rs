//! Faults E: what is sent to do harm. One test a row of the catalogue, named by its id.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ORIGIN};
use reqwest::multipart::{Form, Part};

use crate::client::{Client, Upload, fresh_id, refusal};
use crate::clips;
use crate::errors::{assert_refused, client, upload};
use crate::program::Program;
use crate::server::Server;

/// Far beyond what an answer takes, for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);
/// What memory may grow by while a hostile form is read.
const FLAT: u64 = 16 << 20;

/// Sends a form as it is, and gives the answer's status and body. A connection that is closed without an answer fails.
fn send_raw(url: &str, content_type: &str, body: &[u8]) -> (u16, String) {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /api/upload-chunk HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server need not read on once it has refused.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read) = stream.read(&mut buffer)
        && read > 0
    {
        answer.extend_from_slice(&buffer[..read]);
    }
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer:?}")).parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

fn part(name: &str, headers: &str, value: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n{headers}\r\n{value}\r\n")
}

#[tokio::test]
async fn e06_session_ids_that_could_be_paths_are_refused() {
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
async fn e06_session_ids_of_tus_hold_to_the_same_rule() {
    let client = client();
    let long = "x".repeat(1000);
    for id in ["../../etc/cron.d/x", "a/b", "a\0b", ".", "..", "con.txt", &long] {
        let metadata = format!("ext {},session_id {}", base64(".mp4"), base64(id));
        let request = client.post("/files/").header("tus-resumable", "1.0.0").header("upload-length", 9);
        let refused = refusal(request.header("upload-metadata", metadata).send().await.unwrap()).await;
        assert_refused(&refused, 400, "INVALID_SESSION_ID", "session_id");
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn e11_forms_with_too_many_parts_or_repeated_fields_are_refused() {
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

#[test]
fn e11_hostile_forms_are_refused_in_little_memory() {
    let program = Program::start(&[]);
    let fields = [("session_id", "s"), ("chunk_index", "0"), ("total_chunks", "1"), ("ext", ".mp4")];
    let whole: String = fields.iter().map(|(name, value)| part(name, "", value)).collect();
    let file = part("file", "", "bytes");
    let end = "--x--\r\n";
    let form = "multipart/form-data; boundary=x";
    let many: String = (0..100_000).map(|n| part(&format!("f{n}"), "", "1")).collect();
    let header = format!("X-Long: {}\r\n", "h".repeat(64 << 10));
    let name = "n".repeat(1 << 20);
    let inner = "--y\r\nContent-Disposition: file; filename=\"a.mp4\"\r\n\r\nbytes\r\n--y--";
    let nested = part("file", "Content-Type: multipart/mixed; boundary=y\r\n", inner);
    let cases = [
        ("100,000 parts", form, format!("{many}{whole}{file}{end}")),
        ("a header of 64 KiB", form, format!("{}{whole}{file}{end}", part("a", &header, "1"))),
        ("no boundary", "multipart/form-data", format!("{whole}{file}{end}")),
        ("another boundary", "multipart/form-data; boundary=z", format!("{whole}{file}{end}")),
        ("a form in a form", form, format!("{whole}{nested}{end}")),
        ("a name of 1 MiB", form, format!("{}{whole}{file}{end}", part(&name, "", "1"))),
        ("session_id twice", form, format!("{}{whole}{file}{end}", part("session_id", "", "other"))),
        ("a field that is not known", form, format!("{}{whole}{file}{end}", part("sesion_id", "", "other"))),
        ("no end", form, format!("{whole}{file}")),
    ];
    // Once before measuring, so that what stays after any request is there.
    for measured in [false, true] {
        let before = program.memory();
        for (what, content_type, body) in &cases {
            let (status, text) = send_raw(&program.url, content_type, body.as_bytes());
            assert!([400, 413].contains(&status), "{what}: {status} {text}");
            assert!(text.contains("\"code\":"), "{what}: {text}");
        }
        assert!(!measured || program.memory() < before + FLAT, "{} -> {}", before, program.memory());
    }
    assert_eq!(program.files("sessions"), [""; 0]);
}

#[tokio::test]
async fn e12_pages_of_other_sites_may_not_send() {
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
async fn e12_a_form_on_another_site_has_no_effect() {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    let form = || {
        let fields = [("session_id", "forged"), ("chunk_index", "0"), ("total_chunks", "2"), ("ext", ".mp4")];
        fields.into_iter().fold(Form::new().part("file", Part::bytes(b"x".to_vec())), |form, (name, value)| form.text(name, value))
    };
    let post = || client.post("/api/upload-chunk");
    let forged = [
        post().header(ORIGIN, "http://evil.example").multipart(form()),
        post().header("sec-fetch-site", "cross-site").multipart(form()),
        post().header("sec-fetch-site", "same-site").multipart(form()),
        post().header(ORIGIN, "null").header(CONTENT_TYPE, "text/plain").body("session_id=forged"),
        client.post("/api/analyze-assembled/forged").header("sec-fetch-site", "cross-site"),
    ];
    for request in forged {
        assert_refused(&refusal(request.send().await.unwrap()).await, 403, "FORBIDDEN_ORIGIN", "other sites");
    }
    assert_eq!(client.json("/api/sessions").await["total"], 0);
    let own = post().header(ORIGIN, server.url()).header("sec-fetch-site", "same-origin").multipart(form());
    assert_eq!(own.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn e13_no_other_origin_gets_to_read() {
    let client = client();
    let own = Server::shared().url();
    let host = own.strip_prefix("http://").unwrap();
    for origin in ["http://evil.example", "null", &format!("{own}.evil.example"), &format!("http://evil{host}"), "file://", "*"] {
        for path in ["/api/sessions", "/api/health", "/", "/metrics", "/uploads/results/0123456789ab.mp4"] {
            let read = client.get(path).header(ORIGIN, origin).send().await.unwrap();
            let asked = client.request(Method::OPTIONS, path).header(ORIGIN, origin).header("access-control-request-method", "DELETE");
            for answer in [read, asked.send().await.unwrap()] {
                let cors = answer.headers().keys().find(|name| name.as_str().starts_with("access-control-"));
                assert_eq!(cors, None, "{path} for {origin}");
            }
        }
    }
}

#[tokio::test]
async fn e16_names_that_hold_markup_or_line_ends_stay_data() {
    let client = client();
    let name = "a\r\nSet-Cookie: x=1\r\n\r\ndata: forged\rid: 9\n<img src=x onerror=alert(1)>\".mp4";
    let shown = "aSet-Cookie: x=1data: forgedid: 9<img src=x onerror=alert(1)>\".mp4";
    let upload = Upload::of(&client, &clips::short()).with("filename", name);
    // The reader of events takes nothing the standard does not.
    let complete = upload.complete().await;
    let raw = client.text(&format!("/api/stream-progress/{}", upload.id)).await;
    assert!(!raw.contains('\r') && raw.matches("\nid: ").count() == 1, "{raw}");
    let response = client.get(&format!("/api/sessions/{}", upload.id)).send().await.unwrap();
    let headers = response.headers().clone();
    assert_eq!(
        (&headers[CONTENT_TYPE], &headers["x-content-type-options"]),
        (&"application/json".parse().unwrap(), &"nosniff".parse().unwrap())
    );
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe-inline"), "{policy}");
    assert_eq!(response.json::<serde_json::Value>().await.unwrap()["filename"], shown);
    let download = client.get(complete["download_url"].as_str().unwrap()).send().await.unwrap();
    let saved = download.headers()[CONTENT_DISPOSITION].to_str().unwrap();
    assert!(saved.contains("filename=\"aSet-Cookie_ x_1data_ forgedid_ 9_img src_x onerror_alert(1)__.annotated.mp4\""), "{saved}");
    assert!(!download.headers().contains_key("set-cookie"));
    let lines = client.text(complete["results_url"].as_str().unwrap()).await;
    let header: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(header["source"]["filename"], shown);
    let lost = client.get("/api/%0d%0aSet-Cookie:x=1/<img onerror=1>").send().await.unwrap();
    assert!(!lost.headers().contains_key("set-cookie"));
    refusal(lost).await;
}

#[tokio::test]
async fn e16_metadata_of_tus_cannot_break_out() {
    let client = client();
    let metadata = format!("filename {},session_id {}", base64("x\r\nSet-Cookie: y=1\r\n\r\n<script>.mp4"), base64(&fresh_id()));
    let tus = |request: reqwest::RequestBuilder| request.header("tus-resumable", "1.0.0");
    let created = tus(client.post("/files/")).header("upload-length", 9).header("upload-metadata", &metadata).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let place = created.headers()["location"].to_str().unwrap().to_owned();
    let head = tus(client.request(Method::HEAD, &place)).send().await.unwrap();
    assert_eq!(head.headers()["upload-metadata"], metadata.as_str());
    assert!(!head.headers().contains_key("set-cookie"));
    let id = place.rsplit('/').next().unwrap();
    assert_eq!(client.json(&format!("/api/sessions/{id}")).await["filename"], "xSet-Cookie: y=1<script>.mp4");
    client.delete(id).await;
}
