//! The load that the server is to hold, line by line: `cargo bench --bench load`. Needs FFmpeg, no models.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panicking")]
#![allow(dead_code, reason = "each bench uses its part of the rig")]

mod rig;

use std::collections::HashMap;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use rig::file::File;
use rig::line::{Answer, Line, Way};
use rig::program::{Program, seconds};
use rig::times::Times;
use tokio::io::AsyncBufReadExt;
use tokio::task::JoinSet;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most.min(65_536), most).unwrap();
    println!("| load | measured | to hold |");
    println!("|---|---|---|");
    throttled_uploads(256).await;
    readers(1000).await;
    resume(32).await;
    drain(8, 50).await;
    overload(16, 5).await;
    soak(Duration::from_secs(30)).await;
}

/// Runs one task for each number and gives what came of them.
async fn each<T: Send + 'static>(count: usize, task: impl Fn(usize) -> std::pin::Pin<Box<dyn Future<Output = T> + Send>>) -> Vec<T> {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        tasks.spawn(task(number));
    }
    tasks.join_all().await
}

/// Uploads of one chunk each, at 256 KiB/s.
async fn throttled_uploads(count: usize) {
    let server = Program::start(&["--max-sessions", &count.to_string()]);
    let (before, address, file) = (server.resident(), server.address, Arc::new(File::of(1)));
    let send = |n: usize| -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> {
        let file = Arc::clone(&file);
        Box::pin(async move {
            let mut line = Line::to(address).await.unwrap();
            line.send_slowly(&format!("throttled-{n}"), file.chunk(0), 32 << 10, Duration::from_millis(125)).await.unwrap()
        })
    };
    let (most, answers) = server.most_resident_during(each(count, send)).await;
    assert!(answers.iter().all(|a| a.status == 200));
    let each = (most - before) / count as f64;
    println!("| {count} throttled uploads | {before:.0} MiB idle, {most:.0} MiB at most, {each:.2} MiB each | 150 MB + 1.5 MiB each |");
}

/// Readers of one session, whose video arrives in small pieces. How long an event takes is counted from its first arrival.
async fn readers(count: usize) {
    let server = Program::start(&[]);
    let (address, video) = (server.address, clip(server.path()));
    let piece = video.len().div_ceil(12);
    let pieces: Vec<_> = video.chunks(piece).collect();
    let mut line = Line::to(address).await.unwrap();
    let total = pieces.len() - 1;
    assert_eq!(line.send(Way::Raw, "read", 0, total, pieces[0]).await.unwrap().status, 200);
    let before = server.resident();
    let arrivals: Arc<Mutex<HashMap<String, Vec<Instant>>>> = Arc::default();
    let mut reading = JoinSet::new();
    for _ in 0..count {
        let mut lines = Line::to(address).await.unwrap().events("read").await.unwrap().lines();
        let arrivals = Arc::clone(&arrivals);
        reading.spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if line.starts_with("id: ") {
                    arrivals.lock().unwrap().entry(line.clone()).or_default().push(Instant::now());
                }
                if line == "event: complete" {
                    return true;
                }
            }
            false
        });
    }
    let sending = async {
        for (index, piece) in pieces.iter().enumerate().skip(1) {
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(line.send(Way::Raw, "read", index, total, piece).await.unwrap().status, 200);
        }
        reading.join_all().await
    };
    let (most, ended) = server.most_resident_during(sending).await;
    assert!(ended.iter().all(|ended| *ended), "every reader gets the end");
    let mut times = Times::default();
    for event in arrivals.lock().unwrap().values() {
        let first = event.iter().min().unwrap();
        event.iter().for_each(|at| times.add(*at - *first));
    }
    let (p99, each) = (times.percentile(99), (most - before) * 1024.0 / count as f64);
    println!(
        "| {count} readers of events | p99 {p99:.0} ms of {}, {each:.0} KiB each with one analysis | p99 < 250 ms, 32 KiB each |",
        times.count()
    );
}

/// From a kill to the answer for every upload.
async fn resume(count: usize) {
    let server = Program::start(&[]);
    half_uploads(&server, count).await;
    let data = Arc::clone(&server.data);
    server.end(Signal::SIGKILL);
    let (took, _server) = seconds(async {
        let server = Program::start_in(data, &[]);
        let mut line = Line::to(server.address).await.unwrap();
        for n in 0..count {
            assert_eq!(line.ask("GET", &format!("/api/uploads/half-{n}")).await.unwrap().status, 200);
        }
        server
    })
    .await;
    println!("| {count} uploads after kill -9 | {took:.2} s | 5 s |");
}

