//! Videos that end early or have wrong bits: what can be decoded is there, and what is missing is said.

use std::path::{Path, PathBuf};

use crate::client::{Client, Upload};
use crate::clips;
use crate::scratch;
use crate::server::Server;
use crate::sse::Event;

/// How the analysis of these bytes ends, and how many frames FFmpeg itself gets out of them.
async fn outcome(client: &Client, folder: &Path, clip: &Path, bytes: Vec<u8>) -> (Event, u64) {
    let damaged = folder.join(clip.file_name().unwrap());
    std::fs::write(&damaged, bytes).unwrap();
    let decodable = decodable(&damaged);
    let upload = Upload::of(client, &damaged);
    upload.send_all(0..upload.total()).await;
    (upload.events().await.end().await, decodable)
}

/// Frames that FFmpeg decodes from a file, whatever it complains of.
fn decodable(file: &Path) -> u64 {
    let args =
        ["-nostdin", "-v", "quiet", "-i", file.to_str().unwrap(), "-map", "0:V:0", "-fps_mode", "passthrough", "-f", "framecrc", "-"];
    let output = std::process::Command::new(clips::ffmpeg()).args(args).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().filter(|l| !l.starts_with('#')).count() as u64
}

fn codes(event: &Event) -> Vec<&str> {
    event.data["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect()
}

fn containers() -> [PathBuf; 4] {
    [clips::faststart(), clips::index_last(), clips::fragmented(), clips::matroska()]
}

#[tokio::test]
async fn d15_a_cut_video_gives_what_is_decodable_and_says_that_it_ends_early() {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    let folder = scratch::folder("cut-");
    for clip in containers() {
        let whole = std::fs::read(&clip).unwrap();
        for percent in [10, 50, 99] {
            let bytes = whole[..whole.len() * percent / 100].to_vec();
            let (end, decodable) = outcome(&client, folder.path(), &clip, bytes).await;
            let what = format!("{percent} % of {clip:?}: {end:?}");
            if end.kind == "error" {
                assert_eq!((end.code(), decodable), ("NO_FRAMES", 0), "{what}");
                continue;
            }
            assert_eq!(end.data["total_frames"], decodable, "{what}");
            if decodable < clips::FRAMES {
                assert_eq!((codes(&end).contains(&"VIDEO_TRUNCATED"), &end.data["partial"]), (true, &true.into()), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn d15_a_video_with_wrong_bits_is_never_complete_without_a_word() {
    let server = Server::without_models(&[]);
    let client = Client::of(server.url());
    let folder = scratch::folder("flipped-");
    for clip in containers() {
        for seed in 1..=2 {
            let mut bytes = std::fs::read(&clip).unwrap();
            flip(&mut bytes, seed);
            let (end, decodable) = outcome(&client, folder.path(), &clip, bytes).await;
            let what = format!("seed {seed} of {clip:?}: {end:?}");
            if end.kind == "error" {
                assert!(["NO_FRAMES", "NO_VIDEO_STREAM", "UNSUPPORTED_CONTAINER"].contains(&end.code()), "{what}");
                assert_eq!(decodable, 0, "{what}");
                continue;
            }
            assert!(!codes(&end).is_empty(), "{what}");
            assert_eq!(end.data["total_frames"], decodable, "{what}");
        }
    }
}

/// Turns forty bits of the second half, where every container has pictures.
fn flip(bytes: &mut [u8], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let length = bytes.len();
    for _ in 0..40 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = length / 2 + state as usize % (length / 3);
        bytes[at] ^= 1 << (state >> 61);
    }
}
