//! Disks that are full, read-only, broken, or gone. The server gets a small disk of its own, mounted where nobody else sees it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};

use crate::client::{Client, Refusal, Upload, refusal};
use crate::clips;
use crate::program::{Program, within};
use crate::scratch;
use crate::tus_client::{Tus, noise};

const MIB: usize = 1 << 20;

/// A server is ready when it has models.
const WITH_MODELS: [&str; 2] = ["--models-dir", concat!(env!("CARGO_MANIFEST_DIR"), "/models")];

/// A server on a disk of this size, or none and a loud line where nothing can be mounted.
fn on_small_disk(mib: usize, options: &[&str]) -> Option<Program> {
    let mount = "mount -t tmpfs -o size=$1m sightline-test \"$0\"";
    let data = Arc::new(scratch::folder("disk-"));
    let (place, mib) = (data.path().to_str().unwrap().to_owned(), mib.to_string());
    let can = Command::new("unshare").args(["-m", "sh", "-c", mount, &place, &mib]).status();
    if !can.is_ok_and(|s| s.success()) {
        eprintln!("SKIPPED: no disk can be mounted here; that needs root and util-linux");
        return None;
    }
    let script = format!("{mount} && shift && exec \"$@\"");
    let launcher = ["unshare", "-m", "sh", "-c", &script, &place, &mib];
    Some(Program::start_by(&launcher, data, &[&["--min-free-bytes", "0"], options].concat()))
}

/// Takes all that is free on a disk but so many bytes.
fn fill(path: &Path, left: usize) {
    let stats = nix::sys::statvfs::statvfs(path.parent().unwrap()).unwrap();
    let free = stats.blocks_available() as usize * stats.fragment_size() as usize;
    std::fs::write(path, vec![0u8; free.saturating_sub(left)]).unwrap();
}

async fn ready(client: &Client) -> Result<(), Refusal> {
    let answer = client.get("/readyz").send().await.unwrap();
    if answer.status() == 200 { Ok(()) } else { Err(refusal(answer).await) }
}

