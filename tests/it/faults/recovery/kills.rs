//! Servers that are killed or stopped, and what the next one finds.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::client::{Client, Upload, refusal};
use crate::clips;
use crate::program::{Program, is_alive, within};
use crate::scratch;
use crate::shutdown::futures_body;
use crate::tus_client::{Tus, noise};

const PIECE: usize = 16 * 1024;
const PIECES: usize = 64;

/// A file on its way up, by chunks or by tus, and how much of it was answered for.
enum Sent {
    Chunks { upload: Upload, answered: Vec<usize> },
    Tus { tus: Tus, bytes: Vec<u8>, answered: usize },
}

impl Sent {
    /// Sends pieces, all but the last, until the server goes away.
    async fn send(&mut self) {
        match self {
            Self::Chunks { upload, answered } => {
                // From both ends, so that there are holes.
                for index in (0..PIECES - 1).map(|i| if i % 2 == 0 { i / 2 } else { PIECES - 2 - i / 2 }) {
                    if !answered.contains(&index) {
                        if upload.try_send_quietly(index).await.is_none() {
                            return;
                        }
                        answered.push(index);
                    }
                }
            }
            Self::Tus { tus, bytes, answered } => {
                while *answered < (PIECES - 1) * PIECE {
                    let piece = bytes[*answered..*answered + PIECE].to_vec();
                    match tus.patch(*answered).body(piece).send().await {
                        Ok(answer) if answer.status() == 204 => *answered += PIECE,
                        Ok(answer) => panic!("{answer:?}"),
                        Err(_) => return,
                    }
                }
            }
        }
    }

    /// The same at the next server, which has at least what was answered for.
    async fn at(self, client: &Client) -> Self {
        match self {
            Self::Chunks { upload, answered } => {
                let upload = upload.at(client);
                let missing = upload.missing().await.expect("the server answers");
                assert!(answered.iter().all(|i| !missing.contains(i)), "{} lost some of {answered:?}", upload.id);
                Self::Chunks { answered: (0..PIECES).filter(|i| !missing.contains(i)).collect(), upload }
            }
            Self::Tus { tus, bytes, answered } => {
                let tus = Tus { client: client.clone(), path: tus.path };
                let offset = tus.offset().await;
                assert!(offset >= answered, "{}: {offset} of {answered}", tus.path);
                Self::Tus { tus, bytes, answered: offset }
            }
        }
    }

    /// Its name and what must be on the disk once all but the last piece was sent.
    fn expected(&self) -> (&str, &[u8]) {
        match self {
            Self::Chunks { upload, .. } => (&upload.id, &upload.bytes[..(PIECES - 1) * PIECE]),
            Self::Tus { tus, bytes, .. } => (tus.id(), &bytes[..(PIECES - 1) * PIECE]),
        }
    }
}

/// Fifty uploads, ten at once, each under three kills.
#[tokio::test(flavor = "multi_thread")]
async fn c01_what_was_answered_for_survives_kills_of_fifty_uploads() {
    let mut program = Program::start(&["--max-running", "2"]);
    let data = Arc::clone(program.data());
    let mut random = 88_172_645_463_325_252u64;
    for _ in 0..5 {
        let client = Client::of(&program.url);
        let mut uploads = Vec::new();
        for number in 0..10 {
            let bytes = noise(PIECES * PIECE);
            uploads.push(if number % 2 == 0 {
                let upload = Upload::new(&client, bytes, ".mkv", PIECE);
                upload.send(0).await;
                Sent::Chunks { upload, answered: vec![0] }
            } else {
                Sent::Tus { tus: Tus::create(&client, bytes.len(), &[("filename", "a.mkv")]).await, bytes, answered: 0 }
            });
        }
        for _ in 0..3 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let moment = Duration::from_millis(random % 120);
            let killed = async {
                tokio::time::sleep(moment).await;
                program.signal(Signal::SIGKILL);
            };
            tokio::join!(join_all(uploads.iter_mut().map(Sent::send)), killed);
            program.wait(Duration::from_secs(5));
            program = Program::start_in(Arc::clone(&data), &["--max-running", "2"]);
            let client = Client::of(&program.url);
            uploads = join_all(uploads.into_iter().map(|u| u.at(&client))).await;
        }
        join_all(uploads.iter_mut().map(Sent::send)).await;
        let client = Client::of(&program.url);
        for upload in &uploads {
            let (id, expected) = upload.expected();
            let stored = std::fs::read(program.path("sessions").join(id).join("source")).unwrap();
            assert!(stored == expected, "{id} has other bytes");
            assert_eq!(client.delete(id).await.status(), 204);
        }
    }
    program.assert_nothing_left("all uploads were deleted");
}

