//! MP4 and MOV files whose index comes last, however they are laid out: early frames, every frame, right times.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::client::{Client, Upload};
use crate::mp4::{Mp4, Part, boxed, wide_header, write};
use crate::server::Server;
use crate::{clips, frame_times, scratch};

/// Sends as clients do: the first chunk, then what the server wants, then `more` chunks from the front. Gives what was sent.
async fn send_wanted(upload: &Upload, more: usize) -> Vec<usize> {
    // The server looks at the file beside the answers: what it wants is told with the next one.
    let wanted = async {
        loop {
            if let Some(range) = upload.send(0).await["want"].get(0) {
                return range[0].as_u64().unwrap() as usize..=range[1].as_u64().unwrap() as usize;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let wanted = tokio::time::timeout(Duration::from_secs(10), wanted).await.expect("the server wants the index");
    let mut sent: Vec<usize> = [0].into_iter().chain(wanted.clone()).chain((1..=more).filter(|i| !wanted.contains(i))).collect();
    upload.send_all(sent[1..].iter().copied()).await;
    sent.sort_unstable();
    sent
}

fn with_sizes(upload: Upload) -> Upload {
    let (chunk, file) = (upload.chunk_size, upload.bytes.len());
    upload.with("chunk_size", chunk).with("file_size", file)
}

#[tokio::test]
async fn a_hundred_megabytes_give_frames_before_a_tenth_of_them_is_there() {
    let client = Client::of(Server::shared().url());
    let clip = clips::hundred_megabytes();
    let mut upload = Upload::of(&client, &clip).with("preview_interval", 1);
    upload.chunk_size = 1 << 20;
    let upload = with_sizes(upload);
    assert!(upload.bytes.len() > 100_000_000);
    let sent = send_wanted(&upload, 5).await;
    assert!(sent.len() * 10 < upload.total(), "{} of {}", sent.len(), upload.total());
    let mut events = upload.events().await;
    let first = events.next().await.unwrap();
    assert_eq!(first.kind, "progress", "{first:?}");
    upload.send_all((0..upload.total()).filter(|i| !sent.contains(i))).await;
    let mut all = vec![first];
    all.extend(events.rest().await);
    let end = all.pop().unwrap();
    assert_eq!(end.data["total_frames"], clips::HUNDRED_MEGABYTES_FRAMES, "{end:?}");
    for event in all {
        assert_eq!(event.data["total_frames"], clips::HUNDRED_MEGABYTES_FRAMES);
        assert!(event.data["percent"].as_f64().is_some_and(|p| p > 0.0 && p <= 100.0), "{}", event.data["percent"]);
    }
}

#[tokio::test]
async fn chunks_in_their_order_lose_no_frame() {
    let client = Client::of(Server::shared().url());
    let complete = Upload::of(&client, &clips::index_last()).complete().await;
    assert_eq!(complete["total_frames"], clips::FRAMES);
}

/// The frames of an analysis are those FFmpeg decodes from the file, at the same times.
async fn assert_as_decoded(client: &Client, complete: &Value, clip: &Path) {
    let folder = scratch::folder("download-");
    let result = folder.path().join("result.mp4");
    std::fs::write(&result, client.bytes(complete["download_url"].as_str().unwrap()).await).unwrap();
    let expected = frame_times::of(clip);
    assert!(expected.len() > 20);
    assert_eq!(complete["total_frames"], expected.len());
    frame_times::assert_same(&frame_times::of(&result), &expected);
    assert_eq!(complete["warnings"], Value::Array(vec![]));
}

/// Several `mdat`, one with a 64-bit size, and boxes of other kinds between and behind them.
fn scattered() -> PathBuf {
    let path = scratch::root().join("scattered.mp4");
    let mp4 = Mp4::of(&std::fs::read(clips::index_last()).unwrap());
    let chunks = mp4.chunks();
    let cuts = [chunks[chunks.len() / 3], chunks[chunks.len() * 2 / 3]];
    let media = |from: u64, to: u64| mp4.media[from as usize..to as usize].to_vec();
    let length = mp4.media.len() as u64;
    let first = boxed(b"mdat", &media(0, cuts[0]));
    let second = [wide_header(b"mdat", cuts[1] - cuts[0]), media(cuts[0], cuts[1])].concat();
    let third = boxed(b"mdat", &media(cuts[1], length));
    let uuid = boxed(b"uuid", &[7; 1000]);
    let head = [mp4.head.clone(), boxed(b"wide", b""), uuid.clone()].concat();
    let between = [boxed(b"free", &[0; 70_000]), boxed(b"skip", b"x")].concat();
    let starts = [
        head.len() as u64 + 8,
        (head.len() + first.len() + between.len()) as u64 + 16,
        (head.len() + first.len() + between.len() + second.len() + uuid.len()) as u64 + 8,
    ];
    let index = mp4.index(|at| match at {
        at if at < cuts[0] => starts[0] + at,
        at if at < cuts[1] => starts[1] + at - cuts[0],
        at => starts[2] + at - cuts[1],
    });
    let behind = boxed(b"free", &[0; 5000]);
    write(&path, &[head, first, between, second, uuid, third, boxed(b"wide", b""), index, behind].map(Part::Bytes));
    path
}

#[tokio::test]
async fn every_layout_gives_the_frames_and_times_of_the_file() {
    let client = Client::of(Server::shared().url());
    for clip in [scattered(), clips::edit_list(), clips::reordered(), clips::index_last()] {
        let upload = with_sizes(Upload::of(&client, &clip));
        let sent = send_wanted(&upload, 2).await;
        upload.send_all((0..upload.total()).filter(|i| !sent.contains(i))).await;
        assert_as_decoded(&client, &upload.completion().await, &clip).await;
    }
    let fragmented = clips::fragmented();
    assert_as_decoded(&client, &Upload::of(&client, &fragmented).complete().await, &fragmented).await;
}

/// Half of the frames lie behind a hole of more than four gigabytes, and the index behind them.
#[test]
fn frames_beyond_four_gibibytes_are_found() {
    let mp4 = Mp4::of(&std::fs::read(clips::index_last()).unwrap());
    let chunks = mp4.chunks();
    let cut = chunks[chunks.len() / 2];
    let (front, back) = mp4.media.split_at(cut as usize);
    let (first, last) = (boxed(b"mdat", front), boxed(b"mdat", back));
    let hole = (4u64 << 30) + 4096;
    let start = mp4.head.len() as u64 + 8;
    let back_start = mp4.head.len() as u64 + first.len() as u64 + 16 + hole + 8;
    let index = mp4.index(|at| if at < cut { start + at } else { back_start + at - cut });
    let folder = scratch::folder("huge-");
    let path = folder.path().join("huge.mp4");
    let header = wide_header(b"free", hole);
    write(&path, &[Part::Bytes([mp4.head, first, header].concat()), Part::Hole(hole), Part::Bytes([last, index].concat())]);
    assert!(path.metadata().unwrap().len() > 4 << 30);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sightline"));
    command.env("SIGHTLINE_FFMPEG", clips::ffmpeg()).args([
        "analyze",
        "--models-dir",
        scratch::no_models(),
        "--json",
        "--detector",
        "none",
    ]);
    let output = command.args(["--pose", "none", "-o"]).arg(folder.path().join("out.mp4")).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["frames"], &report["warnings"]), (&clips::FRAMES.into(), &Value::Array(vec![])), "{report}");
    frame_times::assert_same(&frame_times::of(&folder.path().join("out.mp4")), &frame_times::of(&path));
}
