//! How much clients may take: sessions in all, sessions a minute, and time without a sign of life.

use std::time::Duration;

use reqwest::{Method, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::errors::assert_refused;
use crate::program::Program;
use crate::server::Server;
use crate::tus_client::noise;

/// Longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The first chunk of a new session, from a client that says to be at this address.
async fn begin(client: &Client, address: &str) -> (Upload, Response) {
    let upload = Upload::of(client, &clips::short());
    let path = format!("/api/uploads/{}/chunks/0?total_chunks={}&ext=.mp4&detector=none&pose=none", upload.id, upload.total());
    let request = client.request(Method::PUT, &path).header("x-forwarded-for", address).body(upload.chunk(0).to_vec());
    let response = request.send().await.unwrap();
    (upload, response)
}

#[tokio::test]
async fn h08_a_client_that_begins_too_many_sessions_is_asked_to_wait_and_may_go_on_with_those_it_has() {
    let server = Server::without_models(&["--rate-limit", "2"]);
    let client = Client::of(server.url());
    let (first, answer) = begin(&client, "1.1.1.1").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(begin(&client, "2.2.2.2").await.1.status(), 200);
    let (_, refused) = begin(&client, "3.3.3.3").await;
    let header = |name: &str| refused.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("retry-after"), header("ratelimit-policy")), ("30".to_owned(), "\"sessions\";q=2;w=60".to_owned()));
    assert_eq!(header("ratelimit"), "\"sessions\";r=0;t=30");
    assert_refused(&refusal(refused).await, 429, "RATE_LIMITED", "minute");
    let tus = client.post("/files/").header("tus-resumable", "1.0.0").header("upload-length", 9).header("upload-metadata", "ext Lm1wNA==");
    assert_refused(&refusal(tus.send().await.unwrap()).await, 429, "RATE_LIMITED", "minute");
    first.send_all(1..first.total()).await;
    assert_eq!(first.completion().await["total_frames"], 30);
}

#[tokio::test]
async fn h08_clients_behind_a_trusted_proxy_have_a_share_each() {
    let server = Server::without_models(&["--rate-limit", "1", "--trusted-proxy", "127.0.0.1"]);
    let client = Client::of(server.url());
    assert_eq!(begin(&client, "1.1.1.1").await.1.status(), 200);
    assert_eq!(begin(&client, "2.2.2.2").await.1.status(), 200);
    for address in ["1.1.1.1", "9.9.9.9, 1.1.1.1"] {
        assert_eq!(begin(&client, address).await.1.status(), 429, "{address}: only the proxy's own word counts");
    }
}

#[tokio::test]
async fn h09_sessions_beyond_the_limit_are_asked_to_wait() {
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
async fn h09_bytes_beyond_those_that_may_be_in_memory_are_asked_to_wait() {
    let server = Server::without_models(&["--max-chunk-bytes", "1000", "--max-bytes-in-flight", "1500"]);
    let client = Client::of(server.url());
    let upload = Upload::new(&client, noise(1600), ".mkv", 800);
    let mut half_sent = TcpStream::connect(server.address).await.unwrap();
    let target = "PUT /api/uploads/half/chunks/0?total_chunks=2&ext=.mkv HTTP/1.1";
    let head = format!("{target}\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
    half_sent.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 12];
    half_sent.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100", "its request has come");
    half_sent.write_all(&[0; 500]).await.unwrap();
    // Until its handler has begun, and then until its end has come, which nothing tells.
    let put_until = async |status: u16| {
        loop {
            let answer = upload.put(0, upload.chunk(0)).await;
            if answer.status() == status {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let refused = tokio::time::timeout(PATIENCE, put_until(503)).await.expect("both together are beyond the bound");
    assert_refused(&refusal(refused).await, 503, "TOO_MANY_BYTES", "again");
    let small = Upload::new(&client, noise(1000), ".mkv", 500);
    assert_eq!(small.put(0, small.chunk(0)).await.status(), 200, "there is room for less");
    drop(half_sent);
    tokio::time::timeout(PATIENCE, put_until(200)).await.expect("its bytes are free again");
    let refused = refusal(upload.try_send(1, &noise(1001)).await).await;
    assert_refused(&refused, 413, "CHUNK_TOO_LARGE", "smaller");
    assert_eq!(upload.try_send(1, upload.chunk(1)).await.status(), 200);
}

#[tokio::test]
async fn h14_only_what_is_idle_is_ended_and_nothing_of_it_stays() {
    let program = Program::start(&["--session-timeout", "4", "--reaper-step", "1"]);
    let client = Client::of(&program.url);
    let [idle, slow, watched] = [(); 3].map(|()| Upload::of(&client, &clips::faststart()));
    for upload in [&idle, &slow, &watched] {
        upload.send(0).await;
    }
    let _reader = watched.events().await;
    // A list is no sign of life of any one of them.
    let listed = async || {
        let list = client.json("/api/sessions").await;
        list["sessions"].as_array().unwrap().iter().map(|s| s["session_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let folder = |upload: &Upload| program.path("sessions").join(&upload.id);
    let ending = async {
        while listed().await.contains(&idle.id) || folder(&idle).exists() || program.children("ppm").len() > 2 {
            slow.send(1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ending).await.expect("the idle session ends with its folder and its child");
    let left = listed().await;
    assert!(left.contains(&slow.id) && left.contains(&watched.id), "{left:?}");
    assert!(folder(&slow).exists() && folder(&watched).exists());
    slow.send_all(1..slow.total()).await;
    assert_eq!(slow.completion().await["total_frames"], clips::FRAMES);
}
