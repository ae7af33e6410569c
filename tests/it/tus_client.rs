//! A client of tus 1.0.0, as a user of the protocol would write it.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder, Response};

use sha2::{Digest as _, Sha256};

use crate::client::Client;
use crate::server::Server;

pub const VERSION: (&str, &str) = ("Tus-Resumable", "1.0.0");
pub const BYTES: (&str, &str) = ("Content-Type", "application/offset+octet-stream");

/// One file on its way up.
#[derive(Clone)]
pub struct Tus {
    pub client: Client,
    pub path: String,
}

impl Tus {
    /// A new upload of this length, with these names beside those every test needs.
    pub async fn create(client: &Client, length: usize, more: &[(&str, &str)]) -> Self {
        let answer = creation(client, more).header("Upload-Length", length).send().await.unwrap();
        Self::of(client, answer).await
    }

    pub async fn of(client: &Client, answer: Response) -> Self {
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
        assert_eq!(answer.headers()["tus-resumable"], "1.0.0");
        let path = answer.headers()["location"].to_str().unwrap().to_owned();
        Self { client: client.clone(), path }
    }

    pub fn id(&self) -> &str {
        self.path.strip_prefix("/files/").unwrap()
    }

    pub fn request(&self, method: Method) -> RequestBuilder {
        self.client.request(method, &self.path).header(VERSION.0, VERSION.1)
    }

    pub fn patch(&self, offset: usize) -> RequestBuilder {
        self.request(Method::PATCH).header(BYTES.0, BYTES.1).header("Upload-Offset", offset)
    }

    /// Sends bytes that are taken.
    pub async fn send(&self, offset: usize, bytes: &[u8]) {
        let answer = self.patch(offset).body(bytes.to_vec()).send().await.unwrap();
        assert_eq!(answer.headers()["tus-resumable"], "1.0.0");
        assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
        assert_eq!(number(&answer, "upload-offset"), offset + bytes.len());
    }

    pub async fn head(&self) -> Response {
        let answer = self.request(Method::HEAD).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        answer
    }

    pub async fn offset(&self) -> usize {
        number(&self.head().await, "upload-offset")
    }

    /// The offset once it has become this one.
    pub async fn offset_becomes(&self, expected: usize) {
        for _ in 0..500 {
            if self.offset().await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(self.offset().await, expected);
    }

    pub async fn end(&self) -> crate::sse::Event {
        self.client.events(self.id()).await.end().await
    }
}

pub fn creation(client: &Client, more: &[(&str, &str)]) -> RequestBuilder {
    let mut pairs = vec![("filename", "a.mp4"), ("detector", "none"), ("pose", "none")];
    pairs.retain(|(n, _)| more.iter().all(|(m, _)| m != n));
    pairs.extend(more);
    let metadata: Vec<String> = pairs.iter().map(|(n, v)| format!("{n} {}", STANDARD.encode(v))).collect();
    client.post("/files/").header(VERSION.0, VERSION.1).header("Upload-Metadata", metadata.join(","))
}

/// The parts' header that makes a file of them.
pub fn final_of(parts: &[Tus]) -> String {
    let addresses: Vec<&str> = parts.iter().map(|part| part.path.as_str()).collect();
    format!("final;{}", addresses.join(" "))
}

/// A server for bytes, and a client of it.
pub fn server() -> (Server, Client) {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    (server, client)
}

/// What the server has of an upload.
pub fn spool(server: &Server, tus: &Tus) -> Vec<u8> {
    std::fs::read(server.data().join("sessions").join(tus.id()).join("source")).unwrap()
}

pub fn checksum(bytes: &[u8]) -> String {
    format!("sha256 {}", STANDARD.encode(Sha256::digest(bytes)))
}

/// A connection of its own, for what a good client never does.
pub fn raw(server: &Server, tus: &Tus, offset: usize, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "PATCH {} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nContent-Type: {}\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n",
        tus.path, BYTES.1
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

pub fn number(answer: &Response, header: &str) -> usize {
    let value = answer.headers().get(header).unwrap_or_else(|| panic!("{header} in {answer:?}"));
    value.to_str().unwrap().parse().unwrap()
}

pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252u64;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    // A Matroska file as far as anybody can tell from its head: its analysis waits for the rest.
    let head = [0x1a, 0x45, 0xdf, 0xa3, 0x01, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff];
    head.into_iter().chain((0..length).map(step)).take(length).collect()
}
