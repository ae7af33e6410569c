//! One name of a request, from its answer to the log and the events of what it began.

use std::time::Duration;

use reqwest::Method;

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::program::{Program, within};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Sends a whole small file as one chunk, with this header, and gives the answer's `X-Request-Id`.
async fn send(client: &Client, upload: &Upload, header: (&str, &str)) -> String {
    let path = format!("/api/uploads/{}/chunks/0?total_chunks=1&ext=.mp4&detector=none&pose=none", upload.id);
    let response = client.request(Method::PUT, &path).header(header.0, header.1).body(upload.bytes.clone()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.headers()["x-request-id"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn h13_one_request_id_goes_from_the_chunk_to_the_job_the_events_and_the_log() {
    let program = Program::start(&["--log", "debug"]);
    let client = Client::of(&program.url);
    let traceparent = format!("00-{TRACE}-b7ad6b7169203331-01");
    for (header, id) in [(("x-request-id", "holiday-7:1"), "holiday-7:1"), (("traceparent", traceparent.as_str()), TRACE)] {
        let upload = Upload::of(&client, &clips::short());
        assert_eq!(send(&client, &upload, header).await, id);
        let end = upload.events().await.end().await;
        assert_eq!((end.kind.as_str(), end.data["request_id"].as_str()), ("complete", Some(id)));
        let logged = |what: &str| program.log().lines().any(|line| line.contains(id) && line.contains(what));
        for what in ["answered", "analysis begins", "analysis complete"] {
            let found = within(Duration::from_secs(10), || logged(what).then_some(()));
            assert!(found.is_some(), "{what} of {id} in {}", program.log());
        }
    }
}

#[tokio::test]
async fn h13_what_is_no_id_is_not_taken_for_one() {
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    let long = "x".repeat(129);
    let odd = [("x-request-id", "a b"), ("x-request-id", "<script>"), ("x-request-id", long.as_str()), ("x-request-id", "")];
    let zeros = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
    for (name, value) in odd.into_iter().chain([("traceparent", zeros.as_str()), ("traceparent", "rubbish")]) {
        let response = client.get("/api/sessions/none").header(name, value).send().await.unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(id.len(), 36, "a new one instead of {value:?}: {id}");
        refusal(response).await;
    }
    let ids = [client.get("/livez").send().await.unwrap(), client.get("/livez").send().await.unwrap()];
    assert_ne!(ids[0].headers()["x-request-id"], ids[1].headers()["x-request-id"]);
}
