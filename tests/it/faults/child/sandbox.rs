//! What a child cannot reach, even one that a video has taken over.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use sightline::media::ffmpeg::Ffmpeg;
use sightline::media::sandbox::Sandbox;

use super::fake::FakeFfmpeg;
use crate::client::{Client, Upload};
use crate::clips;
use crate::program::Program;
use crate::scratch;
use crate::server::Server;

/// Whether this kernel confines children; said loudly where it does not.
fn confines() -> bool {
    let sandbox = Ffmpeg::probe(clips::ffmpeg()).unwrap().sandbox();
    if sandbox != Sandbox::Landlock {
        eprintln!("SKIPPED: nothing confines FFmpeg here: {sandbox:?}");
    }
    sandbox == Sandbox::Landlock
}

/// Does what a decoder that was taken over would try, tells on stderr what it got, and decodes.
const INTRUDER: &str = r#"
cat "$(cat "$here/secret")" > /dev/null && echo '[error] READ another session' >&2
cat /etc/passwd > /dev/null && echo '[error] READ passwd' >&2
cat "/proc/$PPID/environ" > /dev/null && echo '[error] READ environ' >&2
(echo x > "$here/written") && echo '[error] WROTE a file' >&2
(echo x >> "$(cat "$here/secret")") && echo '[error] WROTE another session' >&2
kill -0 $PPID && echo '[error] SIGNALLED the server' >&2
"$real" -nostdin -v error -f mpegts -i "tcp://127.0.0.1:$(cat "$here/port")?timeout=1000000" -f null - < /dev/null && echo '[error] CONNECTED' >&2
[ "$(head -c 6 /dev/urandom | wc -c)" = 6 ] || echo '[error] no random numbers' >&2
exec "$real" "$@"
"#;

#[tokio::test]
async fn sandbox_a_decoder_that_was_taken_over_reaches_nothing_and_the_job_is_done() {
    if !confines() {
        return;
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let fake = FakeFfmpeg::decoding(INTRUDER);
    let program = Program::start(&fake.options().each_ref().map(String::as_str));
    let client = Client::of(&program.url);
    // Another session, whose bytes lie beside those of the intruder's.
    let other = Upload::of(&client, &clips::index_last());
    other.send_all(0..4).await;
    let theirs = program.files("sessions").into_iter().find(|f| f.contains(&other.id)).unwrap();
    let theirs = program.path("sessions").join(theirs);
    let before = std::fs::read(&theirs).unwrap();
    std::fs::write(fake.folder().join("secret"), theirs.to_str().unwrap()).unwrap();
    std::fs::write(fake.folder().join("port"), listener.local_addr().unwrap().port().to_string()).unwrap();
    let complete = Upload::of(&client, &clips::faststart()).complete().await;
    assert_eq!(complete["total_frames"], clips::FRAMES);
    // What the intruder got, it told as errors, and errors are warnings of the result.
    assert_eq!(complete["warnings"], serde_json::json!([]));
    assert!(!fake.folder().join("written").exists());
    assert_eq!(std::fs::read(&theirs).unwrap(), before);
    assert!(listener.accept().is_err(), "it connected");
}

#[tokio::test]
async fn sandbox_without_a_sandbox_the_intruder_would_be_seen() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let fake = FakeFfmpeg::decoding(INTRUDER);
    std::fs::write(fake.folder().join("secret"), fake.path().to_str().unwrap()).unwrap();
    std::fs::write(fake.folder().join("port"), listener.local_addr().unwrap().port().to_string()).unwrap();
    let output = std::process::Command::new(fake.path()).args(["-i", "none", "-f", "image2pipe"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    for deed in ["READ another", "READ passwd", "WROTE a file", "SIGNALLED"] {
        assert!(told.contains(deed), "{deed}: {told}");
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_ok(), "it connects");
}

#[tokio::test]
async fn sandbox_every_way_of_working_works_inside_the_sandbox() {
    let client = Client::of(Server::shared().url());
    // As a stream, from the whole file (its index is wrong for streaming), with sound that is encoded anew.
    for clip in [clips::faststart(), clips::index_last(), clips::matroska(), clips::avi()] {
        let complete = Upload::of(&client, &clip).complete().await;
        assert_eq!(complete["total_frames"], clips::FRAMES, "{clip:?}");
        assert!(complete["audio"] == "copied" || complete["audio"] == "transcoded", "{complete}");
        assert_eq!(complete["warnings"], serde_json::json!([]), "{clip:?}");
    }
}

#[tokio::test]
async fn sandbox_readiness_says_what_confines_ffmpeg() {
    let client = Client::of(Server::shared().url());
    let ready = async || {
        loop {
            let response = client.get("/readyz").send().await.unwrap();
            if response.status() == 200 {
                return response.json::<serde_json::Value>().await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ready = tokio::time::timeout(Duration::from_secs(60), ready()).await.expect("the models load");
    assert_eq!(ready["sandbox"], if confines() { "landlock" } else { "none" });
}

#[test]
fn sandbox_the_command_line_reaches_files_anywhere() {
    let (here, there) = (scratch::folder("here-"), scratch::folder("there-"));
    std::fs::copy(clips::index_last(), there.path().join("a clip.mp4")).unwrap();
    let analyze = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sightline"));
        command.current_dir(here.path()).args(["analyze", "--detector", "none", "--pose", "none", "--models-dir", scratch::no_models()]);
        let output = command.args(["--ffmpeg", clips::ffmpeg().to_str().unwrap()]).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let video = there.path().join("a clip.mp4");
    let video = video.to_str().unwrap();
    analyze(&[video]);
    assert!(here.path().join("a clip.annotated.mp4").is_file());
    let relative = Path::new("..").join(there.path().file_name().unwrap());
    analyze(&[relative.join("a clip.mp4").to_str().unwrap(), "-o", relative.join("out.mp4").to_str().unwrap()]);
    assert_eq!(scratch::files_below(there.path()), ["a clip.mp4", "out.mp4"]);
    assert_eq!(scratch::files_below(here.path()), ["a clip.annotated.mp4"]);
}
