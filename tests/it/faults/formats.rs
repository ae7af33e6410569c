//! Faults E: files that are not what their name says, or larger than they look. One test a row of the catalogue, named by
//! its id.

use std::net::TcpListener;
use std::path::PathBuf;

use sightline::media::command::Source;
use sightline::media::decoder::Decoder;
use sightline::media::ffmpeg::Ffmpeg;
use sightline::video::{Demuxer, Pixels};

use super::child::fake::FakeFfmpeg;
use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::program::Program;
use crate::scratch;
use crate::server::Server;
use crate::sse::Event;

/// How the analysis of these bytes ends.
async fn end_of(client: &Client, bytes: &[u8], ext: &str) -> Event {
    let upload = Upload::new(client, bytes.to_vec(), ext, bytes.len().div_ceil(4).max(1));
    upload.send_all(0..upload.total()).await;
    upload.events().await.end().await
}

/// Files that make FFmpeg, left to itself, open `url` or the file `other`.
fn scripts(url: &str, other: &str) -> Vec<String> {
    vec![
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n"),
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{other}\n#EXT-X-ENDLIST\n"),
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n".to_owned(),
        format!("ffconcat version 1.0\nfile '{url}'\n"),
        format!("ffconcat version 1.0\nfile '{other}'\n"),
        format!("v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=control:{url}\n"),
        format!("<?xml version=\"1.0\"?><MPD type=\"static\"><Period><BaseURL>{url}</BaseURL></Period></MPD>"),
    ]
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/secret.ts", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn e01_playlists_and_scripts_are_refused_and_reach_nothing() {
    let (listener, url) = listener();
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    for script in scripts(&url, clips::short().to_str().unwrap()) {
        let end = end_of(&client, script.as_bytes(), ".mp4").await;
        assert_eq!(end.code(), "UNSUPPORTED_CONTAINER", "{script}");
        program.assert_nothing_left(&script);
    }
    assert!(listener.accept().is_err(), "somebody followed the playlist");
}

#[test]
fn e01_a_playlist_that_got_to_ffmpeg_would_reach_nothing_either() {
    let (listener, url) = listener();
    let ffmpeg = Ffmpeg::probe(clips::ffmpeg()).unwrap();
    let folder = scratch::folder("scripts-");
    for script in scripts(&url, clips::short().to_str().unwrap()) {
        let file = folder.path().join("a.mp4");
        std::fs::write(&file, &script).unwrap();
        for demuxer in [Demuxer::Mov, Demuxer::Matroska, Demuxer::MpegTs] {
            for source in [Source::File(file.clone()), Source::Pipe] {
                let (decoder, stdin) = Decoder::start(&ffmpeg, &source, demuxer, 1_000_000, Pixels::default()).unwrap();
                if let Some(mut stdin) = stdin {
                    // Refused before all of it is read.
                    let _ = std::io::Write::write_all(&mut stdin, script.as_bytes());
                }
                assert!(decoder.frames().recv().is_err(), "a frame of {script}");
                assert_eq!(decoder.finish(&|| false).unwrap().frames, 0);
            }
        }
    }
    assert!(listener.accept().is_err(), "somebody followed the playlist");
}