/// From SIGTERM to the end of the process.
async fn drain(uploads: usize, readers: usize) {
    let server = Program::start(&[]);
    half_uploads(&server, uploads).await;
    let mut open = Vec::new();
    for n in 0..readers {
        open.push(Line::to(server.address).await.unwrap().events(&format!("half-{}", n % uploads)).await.unwrap());
    }
    let began = Instant::now();
    let status = server.end(Signal::SIGTERM);
    println!("| end with {uploads} uploads and {readers} readers | {:.2} s, {status} | 10 s |", began.elapsed().as_secs_f64());
}

async fn half_uploads(server: &Program, count: usize) {
    let (mut line, file) = (Line::to(server.address).await.unwrap(), File::of(4));
    for n in 0..count {
        for index in 0..2 {
            assert_eq!(line.send(Way::Raw, &format!("half-{n}"), index, file.chunks, file.chunk(index)).await.unwrap().status, 200);
        }
    }
}

/// So many times more uploads than there are places.
async fn overload(places: usize, times: usize) {
    let server = Program::start(&["--max-sessions", &places.to_string()]);
    let (address, file) = (server.address, Arc::new(File::of(1)));
    let send = |n: usize| -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send>> {
        let file = Arc::clone(&file);
        Box::pin(async move { Line::to(address).await.unwrap().send(Way::Raw, &format!("over-{n}"), 0, 1, file.chunk(0)).await.unwrap() })
    };
    let answers = each(places * times, send).await;
    let taken = answers.iter().filter(|a| a.status == 200).count();
    let refused = answers.iter().filter(|a| matches!(a.status, 429 | 503) && a.retry_after).count();
    println!(
        "| {} uploads for {places} places | {taken} taken, {refused} refused with Retry-After, {} others | clean refusals alone |",
        answers.len(),
        answers.len() - taken - refused
    );
}

/// Uploads that come and go.
async fn soak(time: Duration) {
    let server = Program::start(&[]);
    let (address, file) = (server.address, Arc::new(File::of(4)));
    let round = |round: usize| {
        let file = Arc::clone(&file);
        each(8, move |n| -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
            let file = Arc::clone(&file);
            Box::pin(async move {
                let (mut line, id) = (Line::to(address).await.unwrap(), format!("soak-{round}-{n}"));
                for index in 0..file.chunks {
                    assert_eq!(line.send(Way::Raw, &id, index, file.chunks, file.chunk(index)).await.unwrap().status, 200);
                }
                assert_eq!(line.ask("DELETE", &format!("/api/sessions/{id}")).await.unwrap().status, 204);
            })
        })
    };
    let state = || (server.resident(), server.descriptors(), server.threads());
    let mut rounds = 0;
    // Buffers and threads that are kept for reuse are there after the first rounds.
    let mut run_until = async |end: Instant| {
        while Instant::now() < end {
            round(rounds).await;
            rounds += 1;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    run_until(Instant::now() + time / 3).await;
    let before = state();
    run_until(Instant::now() + time).await;
    let after = state();
    let slope = (after.0 - before.0) / time.as_secs_f64() * 60.0;
    println!(
        "| {} uploads come and go in {} s | {slope:+.2} MiB a minute; descriptors {} to {}, threads {} to {} | < 1 MiB a minute, back to where they began |",
        rounds * 8,
        time.as_secs(),
        before.1,
        after.1,
        before.2,
        after.2
    );
}

/// Ten seconds of video that can be decoded while it arrives.
fn clip(folder: &std::path::Path) -> Vec<u8> {
    let sightline::config::Command::Doctor(engine) = sightline::config::Cli::parse_from(["sightline", "doctor"]).command else {
        unreachable!("doctor was asked for")
    };
    let (ffmpeg, file) = (sightline::installation::ffmpeg(&engine).expect("FFmpeg is there"), folder.join("clip.mp4"));
    let made = Command::new(ffmpeg.path())
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30:duration=10"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-movflags", "+faststart"])
        .arg(&file)
        .status();
    assert!(made.unwrap().success());
    std::fs::read(file).unwrap()
}
