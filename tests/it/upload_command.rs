//! `sightline upload` against the real server, over slow lines, kills and restarts.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::client::Client;
use crate::program::{Program, within};
use crate::proxy::{Proxy, Seen};
use crate::{clips, scratch};

const CHUNK: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// The client, to be run in a folder of its own, without models.
pub fn upload(folder: &Path, server: &str, video: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sightline"));
    command.current_dir(folder).args(["upload", server]).arg(video).args(["--detector", "none", "--pose", "none"]).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn end(child: Child) -> Output {
    child.wait_with_output().unwrap()
}

pub fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn complete(output: &Output) -> Value {
    assert!(output.status.success(), "{}", told(output));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    serde_json::from_str(&text).unwrap()
}

fn total_chunks(video: &Path) -> u64 {
    std::fs::metadata(video).unwrap().len().div_ceil(CHUNK)
}

async fn chunks_taken(client: &Client) -> u64 {
    let metrics = client.text("/metrics").await;
    let line = metrics.lines().find_map(|l| l.strip_prefix("sightline_upload_chunks_total "));
    line.unwrap().parse().unwrap()
}

async fn wait_for_chunks(client: &Client, least: u64) {
    let deadline = Instant::now() + PATIENCE;
    while chunks_taken(client).await < least {
        assert!(Instant::now() < deadline, "{least} chunks do not arrive");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn results_arrive_as_the_server_has_them() {
    let server = Program::start(&[]);
    let client = Client::of(&server.url);
    let folder = scratch::folder("up-");
    let clip = clips::large();
    let files = ["-o", "out.mp4", "--jsonl", "r.jsonl", "--csv", "r.csv", "--json"];
    let complete = complete(&upload(folder.path(), &server.url, &clip, &files).output().unwrap());
    assert_eq!(complete["total_frames"], clips::FRAMES);
    for (field, name) in [("download_url", "out.mp4"), ("results_url", "r.jsonl"), ("csv_url", "r.csv")] {
        let there = client.bytes(complete[field].as_str().unwrap()).await;
        assert!(there == std::fs::read(folder.path().join(name)).unwrap(), "{name} differs");
    }
    assert_eq!(scratch::files_below(folder.path()), ["out.mp4", "r.csv", "r.jsonl"]);
    // Again: nothing is sent, the result is fetched under its default name, stdout stays empty.
    let taken = chunks_taken(&client).await;
    assert_eq!(taken, total_chunks(&clip));
    let again = upload(folder.path(), &server.url, &clip, &[]).output().unwrap();
    assert!(again.status.success() && again.stdout.is_empty(), "{}", told(&again));
    assert_eq!(chunks_taken(&client).await, taken);
    assert_eq!(std::fs::read(folder.path().join("large.annotated.mp4")).unwrap(), std::fs::read(folder.path().join("out.mp4")).unwrap());
    // Other options are another analysis.
    let other = upload(folder.path(), &server.url, &clip, &["--debug", "--no-download"]).output().unwrap();
    assert!(other.status.success(), "{}", told(&other));
    assert_eq!(chunks_taken(&client).await, 2 * taken);
}

#[test]
fn a_file_with_its_index_last_is_analysed_while_it_goes_up() {
    let server = Program::start(&[]);
    let line = Proxy::to(&server.url, Duration::from_millis(300));
    let folder = scratch::folder("up-");
    let clip = clips::large_index_last();
    let last = total_chunks(&clip) - 1;
    let complete = complete(&upload(folder.path(), &line.url, &clip, &["--json", "--parallel", "1"]).output().unwrap());
    assert_eq!(complete["total_frames"], 2 * clips::FRAMES);
    let chunks = line.chunks();
    assert_eq!(chunks[..3], [0, last, 1], "{chunks:?}");
    assert_eq!(chunks.len() as u64, last + 1, "each once: {chunks:?}");
    let seen = line.seen();
    let first_progress = seen.iter().position(|s| *s == Seen::Progress).unwrap();
    let last_chunk = seen.iter().rposition(|s| matches!(s, Seen::Chunk(_))).unwrap();
    assert!(first_progress < last_chunk, "{seen:?}");
}

#[tokio::test]
async fn the_same_command_goes_on_after_a_kill_and_after_ctrl_c() {
    let server = Program::start(&[]);
    let client = Client::of(&server.url);
    let line = Proxy::to(&server.url, Duration::ZERO);
    let folder = scratch::folder("up-");
    let clip = clips::large_index_last();
    let total = total_chunks(&clip);
    let mut before = 0;
    for signal in [Signal::SIGKILL, Signal::SIGINT] {
        // The line is cut after three chunks more, so that there is something left to go on with.
        before += 3;
        line.allow(before);
        let child = upload(folder.path(), &line.url, &clip, &["--json"]).spawn().unwrap();
        wait_for_chunks(&client, before).await;
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        let output = end(child);
        assert_eq!(output.status.code(), (signal == Signal::SIGINT).then_some(1), "{}", told(&output));
        assert!(signal != Signal::SIGINT || told(&output).contains("The same command goes on"), "{}", told(&output));
    }
    assert_eq!(chunks_taken(&client).await, before);
    line.allow(u64::MAX);
    let output = upload(folder.path(), &line.url, &clip, &["--json"]).output().unwrap();
    assert_eq!(complete(&output)["total_frames"], 2 * clips::FRAMES);
    // What a killed client had put on the line may still have arrived: at least, not exactly.
    let said = told(&output);
    let there = said.split(&format!(" of {total} chunks are there")).next().and_then(|s| s.rsplit(' ').next()?.parse::<u64>().ok());
    assert!(there.is_some_and(|there| (before..total).contains(&there)), "{said}");
    assert_eq!(chunks_taken(&client).await, total, "only what was missing is sent");
    assert_eq!(scratch::files_below(folder.path()), ["large_index_last.annotated.mp4"]);
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_is_waited_for() {
    let mut server = Program::start(&[]);
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    let data = Arc::clone(server.data());
    let line = Proxy::to(&server.url, Duration::from_millis(200));
    let folder = scratch::folder("up-");
    let clip = clips::large_index_last();
    let child = upload(folder.path(), &line.url, &clip, &["--json"]).spawn().unwrap();
    for least in [3, 2] {
        wait_for_chunks(&Client::of(&server.url), least).await;
        server.signal(Signal::SIGKILL);
        server.wait(Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(500)).await;
        server = Program::start_in(Arc::clone(&data), &["--port", &port]);
    }
    line.pause(Duration::ZERO);
    let complete = complete(&end(child));
    assert_eq!(complete["total_frames"], 2 * clips::FRAMES);
    let there = Client::of(&server.url).bytes(complete["download_url"].as_str().unwrap()).await;
    assert!(there == std::fs::read(folder.path().join("large_index_last.annotated.mp4")).unwrap());
}

#[tokio::test]
async fn a_server_that_is_stopped_during_the_analysis_is_waited_for() {
    let mut server = Program::start(&[]);
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    let data = Arc::clone(server.data());
    let folder = scratch::folder("up-");
    let clip = clips::large_index_last();
    let child = upload(folder.path(), &server.url, &clip, &["--json", "--parallel", "8"]).spawn().unwrap();
    wait_for_chunks(&Client::of(&server.url), total_chunks(&clip)).await;
    server.signal(Signal::SIGTERM);
    server.wait(Duration::from_secs(10));
    let _server = Program::start_in(data, &["--port", &port]);
    assert_eq!(complete(&end(child))["total_frames"], 2 * clips::FRAMES);
}

#[test]
fn what_cannot_work_is_told_soon_and_in_a_sentence() {
    let server = Program::start(&[]);
    let folder = scratch::folder("up-");
    let text = folder.path().join("notes.mp4");
    std::fs::write(&text, "Dear diary, today there was no video. ".repeat(100)).unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let clip = clips::short();
    let missing = folder.path().join("missing.mp4");
    let odd = folder.path().join("notes.txt");
    std::fs::copy(&text, &odd).unwrap();
    let cases: [(&str, &Path, &[&str], i32, &str); 9] = [
        (&nowhere, &clip, &[], 1, "could not be reached"),
        (&server.url, &text, &[], 1, "(UNSUPPORTED_CONTAINER)"),
        // The session that failed is not taken up again; the answer is the same.
        (&server.url, &text, &[], 1, "(UNSUPPORTED_CONTAINER)"),
        (&server.url, &odd, &[], 1, "(UNSUPPORTED_EXTENSION)"),
        (&server.url, &missing, &[], 1, "could not be opened"),
        (&server.url, &clip, &["--confidence", "2"], 2, "confidence must be"),
        (&server.url, &clip, &["-o", "nowhere/x.mp4"], 1, "no folder nowhere"),
        ("ftp://h", &clip, &[], 2, "no address of a server"),
        (&server.url, &clip, &["--no-download", "-o", "x.mp4"], 2, "cannot be used with"),
    ];
    for (server, video, more, code, sentence) in cases {
        let begun = Instant::now();
        let output = upload(folder.path(), server, video, more).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", told(&output));
        assert!(told(&output).contains(sentence), "{sentence}: {}", told(&output));
        assert!(output.stdout.is_empty() && begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    }
    assert_eq!(scratch::files_below(folder.path()), ["notes.mp4", "notes.txt"]);
    assert!(within(Duration::from_secs(5), || (server.children("").is_empty()).then_some(())).is_some());
}