#[tokio::test]
async fn c05_an_analysis_that_was_on_is_begun_again_and_told() {
    let mut program = Program::start(&["--stall-timeout", "600"]);
    let client = Client::of(&program.url);
    let upload = Upload::of(&client, &clips::faststart());
    upload.send(0).await;
    kill(program.decoder(), Signal::SIGSTOP).unwrap();
    upload.send_all(1..upload.total()).await;
    assert_eq!(client.json(&format!("/api/sessions/{}", upload.id)).await["state"], "processing");
    program.signal(Signal::SIGKILL);
    program.wait(Duration::from_secs(5));
    let next = Program::start_in(Arc::clone(program.data()), &[]);
    // A reader who comes back gets to the end without another byte being sent.
    assert_eq!(upload.at(&Client::of(&next.url)).events().await.end().await.data["total_frames"], clips::FRAMES);
}

#[tokio::test(flavor = "multi_thread")]
async fn c06_a_busy_server_stops_in_order() {
    let mut program = Program::start(&[]);
    let client = Client::of(&program.url);
    let jobs = [(); 2].map(|()| Upload::of(&client, &clips::faststart()).with("preview_interval", 1));
    for job in &jobs {
        job.send_all(0..job.total() / 2).await;
        job.events().await.wait_for(|e| e.kind == "progress").await;
    }
    let children = program.children("");
    assert!(children.len() >= 4, "two decoders, two encoders");
    let bytes = noise(1 << 20);
    let mut uploads = Vec::new();
    for _ in 0..8 {
        let tus = Tus::create(&client, bytes.len(), &[("filename", "a.mkv")]).await;
        let (body, more) = futures_body();
        let sending = tokio::spawn(tus.patch(0).body(body).send());
        more.send(bytes[..300_000].to_vec()).await.unwrap();
        tus.offset_becomes(300_000).await;
        uploads.push((tus, more, sending));
    }
    let ids: Vec<&str> = jobs.iter().map(|j| j.id.as_str()).chain(uploads.iter().map(|(tus, ..)| tus.id())).collect();
    let mut readers = Vec::new();
    for number in 0..50 {
        readers.push(client.events(ids[number % ids.len()]).await);
    }
    program.signal(Signal::SIGTERM);
    let late = Upload::of(&client, &clips::short());
    let stopping = async {
        // The server without models was not ready before, for another reason.
        while refusal(client.get("/readyz").send().await.unwrap()).await.code != "SHUTTING_DOWN" {}
        let refused = refusal(late.put(0, late.chunk(0)).await).await;
        assert_eq!((refused.status, refused.code.as_str()), (503, "SHUTTING_DOWN"));
    };
    let (ends, ()) = tokio::join!(join_all(readers.into_iter().map(|r| r.end())), stopping);
    assert!(ends.iter().all(|end| end.kind == "retry"), "{ends:?}");
    let mut left = Vec::new();
    for (tus, more, sending) in uploads {
        drop(more);
        // It may be answered or cut off, but not hang.
        let _ = tokio::time::timeout(Duration::from_secs(10), sending).await.expect("the request ends");
        left.push(tus);
    }
    assert_eq!(program.wait(Duration::from_secs(10)).code(), Some(0));
    assert!(!children.into_iter().any(|c| is_alive(Pid::from_raw(c))), "FFmpeg outlives its server");

    // The eight that are taken up first wait for bytes and hold a place each.
    let next = Program::start_in(Arc::clone(program.data()), &["--max-running", "16"]);
    let client = Client::of(&next.url);
    for tus in left {
        let tus = Tus { client: client.clone(), path: tus.path };
        assert_eq!(tus.offset().await, 300_000, "what had come is kept");
    }
    for job in jobs {
        let job = job.at(&client);
        job.send_all(job.total() / 2..job.total()).await;
        assert_eq!(job.completion().await["total_frames"], clips::FRAMES);
    }
}

