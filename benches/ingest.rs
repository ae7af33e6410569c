//! How fast chunks are taken, beside what `dd` writes to the same disk: `cargo bench --bench ingest`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panicking")]
#![allow(dead_code, reason = "each bench uses its part of the rig")]

mod rig;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use rig::file::{CHUNK, File};
use rig::line::{Line, Way};
use rig::program::{Program, seconds};
use rig::times::Times;
use tokio::task::JoinSet;

/// Sent in each measurement, shared by its clients.
const CHUNKS: usize = 512;
/// Measurements of each kind, of which the median counts.
const ROUNDS: usize = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = Program::start(&["--max-sessions", "64"]);
    let (cached, synced) = (dd(server.path(), &[]), dd(server.path(), &["conv=fdatasync"]));
    println!("{CHUNKS} chunks of 1 MiB in each row; medians of {ROUNDS}");
    println!("dd bs=1M               {cached:6.0} MiB/s");
    println!("dd bs=1M conv=fdatasync{synced:6.0} MiB/s\n");
    println!("| way | clients | chunks/s | MB/s | p50 ms | p99 ms | of dd | of dd with fdatasync |");
    println!("|---|---|---|---|---|---|---|---|");
    for way in [Way::Raw, Way::Multipart] {
        for clients in [1, 8, 64] {
            let mut rounds = Vec::new();
            for round in 0..ROUNDS {
                rounds.push(ingest(&server, way, clients, round).await);
            }
            rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (rate, times) = &mut rounds[ROUNDS / 2];
            let (p50, p99) = (times.percentile(50), times.percentile(99));
            let megabytes = *rate * CHUNK as f64 / 1e6;
            println!(
                "| {way:?} | {clients} | {rate:.0} | {megabytes:.0} | {p50:.1} | {p99:.1} | {:.2} | {:.2} |",
                *rate / cached,
                *rate / synced
            );
        }
    }
}

/// Chunks a second in sum, and what each took.
async fn ingest(server: &Program, way: Way, clients: usize, round: usize) -> (f64, Times) {
    let file = Arc::new(File::of(CHUNKS / clients));
    let address = server.address;
    let name = move |client: usize| format!("{way:?}-{clients}-{round}-{client}");
    let (took, times) = seconds(async {
        let mut sending = JoinSet::new();
        for client in 0..clients {
            let file = Arc::clone(&file);
            sending.spawn(async move {
                let (mut line, mut times) = (Line::to(address).await.unwrap(), Times::default());
                for index in 0..file.chunks {
                    let began = Instant::now();
                    let answer = line.send(way, &name(client), index, file.chunks, file.chunk(index)).await.unwrap();
                    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
                    times.add(began.elapsed());
                }
                times
            });
        }
        let mut all = Times::default();
        while let Some(times) = sending.join_next().await {
            all.extend(times.unwrap());
        }
        all
    })
    .await;
    let mut line = Line::to(address).await.unwrap();
    for client in 0..clients {
        assert_eq!(line.ask("DELETE", &format!("/api/sessions/{}", name(client))).await.unwrap().status, 204);
    }
    (times.count() as f64 / took, times)
}

/// MiB a second that `dd` writes of the same bytes.
fn dd(folder: &Path, options: &[&str]) -> f64 {
    let (source, target) = (folder.join("source"), folder.join("target"));
    let file = File::of(CHUNKS);
    std::fs::write(&source, (0..CHUNKS).flat_map(|i| file.chunk(i)).copied().collect::<Vec<u8>>()).unwrap();
    let run = || {
        let _ = std::fs::remove_file(&target);
        let began = Instant::now();
        let mut command = Command::new("dd");
        command
            .arg(format!("if={}", source.display()))
            .arg(format!("of={}", target.display()))
            .args(["bs=1M", "status=none"])
            .args(options);
        assert!(command.status().unwrap().success());
        CHUNKS as f64 / began.elapsed().as_secs_f64()
    };
    let mut rates: Vec<f64> = (0..ROUNDS).map(|_| run()).collect();
    rates.sort_by(f64::total_cmp);
    let _ = (std::fs::remove_file(&source), std::fs::remove_file(&target));
    rates[ROUNDS / 2]
}
