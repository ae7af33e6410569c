//! Zones and lines: asked for in every way there is, counted, told and written.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::PathBuf;

use serde_json::Value;

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::scratch;
use crate::server::Server;

/// A street in which two men come towards the camera and go off to the right: the pavement before it on the right, and a
/// line on the ground whose inner side is the left.
const STREET: &str = r#"{
    "zones": [{"name": "pavement", "points": [[0.5, 0.72], [1, 0.72], [1, 1], [0.5, 1]], "classes": ["person"]}],
    "lines": [{"name": "kerb", "points": [[0.6, 1], [0.6, 0.72]], "classes": ["person"]}]
}"#;

/// The first seconds of the street.
fn street() -> Option<PathBuf> {
    let whole = clips::shared("videos/people_walking_street_720p.mp4")?;
    let path = scratch::root().join("street.mp4");
    if !path.exists() {
        let unfinished = scratch::root().join("making-street.mp4");
        clips::run_ffmpeg(&["-i", whole.to_str()?, "-t", "4", "-c", "copy", "-movflags", "+faststart", unfinished.to_str()?]);
        std::fs::rename(unfinished, &path).unwrap();
    }
    Some(path)
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect()
}

#[tokio::test]
async fn people_in_a_street_are_counted_and_every_result_says_the_same() {
    let Some(clip) = street() else { return };
    let client = Client::of(Server::shared().url());
    let upload = Upload::of(&client, &clip).with("detector", "yolox-nano").with("zones", STREET).with("preview_interval", 20);
    upload.send_all(0..upload.total()).await;
    let events = upload.events().await.rest().await;
    let progress = events.iter().find(|e| e.kind == "progress").unwrap();
    assert_eq!((&progress.data["zones"][0]["name"], &progress.data["lines"][0]["name"]), (&"pavement".into(), &"kerb".into()));
    let complete = &events.last().unwrap().data;
    let (zone, line) = (&complete["zones"][0], &complete["lines"][0]);
    assert!(zone["visitors"].as_u64().unwrap() >= 3, "{zone}");
    assert_eq!((&line["in"], &line["out"]), (&0.into(), &2.into()), "the two men");

    let report: Value = client.json(complete["zones_url"].as_str().unwrap()).await;
    let stays = report["zones"][0]["stays"].as_array().unwrap();
    let visitors: BTreeSet<_> = stays.iter().map(|s| s["track_id"].as_u64().unwrap()).collect();
    assert_eq!(visitors.len() as u64, zone["visitors"].as_u64().unwrap());
    assert_eq!(stays.len() as u64, zone["entries"].as_u64().unwrap());
    assert!(stays.iter().all(|s| s["label"] == "person" && s["dwell"].as_f64().unwrap() <= 4.1));

    // What was told frame by frame is what the end says, but for what only the end decides.
    let frames = lines(&client.bytes(complete["results_url"].as_str().unwrap()).await);
    assert_eq!(frames[0]["options"]["zones"]["zones"][0]["name"], "pavement");
    let told: Vec<&Value> = frames[1..].iter().flat_map(|f| f["events"].as_array().unwrap()).collect();
    let crossed = |direction: &str| told.iter().filter(|e| e["type"] == "cross" && e["direction"] == direction).count() as u64;
    assert_eq!((crossed("in"), crossed("out")), (line["in"].as_u64().unwrap(), line["out"].as_u64().unwrap()));
    assert_eq!(told.iter().filter(|e| e["type"] == "enter").count(), stays.len());
    let most = frames[1..].iter().map(|f| f["zones"][0]["count"].as_u64().unwrap()).max();
    assert!(most >= zone["most_at_once"].as_u64(), "{most:?} {zone}");
    let last = frames.last().unwrap();
    assert_eq!((&last["lines"][0]["in"], &last["lines"][0]["out"]), (&line["in"], &line["out"]));

    let rows = client.text(complete["zone_events_url"].as_str().unwrap()).await;
    let crossings = line["in"].as_u64().unwrap() + line["out"].as_u64().unwrap();
    assert_eq!(rows.lines().filter(|row| row.contains(",kerb,")).count() as u64, crossings);
    let heat: Value = client.json(complete["heatmap_url"].as_str().unwrap()).await;
    assert_eq!((&heat["columns"], &heat["rows"]), (&128.into(), &72.into()));
    let archive = client.bytes(complete["zip_url"].as_str().unwrap()).await;
    let archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    for ending in ["zones.json", "zones.csv", "heatmap.json"] {
        assert!(names.iter().any(|name| name.ends_with(ending)), "{ending} in {names:?}");
    }
}

#[tokio::test]
async fn zones_that_cannot_be_counted_are_refused_by_name() {
    let client = Client::of(Server::shared().url());
    let upload = Upload::of(&client, &clips::short()).with("detector", "yolox-nano");
    let refused = [
        (r#"{"zones":[{"name":"door","points":[[0,0],[1,1],[1,0],[0,1]]}]}"#, "zone \"door\" has edges that cross"),
        (r#"{"lines":[{"name":"gate","points":[[0,0],[1,1]],"classes":["unicorn"]}]}"#, "\"unicorn\" is not a class of yolox-nano"),
    ];
    for (zones, sentence) in refused {
        let upload = upload.clone().with("zones", zones);
        for response in [upload.try_send(0, upload.chunk(0)).await, upload.put(0, upload.chunk(0)).await] {
            let refusal = refusal(response).await;
            assert_eq!((refusal.status, refusal.code.as_str()), (400, "INVALID_FIELD"));
            assert!(refusal.detail.contains(sentence), "{}", refusal.detail);
        }
    }
    for (name, value) in [("detector", "none"), ("tracking", "false")] {
        let upload = upload.clone().with("zones", STREET).with(name, value);
        let refusal = refusal(upload.try_send(0, upload.chunk(0)).await).await;
        assert!(refusal.detail.contains("need an object model, and tracking"), "{}", refusal.detail);
    }
}

#[tokio::test]
async fn zones_can_be_asked_for_and_taken_back_when_it_is_done_again() {
    let client = Client::of(Server::shared().url());
    let upload = Upload::of(&client, &clips::short());
    let first = upload.complete().await;
    assert!(first.get("zones").is_none() && first.get("zones_url").is_none(), "{first}");
    let again = |zones: &'static str| {
        let request = client.post(&format!("/api/analyze-assembled/{}", upload.id));
        request.query(&[("detector", "yolox-nano"), ("zones", zones)]).send()
    };
    let counted = crate::sse::Events::new(again(STREET).await.unwrap()).end().await.data;
    assert_eq!((&counted["zones"][0]["entries"], &counted["lines"][0]["in"]), (&0.into(), &0.into()), "nobody is in a test card");
    let session = client.json(&format!("/api/sessions/{}", upload.id)).await;
    assert_eq!(session["options"]["zones"]["lines"][0]["name"], "kerb");
    let without = crate::sse::Events::new(again("").await.unwrap()).end().await.data;
    assert!(without.get("zones_url").is_none(), "{without}");
}
