//! The commands that need no server.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::program::within;
use crate::scratch::{self, files_below};
use crate::{clips, frame_times};

/// The program, to be run in a folder of its own.
pub fn sightline(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sightline"));
    // What is found from the package's folder is named for the one it runs in.
    command.env("SIGHTLINE_FFMPEG", clips::ffmpeg()).env("SIGHTLINE_MODELS_DIR", clips::engine_args().models_dir);
    command.current_dir(folder).args(args);
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    sightline(folder, args).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_video_is_analysed_into_the_files_that_are_named() {
    let folder = scratch::folder("cli-");
    let clip = clips::faststart();
    let clip = clip.to_str().unwrap();
    let output = run(folder.path(), &["analyze", clip, "-o", "out.mp4", "--jsonl", "r.jsonl", "--csv", "r.csv", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&report["frames"], &report["output"], &report["results"]), (&clips::FRAMES.into(), &"out.mp4".into(), &"r.jsonl".into()));
    for number in ["duration_seconds", "processing_seconds", "fps", "cpu_seconds", "peak_memory_mb"] {
        assert!(report[number].as_f64().is_some_and(|n| n > 0.0), "{number} in {report}");
    }
    assert!(report["detections"].is_object() && report["poses"].is_u64() && report["warnings"].is_array());
    assert!(report["models"]["detector"].is_string() && report["models"]["pose"].is_string());
    assert!(report["encoder"]["preset"].is_string() && report["encoder"]["crf"].is_u64());
    assert_eq!(files_below(folder.path()), ["out.mp4", "r.csv", "r.jsonl"]);
    frame_times::assert_same(&frame_times::of(&folder.path().join("out.mp4")), &frame_times::of(&clips::faststart()));
    let lines = std::fs::read_to_string(folder.path().join("r.jsonl")).unwrap();
    assert_eq!(lines.lines().count() as u64, 1 + clips::FRAMES);
}

#[test]
fn zones_come_from_a_file_or_as_they_are() {
    let folder = scratch::folder("cli-");
    let clip = clips::short();
    let clip = clip.to_str().unwrap();
    let plan = r#"{"lines":[{"name":"gate","points":[[0,0.5],[1,0.5]]}]}"#;
    std::fs::write(folder.path().join("plan.json"), plan).unwrap();
    for zones in [plan, "plan.json"] {
        let args =
            ["analyze", clip, "--no-video", "--pose", "none", "--detector", "yolox-nano", "--results-dir", "r", "--json", "--zones", zones];
        let output = run(folder.path(), &args);
        assert!(output.status.success(), "{}", stderr(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&report["lines"][0]["name"], &report["lines"][0]["in"]), (&"gate".into(), &0.into()));
        assert_eq!(std::fs::read_to_string(folder.path().join("r/short.zones.csv")).unwrap(), "time,event,place,track_id,label,dwell\n");
        std::fs::remove_dir_all(folder.path().join("r")).unwrap();
    }
    for wrong in ["nowhere.json", r#"{"lines":[{"points":[[0,0.5]]}]}"#] {
        let output = run(folder.path(), &["analyze", clip, "--no-video", "--zones", wrong]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    }
}

#[test]
fn models_and_the_video_can_be_left_out() {
    let folder = scratch::folder("cli-");
    let clip = clips::short();
    let clip = clip.to_str().unwrap();
    let output = run(folder.path(), &["analyze", clip, "--no-video", "--detector", "none", "--pose", "none", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["output"], &report["models"]["detector"], &report["models"]["pose"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(files_below(folder.path()), [""; 0]);
    let output = run(folder.path(), &["analyze", clip, "--detector", "none", "--pose", "none"]);
    assert!(output.status.success() && output.stdout.is_empty(), "stdout is for data");
    assert_eq!(files_below(folder.path()), ["short.annotated.mp4"]);
}

#[test]
fn wrong_usage_is_told_apart_from_failure() {
    let folder = scratch::folder("cli-");
    let clip = clips::short();
    let clip = clip.to_str().unwrap();
    let wrong: [&[&str]; 8] = [
        &["analyze"],
        &["analyse", clip],
        &["analyze", clip, "--confidence", "2"],
        &["analyze", clip, "--max-poses", "many"],
        &["analyze", clip, "--no-video", "-o", "x.mp4"],
        &["analyze", clip, clip, "-o", "x.mp4"],
        &["serve", "--port", "70000"],
        &["doctor", "--log", "a=b=c"],
    ];
    for args in wrong {
        let output = run(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty() && !stderr(&output).is_empty());
    }
    assert_eq!(files_below(folder.path()), [""; 0]);
}

#[test]
fn a_file_that_is_no_video_fails_with_a_sentence_and_leaves_what_was_there() {
    let folder = scratch::folder("cli-");
    std::fs::write(folder.path().join("notes.txt"), "This is no video. ".repeat(100)).unwrap();
    for earlier in ["out.mp4", "r.jsonl", "r.csv"] {
        std::fs::write(folder.path().join(earlier), "an earlier result").unwrap();
    }
    let args =
        ["analyze", "notes.txt", "-o", "out.mp4", "--jsonl", "r.jsonl", "--csv", "r.csv", "--json", "--detector", "none", "--pose", "none"];
    let output = run(folder.path(), &args);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let told = stderr(&output);
    assert!(told.contains("notes.txt") && told.contains("This is not a video file"), "{told}");
    assert_eq!(files_below(folder.path()), ["notes.txt", "out.mp4", "r.csv", "r.jsonl"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("out.mp4")).unwrap(), "an earlier result");
    let missing = run(folder.path(), &["analyze", "nowhere.mp4", "--no-video"]);
    assert!(missing.status.code() == Some(1) && stderr(&missing).contains("nowhere.mp4"), "{}", stderr(&missing));
}

#[test]
fn a_video_is_never_written_over() {
    let folder = scratch::folder("cli-");
    let video = folder.path().join("video.mp4");
    std::fs::copy(clips::short(), &video).unwrap();
    std::os::unix::fs::symlink("video.mp4", folder.path().join("link.mp4")).unwrap();
    for outputs in [["-o", "video.mp4"], ["-o", "link.mp4"], ["--jsonl", "./video.mp4"], ["--csv", "video.mp4"]] {
        let output = run(folder.path(), &[&["analyze", "video.mp4", "--detector", "none", "--pose", "none"][..], &outputs].concat());
        assert_eq!(output.status.code(), Some(2), "{outputs:?}: {}", stderr(&output));
        assert!(std::fs::read(&video).unwrap() == std::fs::read(clips::short()).unwrap(), "{outputs:?}");
    }
    assert_eq!(files_below(folder.path()), ["link.mp4", "video.mp4"]);
}

#[test]
fn an_interrupted_analysis_leaves_nothing_half_written() {
    let folder = scratch::folder("cli-");
    let clip = clips::wide_ntsc();
    let args = ["analyze", clip.to_str().unwrap(), "-o", "out.mp4", "--jsonl", "r.jsonl", "--preset", "veryslow"];
    let mut child = sightline(folder.path(), &args).stderr(Stdio::piped()).spawn().unwrap();
    let begun = within(Duration::from_secs(20), || (!files_below(folder.path()).is_empty()).then_some(()));
    assert!(begun.is_some(), "the analysis begins");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{:?}", files_below(folder.path()));
}

#[test]
fn doctor_and_help_answer() {
    let folder = scratch::folder("cli-");
    let doctor = run(Path::new(env!("CARGO_MANIFEST_DIR")), &["doctor"]);
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.status.success(), "{told}");
    assert!(told.contains("FFmpeg") && told.contains("OpenVINO") && !told.contains("MISSING"), "{told}");
    let help = run(folder.path(), &["--help"]);
    let told = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.status.success() && ["serve", "analyze", "doctor"].iter().all(|c| told.contains(c)), "{told}");
    for command in ["serve", "analyze", "doctor"] {
        assert!(run(folder.path(), &[command, "--help"]).status.success());
    }
}

#[test]
fn the_parts_of_an_analysis_are_measured_and_nothing_is_left_behind() {
    let folder = scratch::folder("cli-");
    let clip = clips::short();
    let words = ["bench", clip.to_str().unwrap(), "--detector", "none", "--pose", "none", "--frames", "7"];
    let output = run(folder.path(), &[&words[..], &["--json"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let parts = report["parts"].as_array().unwrap();
    let rows: Vec<_> = parts.iter().chain([&report["whole"]]).map(|row| (row["part"].as_str().unwrap(), row["frames"].as_u64())).collect();
    assert_eq!(rows, [("decode", Some(30)), ("encode", Some(7)), ("whole", Some(30))], "models were left out");
    let number = |row: &Value, field: &str| row[field].as_f64().unwrap_or_else(|| panic!("{field} in {row}"));
    for row in parts {
        assert!(["fps", "cpu_ms_per_frame", "peak_memory_mb"].iter().all(|field| number(row, field) > 0.0), "{row}");
    }
    let sum: f64 = parts.iter().map(|row| number(row, "cpu_ms_per_frame")).sum();
    assert!((number(&report["limit"], "cpu_ms_per_frame") - sum).abs() < 0.02, "{report}");
    assert_eq!(files_below(folder.path()), Vec::<String>::new());

    let missing = run(folder.path(), &["bench", "nowhere.mp4", "--detector", "none", "--pose", "none"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("could not be opened"), "{}", stderr(&missing));
}
