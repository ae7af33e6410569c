//! Downloads: ranges, validators, names, and results that are not there.

use reqwest::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    LAST_MODIFIED, RANGE,
};
use reqwest::{Method, Response};
use tokio::sync::OnceCell;

use crate::client::{Client, Refusal, Upload, refusal};
use crate::clips;
use crate::server::Server;

struct Download {
    client: Client,
    path: String,
}

/// A result that all tests here ask for parts of.
async fn download() -> Download {
    static PATH: OnceCell<String> = OnceCell::const_new();
    let client = Client::of(Server::shared().url());
    let make = async || {
        let upload = Upload::of(&client, &clips::faststart()).with("filename", "../Ausflug \"am\" Fluß 日本.mp4");
        upload.complete().await["download_url"].as_str().unwrap().to_owned()
    };
    Download { path: PATH.get_or_init(make).await.clone(), client }
}

impl Download {
    async fn get(&self, headers: &[(reqwest::header::HeaderName, &str)]) -> Response {
        let request = self.client.get(&self.path);
        headers.iter().fold(request, |r, (name, value)| r.header(name, *value)).send().await.unwrap()
    }
}

#[tokio::test]
async fn h05_a_whole_file_comes_with_everything_a_client_needs() {
    let download = download().await;
    let response = download.get(&[]).await;
    let headers = response.headers().clone();
    assert_eq!(response.status(), 200);
    assert_eq!((&headers[CONTENT_TYPE], &headers[ACCEPT_RANGES]), (&"video/mp4".parse().unwrap(), &"bytes".parse().unwrap()));
    assert!(headers[ETAG].to_str().unwrap().starts_with('"'), "a strong tag");
    assert!(headers.contains_key(LAST_MODIFIED) && !headers.contains_key(CONTENT_RANGE));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let body = response.bytes().await.unwrap();
    assert_eq!(headers[CONTENT_LENGTH].to_str().unwrap(), body.len().to_string());
    assert_eq!(&body[4..8], b"ftyp");
    let head = download.client.request(Method::HEAD, &download.path).send().await.unwrap();
    assert_eq!(head.status(), 200);
    for name in [CONTENT_LENGTH, ETAG, CONTENT_TYPE, ACCEPT_RANGES, CONTENT_DISPOSITION] {
        assert_eq!(head.headers()[&name], headers[&name], "{name}");
    }
    assert!(head.bytes().await.unwrap().is_empty());
    let part = download.client.request(Method::HEAD, &download.path).header(RANGE, "bytes=0-9").send().await.unwrap();
    assert_eq!((part.status().as_u16(), &part.headers()[CONTENT_LENGTH]), (200, &headers[CONTENT_LENGTH]), "ranges are for GET");
}

#[tokio::test]
async fn h05_the_name_to_save_under_is_the_users_and_cannot_break_out() {
    let download = download().await;
    let response = download.get(&[]).await;
    let name = response.headers()[CONTENT_DISPOSITION].to_str().unwrap();
    let real = "filename*=UTF-8''Ausflug%20%22am%22%20Flu%C3%9F%20%E6%97%A5%E6%9C%AC.annotated.mp4";
    assert!(name.starts_with("attachment; ") && name.contains(real), "{name}");
    assert!(name.contains("filename=\"Ausflug _am_ Flu_ __.annotated.mp4\""), "{name}");
}

#[tokio::test]
async fn h05_ranges_put_together_are_the_file() {
    let download = download().await;
    let whole = download.get(&[]).await.bytes().await.unwrap();
    let size = whole.len();
    let middle = size / 3;
    let parts = [
        (format!("bytes=0-{}", middle - 1), 0..middle),
        (format!("bytes={middle}-"), middle..size),
        (format!("bytes=-{}", 500), size - 500..size),
        (format!("bytes=0-{}", size * 2), 0..size),
        ("bytes=0-0".to_owned(), 0..1),
    ];
    for (range, part) in parts {
        let response = download.get(&[(RANGE, &range)]).await;
        assert_eq!(response.status(), 206, "{range}");
        let told = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        assert_eq!(response.headers()[CONTENT_RANGE].to_str().unwrap(), told);
        assert!(!response.headers().contains_key("content-encoding"));
        assert!(response.bytes().await.unwrap() == whole[part], "{range}");
    }
    for ignored in ["items=0-1", "bytes=9-3", "bytes=x-"] {
        assert_eq!(download.get(&[(RANGE, ignored)]).await.status(), 200, "{ignored}");
    }
    let beyond = download.get(&[(RANGE, &format!("bytes={size}-"))]).await;
    assert_eq!(beyond.headers()[CONTENT_RANGE].to_str().unwrap(), format!("bytes */{size}"));
    let refused = refusal(beyond).await;
    assert_eq!((refused.status, refused.code.as_str()), (416, "RANGE_NOT_SATISFIABLE"));
}