async fn becomes_ready(client: &Client) {
    let waiting = async {
        while ready(client).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the server becomes ready");
}

async fn put_refused(upload: &Upload, index: usize) -> (u16, String) {
    let refused = refusal(upload.put(index, upload.chunk(index)).await).await;
    (refused.status, refused.code)
}

#[tokio::test]
async fn c08_a_full_disk_is_told_and_what_was_taken_stays_true() {
    let Some(program) = on_small_disk(4, &[]) else { return };
    let client = Client::of(&program.url);
    let bytes = noise(2 * MIB);
    let tus = Tus::create(&client, bytes.len(), &[("filename", "a.mkv")]).await;
    tus.send(0, &bytes[..MIB]).await;
    let chunks = Upload::new(&client, noise(MIB), ".mkv", MIB / 4);
    chunks.send_all([0, 1]).await;
    let filler = program.inner_path("filler");
    fill(&filler, 100_000);
    // The disk fills in the middle of each of these.
    assert_eq!(put_refused(&chunks, 2).await, (507, "DISK_FULL".to_owned()));
    let refused = refusal(tus.patch(MIB).body(bytes[MIB..].to_vec()).send().await.unwrap()).await;
    assert_eq!((refused.status, refused.code.as_str()), (507, "DISK_FULL"));
    let offset = tus.offset().await;
    assert!((MIB..MIB + 100_000).contains(&offset), "{offset}");
    let stored = std::fs::read(program.inner_path("sessions").join(tus.id()).join("source")).unwrap();
    assert!(stored[..offset] == bytes[..offset]);
    let other = Upload::new(&client, noise(MIB), ".mkv", MIB / 4);
    assert_eq!(put_refused(&other, 0).await, (507, "DISK_FULL".to_owned()));
    assert_eq!(client.json(&format!("/api/uploads/{}", chunks.id)).await["received"], serde_json::json!([[0, 1]]));
    // Others live on: what is deleted makes room for them.
    assert_eq!(client.delete(tus.id()).await.status(), 204);
    chunks.send_all([2, 3]).await;
    std::fs::remove_file(filler).unwrap();
    other.send_all(0..4).await;
}

#[tokio::test]
async fn c08_a_disk_that_fills_under_the_annotated_video_is_told_by_the_events() {
    let Some(program) = on_small_disk(32, &["--stall-timeout", "600", "--crf", "0"]) else { return };
    let client = Client::of(&program.url);
    let upload = Upload::of(&client, &clips::large());
    upload.send(0).await;
    let events = upload.events().await;
    // Nothing is encoded before the disk is full.
    let decoder = program.decoder();
    kill(decoder, Signal::SIGSTOP).unwrap();
    upload.send_all(1..upload.total()).await;
    let living = Upload::of(&client, &clips::short());
    living.send(0).await;
    fill(&program.inner_path("filler"), 200_000);
    kill(decoder, Signal::SIGCONT).unwrap();
    let end = events.end().await;
    assert_eq!(end.code(), "DISK_FULL", "{end:?}\n{}", program.said());
    // Its upload made room: the other one ends well, beside the file that fills the disk.
    living.send_all(1..living.total()).await;
    assert_eq!(living.completion().await["total_frames"], 30);
}

#[tokio::test]
async fn c10_a_disk_that_turns_read_only_is_told_until_it_can_be_written_again() {
    let Some(program) = on_small_disk(512, &WITH_MODELS) else { return };
    let client = Client::of(&program.url);
    becomes_ready(&client).await;
    let done = Upload::of(&client, &clips::short());
    done.complete().await;
    client.delete(&done.id).await;
    let remount = |how: &str| {
        let target = ["-t", &program.id().to_string(), "-m", "mount", "-o", how].map(str::to_owned);
        let mut command = Command::new("nsenter");
        command.args(target).arg(program.data().path());
        // A file that was open for writing is closed a moment after its session's end.
        within(Duration::from_secs(5), || command.status().unwrap().success().then_some(())).expect(how);
    };
    remount("remount,ro");
    let upload = Upload::of(&client, &clips::short());
    assert_eq!(put_refused(&upload, 0).await, (503, "NOT_READY".to_owned()));
    let refused = ready(&client).await.unwrap_err();
    assert!(refused.detail.contains("ead-only"), "{}", refused.detail);
    remount("remount,rw");
    becomes_ready(&client).await;
    assert_eq!(upload.complete().await["total_frames"], 30);
}

#[tokio::test]
async fn c10_files_that_cannot_be_removed_are_told_and_tried_again() {
    let namespace = ["unshare", "-m", "--propagation", "private"];
    if !Command::new(namespace[0]).args(&namespace[1..]).arg("true").status().is_ok_and(|s| s.success()) {
        eprintln!("SKIPPED: nothing can be mounted here; that needs root and util-linux");
        return;
    }
    let mut program = Program::start_by(&namespace, Arc::new(scratch::folder("data-")), &["--reaper-step", "1"]);
    let client = Client::of(&program.url);
    let uploads = [(); 2].map(|()| Upload::new(&client, noise(MIB), ".mkv", MIB / 4));
    let folder = |upload: &Upload| program.path("sessions").join(&upload.id);
    // A folder on which another disk is mounted cannot be removed.
    let within_it = |command: &str, upload: &Upload| {
        let target = ["-t", &program.id().to_string(), "-m", "sh", "-c", command].map(str::to_owned);
        assert!(Command::new("nsenter").args(target).arg(folder(upload).join("disk")).status().unwrap().success(), "{command}");
    };
    for upload in &uploads {
        upload.send(0).await;
        within_it("mkdir $0 && mount -t tmpfs sightline-test $0", upload);
        let refused = refusal(client.delete(&upload.id).await).await;
        assert_eq!((refused.status, refused.code.as_str()), (500, "NOT_REMOVED"), "{}", refused.detail);
        assert_eq!(put_refused(upload, 1).await, (410, "SESSION_DELETED".to_owned()));
        assert_eq!(put_refused(upload, 0).await, (503, "NOT_READY".to_owned()), "its name is not free yet");
    }
    within_it("umount $0", &uploads[0]);
    let removed = || (!folder(&uploads[0]).exists()).then_some(());
    within(Duration::from_secs(30), removed).expect("the server tries again");
    // Its folder is gone a moment before its name is free.
    let taken = async {
        loop {
            let answer = uploads[0].put(0, uploads[0].chunk(0)).await;
            if answer.status() == 200 {
                return;
            }
            assert_eq!(refusal(answer).await.code, "NOT_READY");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), taken).await.expect("its name is free again");
    // The other one's mount goes with the process.
    program.signal(Signal::SIGKILL);
    program.wait(Duration::from_secs(5));
    let next = Program::start_in(Arc::clone(program.data()), &[]);
    let client = Client::of(&next.url);
    assert_eq!(client.json("/api/sessions").await["total"], 1, "what was deleted does not come back");
    assert!(!next.path("sessions").join(&uploads[1].id).exists());
}

#[tokio::test]
async fn c10_writes_that_fail_are_told_once_and_can_be_repeated() {
    if !Path::new("/usr/lib/fiu/fiu_posix_preload.so").exists() {
        eprintln!("SKIPPED: libfiu, which makes writes fail, is not on this machine");
        return;
    }
    // One write in five to a place in a file fails with EIO (5).
    let failing = ["fiu-run", "-x", "-c", "enable_random name=posix/io/rw/pwrite,probability=0.2,failinfo=5"];
    let program = Program::start_by(&failing, Arc::new(scratch::folder("data-")), &[]);
    let client = Client::of(&program.url);
    let upload = Upload::new(&client, noise(MIB), ".mkv", MIB / 32);
    let mut failed = 0;
    for index in 0..upload.total() - 1 {
        while upload.put(index, upload.chunk(index)).await.status() != 200 {
            failed += 1;
            assert!(failed < 1000, "{}", program.said());
        }
    }
    assert!(failed > 0, "no write failed");
    let received = client.json(&format!("/api/uploads/{}", upload.id)).await["received"].clone();
    assert_eq!(received, serde_json::json!([[0, upload.total() - 2]]));
    let stored = std::fs::read(program.path("sessions").join(&upload.id).join("source")).unwrap();
    assert!(stored == upload.bytes[..stored.len()] && !program.said().contains("panicked"));
}

#[tokio::test]
async fn c14_an_upload_folder_that_is_gone_is_told_until_it_is_back() {
    let program = Program::start(&WITH_MODELS);
    let client = Client::of(&program.url);
    becomes_ready(&client).await;
    let begun = Upload::of(&client, &clips::faststart());
    begun.send(0).await;
    let sessions = program.path("sessions");
    let gone = || std::fs::remove_dir_all(&sessions).unwrap();
    let a_file_instead = || std::fs::write(&sessions, "").unwrap();
    for (harm, named) in [(&gone as &dyn Fn(), "No such file"), (&a_file_instead, "not a directory")] {
        harm();
        let refused = ready(&client).await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (503, "NOT_READY"));
        assert!(refused.detail.contains(named), "{}", refused.detail);
        for upload in [&begun, &Upload::of(&client, &clips::short())] {
            assert_eq!(put_refused(upload, 1).await, (503, "NOT_READY".to_owned()));
        }
    }
    std::fs::remove_file(&sessions).unwrap();
    std::fs::create_dir(&sessions).unwrap();
    becomes_ready(&client).await;
    // Bytes that would go into a file that nobody can find again are not taken.
    assert_eq!(put_refused(&begun, 1).await, (410, "SESSION_LOST".to_owned()));
    assert_eq!(Upload::of(&client, &clips::short()).complete().await["total_frames"], 30);
    assert!(!program.said().contains("panicked"), "{}", program.said());
}
