//! Limits of the process: open files, memory. What is beyond waits or is refused, and comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::signal::{Signal, kill};
use tokio::net::TcpStream;

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::program::{Program, within};
use crate::scratch;
use crate::tus_client::noise;

const MIB: usize = 1 << 20;

fn limited(limit: &str, options: &[&str]) -> Program {
    Program::start_by(&["prlimit", limit], Arc::new(scratch::folder("data-")), options)
}

/// Processor time a process has used.
fn cpu(program: &Program) -> Duration {
    let stat = std::fs::read_to_string(program.proc("stat")).unwrap();
    let fields: Vec<u64> = stat.rsplit(") ").next().unwrap().split(' ').map(|f| f.parse().unwrap_or(0)).collect();
    // Times are told in hundredths of a second (`proc_pid_stat(5)`); the first field here is the third one there.
    Duration::from_millis((fields[11] + fields[12]) * 10)
}

/// Bytes of memory in use.
fn resident(program: &Program) -> usize {
    let status = std::fs::read_to_string(program.proc("status")).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn c12_a_server_out_of_files_waits_and_recovers() {
    let program = limited("--nofile=64:64", &[]);
    let client = Client::of(&program.url);
    // The connection that stays.
    client.bytes("/api/health").await;
    let open = || std::fs::read_dir(program.proc("fd")).unwrap().count();
    let mut idle = Vec::new();
    let address = program.url.strip_prefix("http://").unwrap();
    while open() < 64 && idle.len() < 200 {
        idle.push(TcpStream::connect(address).await.unwrap());
        let before = idle.len();
        within(Duration::from_millis(50), || (open() >= 64 || before < 20).then_some(()));
    }
    assert_eq!(open(), 64, "{}", program.said());
    let upload = Upload::of(&client, &clips::short());
    let refused = refusal(upload.put(0, upload.chunk(0)).await).await;
    assert_eq!((refused.status, refused.code.as_str()), (503, "TOO_MANY_SESSIONS"), "{}", refused.detail);
    // More wait at the door, and nobody runs in circles meanwhile.
    for _ in 0..20 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    let (before, began) = (cpu(&program), Instant::now());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let share = (cpu(&program) - before).as_secs_f64() / began.elapsed().as_secs_f64();
    assert!(share < 0.5, "{share:.2} of a processor");
    drop(idle);
    // Who comes now is answered after all that waited at the door: from then on descriptors only become fewer.
    Client::of(&program.url).bytes("/api/health").await;
    within(Duration::from_secs(10), || (open() < 40).then_some(())).expect("closed connections are let go");
    assert_eq!(upload.complete().await["total_frames"], 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_sixty_four_uploads_in_little_memory_end_nobody() {
    let program = limited("--as=2147483648", &["--max-running", "2"]);
    let client = Client::of(&program.url);
    let send = async || {
        let upload = Upload::new(&client, noise(4 * MIB), ".mkv", MIB);
        let mut refused = 0;
        for index in 0..upload.total() - 1 {
            loop {
                let answer = upload.put(index, upload.chunk(index)).await;
                if answer.status() == 200 {
                    break;
                }
                let told = refusal(answer).await;
                assert_eq!(told.status, 503, "{}", told.detail);
                refused += 1;
                assert!(refused < 1000, "nothing is taken any more");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        upload
    };
    let uploads = join_all((0..64).map(|_| send())).await;
    for upload in &uploads {
        assert_eq!(client.delete(&upload.id).await.status(), 204);
    }
    assert!(!program.said().contains("panicked"), "{}", program.said());
    assert_eq!(Upload::of(&client, &clips::short()).complete().await["total_frames"], 30);
}

/// Memory in use while this much arrives and nobody decodes it: the disk is the queue.
async fn memory_with_a_stalled_analysis(mib: usize) {
    let program = Program::start(&["--stall-timeout", "3600"]);
    let client = Client::of(&program.url);
    let piece = noise(MIB);
    let mut upload = Upload::new(&client, Vec::new(), ".mkv", MIB).with("total_chunks", mib + 1);
    upload.bytes = piece;
    let put = async |index: usize| assert_eq!(upload.put(index, upload.chunk(0)).await.status(), 200);
    // A video to begin with, or FFmpeg would end before it can be stopped.
    let mut head = std::fs::read(clips::matroska()).unwrap();
    head.resize(MIB, 0);
    assert_eq!(upload.put(0, &head).await.status(), 200);
    kill(program.decoder(), Signal::SIGSTOP).unwrap();
    let mut readings = Vec::new();
    for index in 1..mib {
        put(index).await;
        if index % (mib / 16) == 0 {
            readings.push(resident(&program));
        }
    }
    eprintln!("{mib} MiB sent; resident: {:?} MiB", readings.iter().map(|r| r / MIB).collect::<Vec<_>>());
    let growth = readings.iter().max().unwrap() - readings[0];
    assert!(growth < 32 * MIB, "{growth} bytes more");
}

#[tokio::test]
async fn c13_a_stalled_analysis_keeps_memory_flat() {
    memory_with_a_stalled_analysis(256).await;
}

/// `cargo test --test it four_gibibytes -- --ignored --nocapture`
#[tokio::test]
#[ignore = "it writes 4 GiB"]
async fn c13_a_stalled_analysis_keeps_memory_flat_over_four_gibibytes() {
    memory_with_a_stalled_analysis(4096).await;
}
