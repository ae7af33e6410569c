//! The annotated video is watched while it is made.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::client::{Client, Upload, refusal};
use crate::frame_times;
use crate::server::Server;
use crate::{clips, scratch};

/// The playlist with at least this many segments, asked for until it has them.
async fn playlist_of(client: &Client, upload: &Upload, segments: usize) -> String {
    let path = format!("/api/sessions/{}/hls/index.m3u8", upload.id);
    let asked = async {
        loop {
            let response = client.get(&path).send().await.unwrap();
            if response.status() == 200 {
                assert_eq!(response.headers()["content-type"], "application/vnd.apple.mpegurl");
                let text = response.text().await.unwrap();
                if names(&text).count() >= segments {
                    return text;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asked).await.expect("segments come")
}

/// Ranges, validators and a name, as for every other file.
async fn parts_are_told(client: &Client, path: &str, whole: &[u8], name: &str) {
    let part = client.get(path).header("range", "bytes=3-9").send().await.unwrap();
    let header = |name: &str| part.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((part.status().as_u16(), header("content-range")), (206, format!("bytes 3-9/{}", whole.len())), "{name}");
    assert_eq!(header("content-disposition"), format!("inline; filename=\"{name}\"; filename*=UTF-8''{name}"));
    let tag = header("etag");
    assert_eq!(part.bytes().await.unwrap(), whole[3..10]);
    let known = client.get(path).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!((known.status().as_u16(), known.headers()["etag"].to_str().unwrap()), (304, tag.as_str()));
    let head = client.request(Method::HEAD, path).header("range", "bytes=3-9").send().await.unwrap();
    let length = whole.len().to_string();
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, length.as_str()));
}

fn names(playlist: &str) -> impl Iterator<Item = &str> {
    playlist.lines().filter(|l| l.ends_with(".m4s"))
}

#[tokio::test]
async fn segments_are_there_before_the_upload_is_and_together_they_are_the_video() {
    let client = Client::of(Server::shared().url());
    // 8 s in segments of 2 s; the last quarter of the file is held back.
    let upload = Upload::of(&client, &clips::large_index_last());
    let upload = upload.clone().with("chunk_size", upload.chunk_size).with("file_size", upload.bytes.len());
    let total = upload.total();
    upload.send(total - 1).await;
    upload.send_all(0..total * 3 / 4).await;
    let live = playlist_of(&client, &upload, 2).await;
    assert!(live.contains("#EXT-X-PLAYLIST-TYPE:EVENT") && !live.contains("ENDLIST"), "{live}");
    let session: Value = client.json(&format!("/api/sessions/{}", upload.id)).await;
    assert_eq!(session["state"], "processing");

    upload.send_all(total * 3 / 4..total - 1).await;
    let complete = upload.completion().await;
    let ended = playlist_of(&client, &upload, 4).await;
    assert!(ended.contains("#EXT-X-PLAYLIST-TYPE:VOD") && ended.ends_with("#EXT-X-ENDLIST\n"), "{ended}");
    assert!(names(&live).zip(names(&ended)).all(|(a, b)| a == b), "what was there stays as it was");

    let part = async |name: &str| client.bytes(&format!("/api/sessions/{}/hls/{name}", upload.id)).await;
    let mut bytes = part("init.mp4").await;
    for name in names(&ended) {
        bytes.extend(part(name).await);
    }
    for name in ["index.m3u8", "init.mp4", "0.m4s"] {
        parts_are_told(&client, &format!("/api/sessions/{}/hls/{name}", upload.id), &part(name).await, name).await;
    }
    let folder = scratch::folder("hls-");
    let (watched, result) = (folder.path().join("watched.mp4"), folder.path().join("result.mp4"));
    std::fs::write(&watched, bytes).unwrap();
    std::fs::write(&result, client.bytes(complete["download_url"].as_str().unwrap()).await).unwrap();
    assert_eq!(complete["total_frames"], frame_times::of(&watched).len());
    frame_times::assert_same(&frame_times::of(&watched), &frame_times::of(&result));
    let seconds: f64 = ended.lines().filter_map(|l| l.strip_prefix("#EXTINF:")?.strip_suffix(',')?.parse::<f64>().ok()).sum();
    assert!((seconds - 8.0).abs() < 0.05, "{seconds}");
}

#[tokio::test]
async fn what_is_not_there_yet_is_told() {
    let client = Client::of(Server::shared().url());
    let upload = Upload::of(&client, &clips::faststart());
    upload.send(0).await;
    for name in ["index.m3u8", "init.mp4", "99.m4s", "..%2Fsource", "encoded.mp4"] {
        let response = client.get(&format!("/api/sessions/{}/hls/{name}", upload.id)).send().await.unwrap();
        let refused = refusal(response).await;
        assert!((400..=409).contains(&refused.status), "{name}: {}", refused.detail);
    }
    let unknown = client.get("/api/sessions/nobody/hls/index.m3u8").send().await.unwrap();
    assert_eq!(refusal(unknown).await.code, "SESSION_NOT_FOUND");
    client.delete(&upload.id).await;
}
