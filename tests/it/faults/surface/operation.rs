//! What operators and their tools ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::Value;

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::server::Server;

#[tokio::test]
async fn h10_the_server_says_that_it_lives_while_it_works_hard() {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    let work = (0..8).map(|_| {
        let upload = Upload::of(&client, &clips::wide_ntsc());
        tokio::spawn(async move { upload.complete().await })
    });
    let work: Vec<_> = work.collect();
    let mut taken = Vec::new();
    while !work.iter().all(|w| w.is_finished()) || taken.len() < 20 {
        let begun = Instant::now();
        let path = ["/healthz", "/livez", "/api/health"][taken.len() % 3];
        assert_eq!(client.json(path).await, serde_json::json!({ "status": "ok" }));
        taken.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for upload in work {
        upload.await.unwrap();
    }
    taken.sort();
    // The machine may be busy with other things now and then: what is usual counts.
    assert!(taken[taken.len() / 2] < Duration::from_millis(100), "{taken:?}");
}

#[tokio::test]
async fn h10_a_server_whose_disk_is_full_lives_and_is_not_ready() {
    let server = Server::without_models(&["--min-free-bytes", "18446744073709551615"]);
    let client = Client::of(server.url());
    client.json("/healthz").await;
    let refused = refusal(client.get("/readyz").send().await.unwrap()).await;
    assert_eq!((refused.status, refused.code.as_str()), (503, "NOT_READY"));
    let told = client.json("/api/capabilities").await;
    assert_eq!((&told["ready"], &told["problem"]["code"]), (&false.into(), &"NOT_READY".into()));
}

/// Samples by series, after checking what `promtool check metrics` checks: each is described before it comes, counters by
/// the name that their samples have.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let mut kinds = BTreeMap::new();
    let mut helped = BTreeSet::new();
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped.insert(help.split_once(' ').unwrap().0.to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(helped.contains(name), "{name} has no help");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line:?}"));
            let name = series.split('{').next().unwrap();
            assert!(kinds.contains_key(name), "{name} has no type");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && name.starts_with("sightline_"), "{line}");
            assert!(!["_ms", "_kb", "_mb", "_minutes"].iter().any(|unit| name.contains(unit)), "base units: {line}");
            assert!(samples.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{series} twice");
        }
    }
    samples
}

#[tokio::test]
async fn h11_metrics_can_be_parsed_count_and_do_not_grow_with_sessions() {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    let read = async || {
        let response = client.get("/metrics").send().await.unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
        parse(&response.text().await.unwrap())
    };
    Upload::of(&client, &clips::short()).complete().await;
    refusal(client.get("/api/sessions/none").send().await.unwrap()).await;
    let before = read().await;
    for _ in 0..5 {
        Upload::of(&client, &clips::short()).complete().await;
        refusal(client.get("/api/sessions/none").send().await.unwrap()).await;
    }
    let after = read().await;
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "no series a session");
    for (series, value) in before.iter().filter(|(series, _)| series.contains("_total")) {
        assert!(after[series] >= *value, "{series} went back");
    }
    assert_eq!(after["sightline_frames_processed_total"], 180.0);
    assert_eq!(after["sightline_analyses_total{outcome=\"complete\"}"], 6.0);
    assert_eq!(after["sightline_problems_total{code=\"SESSION_NOT_FOUND\"}"], 6.0);
    let asked = client.get("/metrics").header(ACCEPT, "application/openmetrics-text; version=1.0.0").send().await.unwrap();
    assert!(asked.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("application/openmetrics-text"));
    assert!(asked.text().await.unwrap().ends_with("# EOF\n"));
}

#[tokio::test]
async fn capabilities_are_told_also_where_something_is_missing() {
    let client = Client::of(Server::shared().url());
    let told = client.json("/api/capabilities").await;
    assert_eq!(told["limits"]["chunk_bytes"], 1 << 20);
    assert!(told["extensions"].as_array().unwrap().contains(&".mp4".into()));
    assert!(told["tus"]["extensions"].as_array().unwrap().contains(&"creation".into()));
    assert_eq!((&told["ffmpeg"]["found"], &told["ffmpeg"]["problem"]), (&true.into(), &Value::Null));
    assert!(told["ffmpeg"]["version"].is_string() && told["models"][0]["name"].is_string());
    let server = Server::start(&["--ffmpeg", "/nowhere/ffmpeg"]);
    let told = Client::of(server.url()).json("/api/capabilities").await;
    assert_eq!((&told["ready"], &told["ffmpeg"]["found"]), (&false.into(), &false.into()));
    assert_eq!(told["ffmpeg"]["problem"]["code"], "DECODER_MISSING");
}
