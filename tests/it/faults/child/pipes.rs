//! A child that floods its log, wants no more input, or is slow.

use std::time::{Duration, Instant};

use super::fake::FakeFfmpeg;
use crate::client::{Client, Upload};
use crate::clips;
use crate::program::Program;

const MEGABYTE: u64 = 1 << 20;
/// Longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn d03_a_flood_of_log_lines_costs_no_memory_and_blocks_nothing() {
    // Half of it in lines of 2 KB, half without any end of line; the last frame comes when all of it is read.
    let fake = FakeFfmpeg::decoding(
        r#"frame 0
gate flood
line=$(printf '[h264 @ 0x1] [error] %2000s' x)
yes "$line" | head -c 536870912 >&2
yes "$line" | tr '\n' ' ' | head -c 536870912 >&2
frame 1"#,
    );
    let options = fake.options();
    let program = Program::start(&[&options.each_ref().map(String::as_str)[..], &["--stall-timeout", "120"]].concat());
    let client = Client::of(&program.url);
    let upload = Upload::of(&client, &clips::faststart()).with("preview_interval", 1);
    upload.send_all(0..upload.total()).await;
    let mut events = upload.events().await;
    events.wait_for(|e| e.kind == "progress").await;
    let before = program.resident_bytes();
    fake.open("flood");
    let mut peak = before;
    // What the end of an analysis takes, for sheets and tables, is not the flood's.
    {
        let flooded = events.wait_for(|e| e.kind != "progress" || e.data["frame_index"] == 1);
        tokio::pin!(flooded);
        while tokio::time::timeout(Duration::from_millis(20), &mut flooded).await.is_err() {
            peak = peak.max(program.resident_bytes());
        }
    }
    assert!(peak - before <= MEGABYTE, "{} KB more", (peak - before) >> 10);
    let event = events.wait_for(|e| e.kind != "progress").await;
    assert_eq!((event.kind.as_str(), &event.data["total_frames"]), ("complete", &2.into()), "{event:?}");
    assert!(program.log_lines() < 100, "{} lines", program.log_lines());
    program.assert_quiet("a flood");
}

#[tokio::test]
async fn d07_a_decoder_that_closes_its_input_goes_on_and_so_does_the_upload() {
    let fake = FakeFfmpeg::decoding("head -c 1000 > /dev/null; exec < /dev/null; frame 0; gate more; frame 1; frame 2");
    let program = Program::start(&fake.options().each_ref().map(String::as_str));
    let client = Client::of(&program.url);
    let upload = Upload::of(&client, &clips::large()).with("preview_interval", 1);
    upload.send_all(0..upload.total() / 2).await;
    let mut events = upload.events().await;
    events.wait_for(|e| e.kind == "progress").await;
    upload.send_all(upload.total() / 2..upload.total()).await;
    assert_eq!(upload.missing().await, Some(Vec::new()), "every chunk is stored");
    fake.open("more");
    let end = events.end().await;
    assert_eq!((end.kind.as_str(), &end.data["total_frames"]), ("complete", &3.into()), "{end:?}");
}

#[tokio::test]
async fn d07_a_decoder_that_is_done_before_the_last_byte_comes_lends_its_place() {
    let fake = FakeFfmpeg::decoding("head -c 1000 > /dev/null; frame 0; frame 1; frame 2");
    let options = fake.options();
    let program = Program::start(&[&options.each_ref().map(String::as_str)[..], &["--max-running", "1"]].concat());
    let client = Client::of(&program.url);
    let [first, second] = [(); 2].map(|()| Upload::of(&client, &clips::short()));
    let last = first.total() - 1;
    first.send_all(0..last).await;
    let snapshot = format!("/api/sessions/{}", first.id);
    let finishing = async {
        while client.json(&snapshot).await["state"] != "finishing" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, finishing).await.expect("all frames are done before the last byte");
    let done = tokio::time::timeout(PATIENCE, second.complete()).await.expect("the second gets the place of the first");
    assert_eq!(done["total_frames"], 3);
    first.send(last).await;
    assert_eq!(first.completion().await["total_frames"], 3);
}

#[tokio::test]
async fn d09_a_slow_decoder_keeps_its_session_and_the_server_small() {
    let fake = FakeFfmpeg::decoding("for n in 0 1 2 3 4; do frame $n; gate $n; done");
    let options = fake.options();
    // Idle sessions end after three seconds; nobody reads along, so that the frames alone show life.
    let idle = ["--session-timeout", "3", "--reaper-step", "1"];
    let program = Program::start(&[&options.each_ref().map(String::as_str)[..], &idle].concat());
    let client = Client::of(&program.url);
    let bytes = std::fs::read(clips::thirty_megabytes("mov")).unwrap();
    let upload = Upload::new(&client, bytes, ".mov", MEGABYTE as usize);
    upload.send(0).await;
    upload.send(1).await;
    let before = program.resident_bytes();
    upload.send_all(2..upload.total()).await;
    let grown = program.resident_bytes().saturating_sub(before);
    assert!(grown < 12 * MEGABYTE, "{} KB more for 30 MB", grown >> 10);
    let began = Instant::now();
    for n in 0..5 {
        // A frame a second is what is tested.
        tokio::time::sleep(Duration::from_millis(900)).await;
        fake.open(&n.to_string());
    }
    let end = upload.events().await.end().await;
    assert_eq!((end.kind.as_str(), &end.data["total_frames"]), ("complete", &5.into()), "{end:?} after {:?}", began.elapsed());
}
