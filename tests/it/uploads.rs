//! Uploads in chunks: what comes back, in which order chunks may come, which are refused.

use std::path::Path;

use base64::Engine as _;
use futures_util::future::join_all;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, Upload, refusal};
use crate::server::Server;
use crate::{clips, frame_times, scratch};

fn client() -> Client {
    Client::of(Server::shared().url())
}

/// Width and height of a JPEG, from its frame header.
fn jpeg_size(jpeg: &[u8]) -> (u32, u32) {
    assert!(jpeg.starts_with(&[0xff, 0xd8, 0xff]) && jpeg.ends_with(&[0xff, 0xd9]), "a JPEG");
    let word = |at: usize| u32::from(u16::from_be_bytes([jpeg[at], jpeg[at + 1]]));
    let mut at = 2;
    while !(0xc0..=0xc2).contains(&jpeg[at + 1]) {
        at += 2 + word(at + 2) as usize;
    }
    (word(at + 7), word(at + 5))
}

/// The result's MP4 as a file of its own.
async fn download(client: &Client, complete: &Value, folder: &Path) -> std::path::PathBuf {
    let path = folder.join("result.mp4");
    std::fs::write(&path, client.bytes(complete["download_url"].as_str().unwrap()).await).unwrap();
    path
}

/// The lines of the results: the header, then one a frame.
async fn jsonl(client: &Client, complete: &Value) -> Vec<Value> {
    let text = client.text(complete["results_url"].as_str().unwrap()).await;
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[tokio::test]
async fn progress_and_complete_have_every_field_of_the_contract() {
    let client = client();
    let upload = Upload::of(&client, &clips::wide_ntsc()).without("detector").without("pose").with("preview_interval", 7);
    let events = upload.events();
    upload.send_all(0..upload.total()).await;
    let events = events.await.rest().await;
    let (end, progress) = events.split_last().unwrap();
    assert!(!progress.is_empty());
    let mut last_percent = 0.0;
    for event in progress {
        let data = &event.data;
        assert_eq!(event.frame_index() % 7, 0, "every preview_interval frames");
        assert!(data["total_frames"].is_null() || data["total_frames"] == 30, "{}", data["total_frames"]);
        let percent = data["percent"].as_f64().expect("the container tells its length");
        assert!((last_percent..=100.0).contains(&percent), "{percent} after {last_percent}");
        last_percent = percent;
        assert!(data["fps"].is_number() && data["detections"].is_array() && data["stage"].is_string());
        assert!(data["eta_seconds"].is_null() || data["eta_seconds"].is_number());
        let preview = base64::engine::general_purpose::STANDARD.decode(data["preview"].as_str().unwrap()).unwrap();
        assert_eq!(jpeg_size(&preview), (640, 360));
    }
    assert_eq!(end.kind, "complete");
    let complete = &end.data;
    for (field, ending) in [("download_url", ".mp4"), ("results_url", ".jsonl"), ("csv_url", ".csv")] {
        let name = complete[field].as_str().unwrap().strip_prefix("/uploads/results/").unwrap();
        let stem = name.strip_suffix(ending).unwrap();
        assert!(stem.len() == 12 && stem.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
    }
    assert!((complete["fps"].as_f64().unwrap() - 30000.0 / 1001.0).abs() < 0.01);
    assert!((complete["duration_seconds"].as_f64().unwrap() - 1.001).abs() < 0.01);
    assert_eq!((&complete["total_frames"], &complete["width"], &complete["height"]), (&30.into(), &1280.into(), &720.into()));
    assert!(complete["detection_summary"].as_object().unwrap().values().all(Value::is_u64));
    assert!(complete["frames_with_pose"].is_u64() && complete["processing_time_seconds"].is_number());
    assert_eq!((&complete["audio"], &complete["rotation"]), (&"none".into(), &0.into()));
    assert_eq!((&complete["variable_frame_rate"], &complete["warnings"]), (&false.into(), &Value::Array(vec![])));
}

#[tokio::test]
async fn results_have_a_header_and_one_line_a_frame() {
    let client = client();
    let complete = Upload::of(&client, &clips::faststart()).with("filename", "clip.mp4").complete().await;
    let lines = jsonl(&client, &complete).await;
    let header = &lines[0];
    assert_eq!(header["schema"], "sightline/1");
    assert_eq!(header["source"]["filename"], "clip.mp4");
    assert_eq!(header["options"]["preview_interval"], 10);
    assert!(header["models"].is_object() && !header["timebase"].is_null());
    assert_eq!(lines.len() as u64, 1 + clips::FRAMES);
    for (index, line) in lines[1..].iter().enumerate() {
        assert_eq!(line["frame"], index);
        let expected = index as i64 * 1_000_000 / 30;
        assert!((line["pts_us"].as_i64().unwrap() - expected).abs() <= 1000, "{line}");
        assert!(line["detections"].is_array() && line["poses"].is_array());
    }
    let csv = client.text(complete["csv_url"].as_str().unwrap()).await;
    assert!(csv.starts_with("frame,pts_us,track_id,class_id,label,confidence,x1,y1,x2,y2\n"), "{csv}");
}

#[tokio::test]
async fn the_video_keeps_its_frames_their_times_and_its_sound() {
    let client = client();
    let cases =
        [(clips::faststart(), "copied"), (clips::matroska(), "copied"), (clips::variable_rate(), "none"), (clips::wide_ntsc(), "none")];
    for (clip, audio) in cases {
        let complete = Upload::of(&client, &clip).complete().await;
        assert_eq!(complete["audio"], audio, "{clip:?}");
        let folder = scratch::folder("download-");
        let result = download(&client, &complete, folder.path()).await;
        frame_times::assert_same(&frame_times::of(&result), &frame_times::of(&clip));
        assert_eq!(complete["total_frames"], frame_times::of(&clip).len());
        // One more or less: another container's clock may begin within a block.
        let (sound, expected) = (frame_times::sound_blocks(&result), frame_times::sound_blocks(&clip));
        assert!(sound.abs_diff(expected) <= 1, "{clip:?}: {sound} blocks of sound, {expected} in the source");
        assert_eq!(complete["variable_frame_rate"], clip == clips::variable_rate());
    }
}

#[tokio::test]
async fn a_phones_video_with_a_variable_rate_keeps_its_times() {
    let Some(clip) = clips::shared("videos/fencing_footwork_advance_vfr.mov") else { return };
    let client = client();
    let mut upload = Upload::of(&client, &clip);
    upload.chunk_size = 1 << 20;
    let complete = upload.complete().await;
    assert_eq!((&complete["variable_frame_rate"], &complete["audio"]), (&true.into(), &"copied".into()));
    let folder = scratch::folder("download-");
    let result = download(&client, &complete, folder.path()).await;
    frame_times::assert_same(&frame_times::of(&result), &frame_times::of(&clip));
}

#[tokio::test]
async fn persons_are_found_and_their_poses_followed() {
    let Some(clip) = clips::shared("videos/pose_single_576x576.mp4") else { return };
    let client = client();
    let complete = Upload::of(&client, &clip).without("detector").without("pose").complete().await;
    assert_eq!(complete["total_frames"], 120);
    assert!(complete["frames_with_pose"].as_u64().unwrap() > 60, "{complete}");
    let lines = jsonl(&client, &complete).await;
    assert!(lines[0]["models"]["detector"].is_string() && lines[0]["models"]["pose"].is_string());
    let pose = lines[1..].iter().find_map(|l| l["poses"].get(0)).expect("a pose");
    assert_eq!((pose["skeleton"].as_str(), pose["keypoints"].as_array().map(Vec::len)), (Some("blazepose33"), Some(33)));
    assert!(pose["keypoints"][0].as_array().is_some_and(|k| k.len() == 4), "{pose}");
    let seen: usize = lines[1..].iter().map(|l| l["detections"].as_array().unwrap().len()).sum();
    let summed: u64 = complete["detection_summary"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(seen as u64, summed, "the summary counts the boxes of the results");
    let csv = client.text(complete["csv_url"].as_str().unwrap()).await;
    assert_eq!(csv.lines().count(), 1 + seen);
}

/// The results of an upload whose chunks came in the order of `indices`.
async fn results_in_order(client: &Client, clip: &Path, indices: &[usize]) -> String {
    let upload = Upload::of(client, clip);
    upload.send_all(indices.iter().copied()).await;
    let complete = upload.completion().await;
    client.text(complete["results_url"].as_str().unwrap()).await
}

#[tokio::test]
async fn any_order_of_chunks_gives_the_same_results() {
    let client = client();
    for clip in [clips::faststart(), clips::matroska(), clips::index_last()] {
        let total = Upload::of(&client, &clip).total();
        let ordered: Vec<_> = (0..total).collect();
        let expected = results_in_order(&client, &clip, &ordered).await;
        let shuffled: Vec<_> = (0..total).map(|i| (i * 7 + 3) % total).collect();
        let repeated: Vec<_> = ordered.iter().flat_map(|i| [*i, *i]).collect();
        let last_first: Vec<_> = [total - 1].into_iter().chain(0..total - 1).collect();
        for (name, order) in [("shuffled", shuffled), ("repeated", repeated), ("last first", last_first)] {
            assert!(results_in_order(&client, &clip, &order).await == expected, "{name} {clip:?}");
        }
    }
}

#[tokio::test]
async fn chunks_in_parallel_give_the_same_results() {
    let client = client();
    let clip = clips::faststart();
    let ordered: Vec<_> = (0..Upload::of(&client, &clip).total()).collect();
    let expected = results_in_order(&client, &clip, &ordered).await;
    let upload = Upload::of(&client, &clip);
    let twice = (0..upload.total()).rev().flat_map(|i| [i, i]);
    join_all(twice.map(|i| upload.send(i))).await;
    let complete = upload.completion().await;
    assert!(client.text(complete["results_url"].as_str().unwrap()).await == expected);
}

#[tokio::test]
async fn raw_chunks_are_as_good_as_forms() {
    let client = client();
    let clip = clips::faststart();
    let upload = Upload::of(&client, &clip);
    let upload = upload.clone().with("chunk_size", upload.chunk_size).with("file_size", upload.bytes.len());
    for index in (0..upload.total()).rev() {
        let response = upload.put(index, upload.chunk(index)).await;
        assert_eq!(response.status(), 200);
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["chunks_received"], upload.total() - index);
        assert_eq!(answer["assembled"], index == 0);
    }
    assert_eq!(upload.completion().await["total_frames"], clips::FRAMES);
}

#[tokio::test]
async fn a_client_that_comes_back_learns_which_chunks_are_there() {
    let client = client();
    let upload = Upload::of(&client, &clips::faststart());
    let total = upload.total();
    upload.send_all([0, 1, 2, 5, 7, 8]).await;
    let known = client.json(&format!("/api/uploads/{}", upload.id)).await;
    assert_eq!(known["received"], serde_json::json!([[0, 2], [5, 5], [7, 8]]));
    assert_eq!((&known["session_id"], &known["total_chunks"]), (&upload.id.as_str().into(), &total.into()));
    assert!(known["state"].is_string());
    upload.send_all((0..total).filter(|i| ![0, 1, 2, 5, 7, 8].contains(i))).await;
    assert_eq!(upload.completion().await["total_frames"], clips::FRAMES);
    let unknown = refusal(client.get("/api/uploads/nobody").send().await.unwrap()).await;
    assert_eq!((unknown.status, unknown.code.as_str()), (404, "SESSION_NOT_FOUND"));
}

#[tokio::test]
async fn conflicts_are_refused_and_the_session_goes_on() {
    let client = client();
    let upload = Upload::of(&client, &clips::faststart());
    upload.send(0).await;
    let other = vec![b'x'; upload.chunk_size];
    let conflicts = [
        (upload.clone(), "CHUNK_CONFLICT"),
        (upload.clone().with("total_chunks", upload.total() + 1), "SESSION_CONFLICT"),
        (upload.clone().with("ext", ".mkv"), "SESSION_CONFLICT"),
    ];
    for (changed, code) in conflicts {
        let refused = refusal(changed.try_send(0, &other).await).await;
        assert_eq!((refused.status, refused.code.as_str()), (409, code), "{}", refused.detail);
    }
    assert_eq!(upload.complete().await["total_frames"], clips::FRAMES);
}

#[tokio::test]
async fn a_last_chunk_that_waits_for_its_place_conflicts_as_well() {
    let client = client();
    let upload = Upload::of(&client, &clips::faststart());
    let last = upload.total() - 1;
    upload.send(last).await;
    upload.send(last).await;
    let refused = refusal(upload.try_send(last, b"other bytes").await).await;
    assert_eq!((refused.status, refused.code.as_str()), (409, "CHUNK_CONFLICT"));
    assert_eq!(upload.complete().await["total_frames"], clips::FRAMES);
}

#[tokio::test]
async fn a_chunk_that_does_not_match_its_checksum_is_not_taken() {
    let client = client();
    let upload = Upload::of(&client, &clips::faststart());
    let digest = |bytes: &[u8]| {
        use sha2::Digest as _;
        sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let told = upload.clone().with("sha256", digest(upload.chunk(0)));
    let refused = refusal(told.try_send(0, upload.chunk(1)).await).await;
    assert_eq!((refused.status, refused.code.as_str()), (422, "CHECKSUM_MISMATCH"));
    told.send(0).await;
    assert_eq!(upload.complete().await["total_frames"], clips::FRAMES);
}

#[tokio::test]
async fn a_deleted_session_is_begun_again_by_its_first_chunk_alone() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    upload.send_all([0, 1]).await;
    assert_eq!(client.delete(&upload.id).await.status(), 204);
    for index in [1, 2, upload.total() - 1] {
        let refused = refusal(upload.try_send(index, upload.chunk(index)).await).await;
        assert_eq!((refused.status, refused.code.as_str()), (410, "SESSION_DELETED"));
    }
    let refused = refusal(client.get(&format!("/api/uploads/{}", upload.id)).send().await.unwrap()).await;
    assert_eq!((refused.status, refused.code.as_str()), (410, "SESSION_DELETED"));
    assert_eq!(upload.complete().await["total_frames"], 30);
}

#[tokio::test]
async fn a_first_chunk_that_was_on_its_way_at_the_deletion_begins_nothing() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    upload.send(1).await;
    let (early, rest) = upload.chunk(0).split_at(10);
    let target = format!("/api/uploads/{}/chunks/0?total_chunks={}&ext=.mp4", upload.id, upload.total());
    let length = upload.chunk(0).len();
    let head = format!("PUT {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n");
    let mut late = TcpStream::connect(Server::shared().address).await.unwrap();
    late.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 12];
    late.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100", "its request has come");
    late.write_all(early).await.unwrap();
    assert_eq!(client.delete(&upload.id).await.status(), 204);
    late.write_all(rest).await.unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("HTTP/1.1 410") && answer.contains("SESSION_DELETED"), "{answer}");
}