#[tokio::test]
async fn e03_what_is_no_video_ends_with_its_reason_and_leaves_nothing() {
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    let text = b"This is no video. ".repeat(300);
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"http://127.0.0.1/\"/></svg>".repeat(20);
    let png: Vec<u8> = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".iter().copied().chain((0..=255).cycle().take(2000)).collect();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("text", text, "UNSUPPORTED_CONTAINER"),
        ("a short text", b"x".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("nothing", Vec::new(), "EMPTY_INPUT"),
        ("a page", b"<!doctype html><title>x</title>".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("an SVG", svg, "UNSUPPORTED_CONTAINER"),
        ("a sequence of PNGs", png.repeat(3), "UNSUPPORTED_CONTAINER"),
        ("a GIF", b"GIF89a\x01\0\x01\0".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("a program", b"\x7fELF\x02\x01\x01".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("an archive", b"PK\x03\x04\x14\0".to_vec(), "UNSUPPORTED_CONTAINER"),
        ("an MP4 that ends before its index", cut(clips::index_last(), 60), "NO_FRAMES"),
        ("an MP4's first bytes", cut(clips::faststart(), 1), "NO_FRAMES"),
    ];
    for (what, bytes, code) in cases {
        let end = end_of(&client, &bytes, ".mp4").await;
        assert_eq!(end.code(), code, "{what}: {end:?}");
        let detail = end.data["detail"].as_str().unwrap();
        assert!(!detail.contains(program.data().path().to_str().unwrap()), "no path of the server: {detail}");
        program.assert_nothing_left(what);
    }
}

fn cut(clip: PathBuf, percent: usize) -> Vec<u8> {
    let mut bytes = std::fs::read(clip).unwrap();
    bytes.truncate(bytes.len() * percent / 100);
    bytes
}

#[tokio::test]
async fn e03_a_file_sent_in_one_request_is_refused_by_the_same_rules() {
    let client = Client::of(Server::shared().url());
    let part = reqwest::multipart::Part::bytes(b"GIF89a\x01\0\x01\0".repeat(200)).file_name("a.mp4").mime_str("video/mp4").unwrap();
    let form = reqwest::multipart::Form::new().text("detector", "none").text("pose", "none").part("file", part);
    let response = client.post("/api/analyze").multipart(form).send().await.unwrap();
    let refused = refusal(response).await;
    assert_eq!((refused.status, refused.code.as_str()), (415, "UNSUPPORTED_CONTAINER"));
}

#[tokio::test]
async fn e04_an_ending_is_one_of_a_list_and_no_part_of_a_path() {
    let program = Program::start(&[]);
    let client = Client::of(&program.url);
    let long = format!(".{}", "m".repeat(300));
    let tricks = [
        ".mp4.exe",
        "..mp4",
        ".mp4/",
        "/../a.mp4",
        ".mp4\0.sh",
        ".mp4\n",
        " .mp4",
        "\u{2024}mp4",
        "\u{ff0e}mp4",
        ".\u{ff4d}p4",
        "mp4",
        ".",
        "",
        "%2emp4",
        long.as_str(),
    ];
    for ext in tricks {
        let upload = Upload::new(&client, b"x".to_vec(), ext, 1);
        for response in [upload.try_send(0, b"x").await, upload.put(0, b"x").await] {
            let refused = refusal(response).await;
            assert!(matches!(refused.status, 400 | 415), "{ext:?}: {} {}", refused.status, refused.code);
        }
    }
    program.assert_nothing_left("refused endings");
    let upper = Upload::new(&client, std::fs::read(clips::short()).unwrap(), ".MP4", 1 << 20);
    assert_eq!(upper.complete().await["total_frames"], 30);
    assert!(program.files("").iter().all(|f| !f.contains("MP4")), "{:?}", program.files(""));
}

#[tokio::test]
async fn e05_a_video_with_another_ending_is_read_by_its_content() {
    let client = Client::of(Server::shared().url());
    for (clip, ext) in [(clips::matroska(), ".mp4"), (clips::faststart(), ".mkv"), (clips::avi(), ".webm")] {
        let end = end_of(&client, &std::fs::read(clip).unwrap(), ext).await;
        assert_eq!((end.kind.as_str(), &end.data["total_frames"]), ("complete", &clips::FRAMES.into()), "{ext}: {end:?}");
    }
}

#[tokio::test]
async fn e08_a_picture_beyond_the_limit_is_refused() {
    let program = Program::start(&["--max-frame-pixels", "10000"]);
    let client = Client::of(&program.url);
    for clip in [clips::faststart(), clips::index_last(), clips::matroska()] {
        let end = end_of(&client, &std::fs::read(&clip).unwrap(), ".mp4").await;
        assert_eq!(end.code(), "DIMENSIONS_EXCEED_LIMIT", "{clip:?}: {end:?}");
        program.assert_nothing_left("a picture beyond the limit");
    }
}

#[tokio::test]
async fn e08_a_small_file_of_huge_pictures_takes_little_memory() {
    // The decoder ends by itself where it wants more than 512 MB: no picture of 8192x8192 is ever made.
    let fake = FakeFfmpeg::decoding("ulimit -d 524288; exec \"$real\" \"$@\"");
    let program = Program::start(&fake.options().each_ref().map(String::as_str));
    let client = Client::of(&program.url);
    let bomb = std::fs::read(clips::pixel_bomb()).unwrap();
    assert!(bomb.len() < 5 << 20, "{}", bomb.len());
    let end = end_of(&client, &bomb, ".mp4").await;
    assert_eq!(end.code(), "DIMENSIONS_EXCEED_LIMIT", "{end:?}");
    program.assert_nothing_left("a bomb");
}