#[tokio::test]
async fn c04_no_ffmpeg_outlives_a_killed_server() {
    let mut program = Program::start(&[]);
    let client = Client::of(&program.url);
    let done = Upload::of(&client, &clips::short()).complete().await;
    let half = Upload::of(&client, &clips::faststart());
    half.send_all(0..half.total() / 2).await;
    half.events().await.wait_for(|e| e.kind == "progress").await;
    let children: Vec<_> = program.children("").into_iter().map(nix::unistd::Pid::from_raw).collect();
    assert!(children.len() >= 2, "a decoder and an encoder");
    program.signal(Signal::SIGKILL);
    program.wait(Duration::from_secs(1));
    let gone = within(Duration::from_secs(1), || (!children.iter().any(|c| is_alive(*c))).then_some(()));
    assert!(gone.is_some(), "FFmpeg outlives its server");

    let next = Program::start_in(Arc::clone(program.data()), &[]);
    let client = Client::of(&next.url);
    assert!(next.files("results").iter().all(|f| !f.ends_with(".part")), "{:?}", next.files("results"));
    for field in ["download_url", "results_url", "csv_url"] {
        client.bytes(done[field].as_str().unwrap()).await;
    }
}

#[tokio::test]
async fn c03_a_session_that_cannot_be_read_is_told_and_harms_nobody() {
    let mut program = Program::start(&[]);
    let client = Client::of(&program.url);
    let uploads = [(); 3].map(|()| Upload::of(&client, &clips::faststart()));
    for upload in &uploads {
        upload.send(0).await;
    }
    program.signal(Signal::SIGKILL);
    program.wait(Duration::from_secs(1));
    let description = |upload: &Upload| program.path("sessions").join(&upload.id).join("session.json");
    std::fs::write(description(&uploads[0]), "").unwrap();
    std::fs::write(description(&uploads[1]), "{\"version\":99}").unwrap();

    let next = Program::start_in(Arc::clone(program.data()), &[]);
    let client = Client::of(&next.url);
    for upload in &uploads[..2] {
        let refused = refusal(client.get(&format!("/api/uploads/{}", upload.id)).send().await.unwrap()).await;
        assert_eq!((refused.status, refused.code.as_str()), (410, "SESSION_LOST"));
    }
    assert!(client.text("/metrics").await.contains("sightline_sessions_lost 2"));
    let healthy = uploads[2].at(&client);
    healthy.send_all(1..healthy.total()).await;
    assert_eq!(healthy.completion().await["total_frames"], clips::FRAMES);
}

/// Twenty kills at moments that no part of the work can have been prepared for.
#[tokio::test]
async fn c01_killed_at_any_moment_the_result_is_the_same() {
    const KILLS: u64 = 20;
    let mut program = Program::start(&[]);
    let client = Client::of(&program.url);
    let clip = clips::index_last();
    let expected = results_of(&client, &Upload::of(&client, &clip).complete().await).await;
    let data = Arc::clone(program.data());
    let (mut kills, mut random) = (0, 88_172_645_463_325_252u64);
    while kills < KILLS {
        let upload = Upload::of(&client, &clip);
        // Each upload is killed a few times, then ends in peace.
        let mut left = 4.min(KILLS - kills);
        let end = loop {
            let client = Client::of(&program.url);
            let work = finish(upload.at(&client));
            if left == 0 {
                break work.await.expect("nobody disturbs it");
            }
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let moment = Duration::from_millis(random % 900);
            if let Ok(Some(end)) = tokio::time::timeout(moment, work).await {
                break end;
            }
            program.signal(Signal::SIGKILL);
            program.wait(Duration::from_secs(1));
            (kills, left) = (kills + 1, left - 1);
            program = Program::start_in(Arc::clone(&data), &[]);
        };
        let client = Client::of(&program.url);
        let results = results_of(&client, &end).await;
        for (which, (got, expected)) in results.iter().zip(&expected).enumerate() {
            if got != expected {
                std::fs::write(scratch::root().join("got"), got).unwrap();
                std::fs::write(scratch::root().join("expected"), expected).unwrap();
                panic!("file {which} differs after {kills} kills: compare got and expected in {:?}", scratch::root());
            }
        }
    }
    assert!(program.files("results").iter().all(|f| !f.ends_with(".part")));
}

/// Goes on with an upload from where the server has it to its end; none where the server went away.
async fn finish(upload: Upload) -> Option<serde_json::Value> {
    for index in upload.missing().await? {
        upload.try_send_quietly(index).await?;
    }
    upload.completion_or_nothing().await
}

/// The bytes of all three files.
async fn results_of(client: &Client, complete: &serde_json::Value) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for field in ["download_url", "results_url", "csv_url"] {
        files.push(client.bytes(complete[field].as_str().unwrap()).await);
    }
    files
}
