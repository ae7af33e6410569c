//! A client of the API, as a user of the contract would write it.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::sse::Events;

/// Neither model: for tests that are about bytes.
pub const NO_MODELS: [(&str, &str); 2] = [("detector", "none"), ("pose", "none")];

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    pub fn of(url: impl Into<String>) -> Self {
        // The client asks for one, although these tests speak plain HTTP; a second time there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: reqwest::Client::builder().tls_certs_only([]).build().unwrap(), url: url.into() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// The JSON behind an address that answers 200.
    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let response = self.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.unwrap().to_vec()
    }

    pub async fn text(&self, path: &str) -> String {
        String::from_utf8(self.bytes(path).await).unwrap()
    }

    pub async fn events(&self, session: &str) -> Events {
        Events::new(self.get(&format!("/api/stream-progress/{session}")).send().await.unwrap())
    }

    pub async fn delete(&self, session: &str) -> Response {
        self.request(Method::DELETE, &format!("/api/sessions/{session}")).send().await.unwrap()
    }
}

/// The parts of a problem that tests look at, after checking its shape.
pub struct Refusal {
    pub status: u16,
    pub code: String,
    pub detail: String,
}

pub async fn refusal(response: Response) -> Refusal {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.unwrap();
    assert_eq!(headers["content-type"], "application/problem+json", "{status}: {text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    let passes = matches!(status, 429 | 503) || body["code"] == "RESULT_NOT_READY";
    assert_eq!(headers.contains_key("retry-after"), passes, "{status}: {text}");
    let instance = format!("/requests/{}", headers["x-request-id"].to_str().unwrap());
    assert_eq!(body["instance"], instance.as_str(), "{text}");
    assert_eq!(body["status"], status);
    let text = |field: &str| body[field].as_str().unwrap_or_else(|| panic!("{field} in {body}")).to_owned();
    assert!(!text("type").is_empty() && !text("title").is_empty());
    Refusal { status, code: text("code"), detail: text("detail") }
}

/// One file on its way up in chunks.
#[derive(Clone)]
pub struct Upload {
    pub id: String,
    pub bytes: Vec<u8>,
    pub chunk_size: usize,
    pub fields: Vec<(String, String)>,
    client: Client,
}

impl Upload {
    /// A fresh session for these bytes, without models unless fields say otherwise.
    pub fn new(client: &Client, bytes: Vec<u8>, ext: &str, chunk_size: usize) -> Self {
        let upload = Self { id: fresh_id(), bytes, chunk_size, fields: Vec::new(), client: client.clone() };
        upload.with("ext", ext).with("detector", "none").with("pose", "none")
    }

    /// A file in about sixteen chunks.
    pub fn of(client: &Client, file: &Path) -> Self {
        let bytes = std::fs::read(file).unwrap();
        let ext = format!(".{}", file.extension().unwrap().to_str().unwrap());
        let chunk_size = bytes.len().div_ceil(16).max(1);
        Self::new(client, bytes, &ext, chunk_size)
    }

    /// The same with a field more, or with another value of one.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.fields.retain(|(n, _)| n != name);
        self.fields.push((name.to_owned(), value.to_string()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(n, _)| n != name);
        self
    }

    pub fn with_id(mut self, id: &str) -> Self {
        self.id = id.to_owned();
        self
    }

    pub fn total(&self) -> usize {
        self.bytes.len().div_ceil(self.chunk_size).max(1)
    }

    pub fn chunk(&self, index: usize) -> &[u8] {
        let from = index * self.chunk_size;
        &self.bytes[from..(from + self.chunk_size).min(self.bytes.len())]
    }

    /// Sends bytes as this chunk and gives the answer, whatever it is.
    pub async fn try_send(&self, index: usize, bytes: &[u8]) -> Response {
        let mut form = Form::new().text("session_id", self.id.clone()).text("chunk_index", index.to_string());
        if !self.fields.iter().any(|(n, _)| n == "total_chunks") {
            form = form.text("total_chunks", self.total().to_string());
        }
        for (name, value) in &self.fields {
            form = form.text(name.clone(), value.clone());
        }
        let form = form.part("file", Part::bytes(bytes.to_vec()).file_name("blob"));
        self.client.post("/api/upload-chunk").multipart(form).send().await.unwrap()
    }

    /// Sends a chunk that is taken.
    pub async fn send(&self, index: usize) -> Value {
        let response = self.try_send(index, self.chunk(index)).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["session_id"], self.id.as_str());
        assert_eq!(answer["streaming"], true);
        assert!(answer["want"].is_array());
        answer
    }

    pub async fn send_all(&self, indices: impl IntoIterator<Item = usize>) {
        for index in indices {
            self.send(index).await;
        }
    }

    /// Sends the chunk as a raw body.
    pub async fn put(&self, index: usize, bytes: &[u8]) -> Response {
        self.put_request(index, bytes).send().await.unwrap()
    }

    pub fn put_request(&self, index: usize, bytes: &[u8]) -> RequestBuilder {
        let path = format!("/api/uploads/{}/chunks/{index}", self.id);
        let mut request = self.client.request(Method::PUT, &path).query(&self.fields);
        if !self.fields.iter().any(|(n, _)| n == "total_chunks") {
            request = request.query(&[("total_chunks", self.total().to_string())]);
        }
        request.body(bytes.to_vec())
    }

    pub async fn events(&self) -> Events {
        self.client.events(&self.id).await
    }

    /// Sends all chunks in order and gives the `complete` object.
    pub async fn complete(&self) -> Value {
        self.send_all(0..self.total()).await;
        self.completion().await
    }

    /// The same upload at another server.
    pub fn at(&self, client: &Client) -> Self {
        Self { client: client.clone(), ..self.clone() }
    }

    /// Which chunks the server does not have yet, as its answer tells; none where there is no answer.
    pub async fn missing(&self) -> Option<Vec<usize>> {
        let response = self.client.get(&format!("/api/uploads/{}", self.id)).send().await.ok()?;
        if response.status() == 404 {
            return Some((0..self.total()).collect());
        }
        assert_eq!(response.status(), 200);
        let body: Value = response.json().await.ok()?;
        let received = body["received"].as_array().unwrap().clone();
        let has = |i: &usize| received.iter().any(|r| (r[0].as_u64().unwrap()..=r[1].as_u64().unwrap()).contains(&(*i as u64)));
        Some((0..self.total()).filter(|i| !has(i)).collect())
    }

    /// Sends a chunk to a server that may go away.
    pub async fn try_send_quietly(&self, index: usize) -> Option<()> {
        let mut query: Vec<(String, String)> = self.fields.clone();
        query.push(("total_chunks".to_owned(), self.total().to_string()));
        let path = format!("/api/uploads/{}/chunks/{index}", self.id);
        let request = self.client.request(Method::PUT, &path).query(&query).body(self.chunk(index).to_vec());
        let response = request.send().await.ok()?;
        assert_eq!(response.status(), 200);
        Some(())
    }

    /// The `complete` object, from a server that may go away.
    pub async fn completion_or_nothing(&self) -> Option<Value> {
        loop {
            let response = self.client.get(&format!("/api/sessions/{}", self.id)).send().await.ok()?;
            let session: Value = response.json().await.ok()?;
            match session["state"].as_str() {
                Some("complete") => return Some(self.completion().await),
                Some("failed" | "cancelled") => panic!("{session}"),
                _ => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        }
    }

    /// The `complete` object of an upload that was sent.
    pub async fn completion(&self) -> Value {
        let end = self.events().await.end().await;
        assert_eq!(end.kind, "complete", "{end:?}");
        end.data
    }
}

pub fn fresh_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // The distinct part comes first: threads are named after the first eight characters.
    format!("{:04}-it-{}", NEXT.fetch_add(1, Ordering::Relaxed), std::process::id())
}