#[tokio::test]
async fn first_chunks_at_once_make_one_session() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    let answers = join_all((0..upload.total()).map(|i| upload.send(i))).await;
    assert!(answers.iter().any(|a| a["assembled"] == true), "{answers:?}");
    assert_eq!(upload.completion().await["total_frames"], 30);
}

#[tokio::test]
async fn a_file_size_that_is_not_the_files_is_named() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    let length = upload.bytes.len();
    for wrong in [1, length - upload.chunk_size, length + upload.chunk_size, 2 * length] {
        let refused = refusal(upload.clone().with("file_size", wrong).try_send(0, upload.chunk(0)).await).await;
        assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"), "{wrong} of {length}");
        assert!(refused.detail.contains("file_size"), "{}", refused.detail);
        assert_eq!(client.get(&format!("/api/sessions/{}", upload.id)).send().await.unwrap().status(), 404, "it left a session");
    }
    let last = upload.total() - 1;
    let told = upload.clone().with("file_size", length);
    told.send(0).await;
    let refused = refusal(upload.clone().with("file_size", length - 1).try_send(1, upload.chunk(1)).await).await;
    assert_eq!((refused.status, refused.code.as_str()), (409, "SESSION_CONFLICT"));
    let refused = refusal(upload.try_send(last, &upload.chunk(last)[1..]).await).await;
    assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"), "{}", refused.detail);
    assert_eq!(told.complete().await["total_frames"], 30);
}

#[tokio::test]
async fn a_last_chunk_that_does_not_fit_is_to_blame_itself() {
    let client = client();
    let upload = Upload::of(&client, &clips::short());
    let last = upload.total() - 1;
    assert_eq!(upload.try_send(last, &upload.bytes[..upload.chunk_size + 1]).await.status(), 200, "nothing is known yet");
    upload.send(0).await;
    let refused = refusal(upload.try_send(last, &upload.bytes[..upload.chunk_size + 1]).await).await;
    assert_eq!((refused.status, refused.code.as_str()), (400, "INVALID_FIELD"));
    assert!(refused.detail.contains(&format!("chunk {last}")), "{}", refused.detail);
    assert_eq!(upload.complete().await["total_frames"], 30);
}