#[tokio::test]
async fn h05_validators_save_what_the_client_has() {
    let download = download().await;
    let headers = download.get(&[]).await.headers().clone();
    let (tag, date) = (headers[ETAG].to_str().unwrap(), headers[LAST_MODIFIED].to_str().unwrap());
    for (name, value) in [(IF_NONE_MATCH, tag), (IF_NONE_MATCH, "*"), (IF_MODIFIED_SINCE, date)] {
        let response = download.get(&[(name, value)]).await;
        assert_eq!((response.status().as_u16(), response.headers()[ETAG].to_str().unwrap()), (304, tag));
        assert!(response.bytes().await.unwrap().is_empty());
    }
    assert_eq!(download.get(&[(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, date)]).await.status(), 200);
    for (value, status) in [(tag, 206), (date, 206), ("\"other\"", 200), ("Thu, 01 Jan 1970 00:00:00 GMT", 200)] {
        let response = download.get(&[(RANGE, "bytes=1-2"), (IF_RANGE, value)]).await;
        assert_eq!(response.status(), status, "If-Range: {value}");
    }
}

#[tokio::test]
async fn h07_names_of_no_result_are_not_found() {
    let client = Client::of(Server::shared().url());
    let names = [
        "0123456789ab.mp4",
        "0123456789ab.exe",
        "0123456789ab",
        "x.mp4",
        "..%2F..%2FCargo.toml",
        "%2e%2e%2fx.mp4",
        "0123456789AB.mp4",
        "a%00.mp4",
    ];
    for name in names {
        let refused = refusal(client.get(&format!("/uploads/results/{name}")).send().await.unwrap()).await;
        assert_eq!((refused.status, refused.code.as_str()), (404, "RESULT_NOT_FOUND"), "{name}");
    }
}

#[tokio::test]
async fn h07_a_result_is_conflict_till_it_is_there_and_gone_when_it_was_deleted() {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    let upload = Upload::of(&client, &clips::short());
    let by_session = format!("/api/sessions/{}/result.mp4", upload.id);
    let refused = async |path: &str| refusal(client.get(path).send().await.unwrap()).await;
    let is = |refused: Refusal, status: u16, code: &str| assert_eq!((refused.status, refused.code.as_str()), (status, code));
    is(refused(&by_session).await, 404, "SESSION_NOT_FOUND");
    upload.send(0).await;
    let response = client.get(&by_session).send().await.unwrap();
    assert!(response.headers().contains_key("retry-after"));
    is(refusal(response).await, 409, "RESULT_NOT_READY");
    assert_eq!(client.json(&format!("/api/sessions/{}", upload.id)).await["result_url"], by_session.as_str());
    let complete = upload.complete().await;
    let by_name = complete["download_url"].as_str().unwrap();
    assert!(client.bytes(&by_session).await == client.bytes(by_name).await);
    assert!(client.text(&by_session.replace(".mp4", ".csv")).await.starts_with("frame,"));
    is(refused(&by_session.replace(".mp4", ".exe")).await, 404, "RESULT_NOT_FOUND");
    assert_eq!(client.delete(&upload.id).await.status(), 204);
    is(refused(by_name).await, 410, "RESULT_GONE");
    is(refused(&by_session).await, 410, "SESSION_DELETED");
}

#[tokio::test]
async fn h07_a_failed_analysis_says_why_where_its_result_would_be() {
    let client = Client::of(Server::shared().url());
    let upload = Upload::new(&client, vec![0; 5000], ".mp4", 5000);
    upload.send(0).await;
    let end = upload.events().await.end().await;
    let refused = refusal(client.get(&format!("/api/sessions/{}/result.mp4", upload.id)).send().await.unwrap()).await;
    assert_eq!((refused.code.as_str(), refused.detail.as_str()), (end.code(), end.data["detail"].as_str().unwrap()));
}
