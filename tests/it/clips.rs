//! Videos to analyse: made once a process with FFmpeg, or taken from the shared data where that is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use clap::Parser;
use sightline::config::{Cli, Command as Subcommand, EngineArgs};
use sightline::installation;

use crate::scratch;

/// Frames of the clips that say no other number.
pub const FRAMES: u64 = 120;

/// The installation as the program itself finds it.
pub fn engine_args() -> EngineArgs {
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/models");
    match Cli::parse_from(["sightline", "doctor", "--models-dir", models]).command {
        Subcommand::Doctor(args) => args,
        _ => unreachable!("doctor was asked for"),
    }
}

pub fn ffmpeg() -> &'static Path {
    static FFMPEG: OnceLock<PathBuf> = OnceLock::new();
    FFMPEG.get_or_init(|| installation::ffmpeg(&engine_args()).expect("scripts/setup brings FFmpeg").path().to_owned())
}

/// Runs FFmpeg and gives its stdout; `args` end with the output.
pub fn run_ffmpeg(args: &[&str]) -> Vec<u8> {
    let output = Command::new(ffmpeg()).args(["-nostdin", "-y", "-loglevel", "error"]).args(args).output().unwrap();
    assert!(output.status.success(), "ffmpeg {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A clip of this name, made by FFmpeg from `args` unless it was made before.
fn made(name: &str, args: &[&str]) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    let path = scratch::root().join(name);
    if !path.exists() {
        let unfinished = scratch::root().join(format!("making-{name}"));
        let mut args = args.to_vec();
        args.push(unfinished.to_str().unwrap());
        run_ffmpeg(&args);
        std::fs::rename(unfinished, &path).unwrap();
    }
    path
}

const PICTURE: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30:duration=4"];
const SOUND: [&str; 4] = ["-f", "lavfi", "-i", "sine=frequency=440:duration=4"];
const H264_AAC: [&str; 8] = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-c:a", "aac"];

/// 120 frames with sound, its index in front: it can be decoded while it arrives.
pub fn faststart() -> PathBuf {
    made("faststart.mp4", &[&PICTURE[..], &SOUND, &H264_AAC, &["-movflags", "+faststart"]].concat())
}

/// The same with its index behind the frames, as cameras write it.
pub fn index_last() -> PathBuf {
    made("index_last.mp4", &[&PICTURE[..], &SOUND, &H264_AAC].concat())
}

pub fn matroska() -> PathBuf {
    made("clip.mkv", &[&PICTURE[..], &SOUND, &H264_AAC].concat())
}

/// 30 frames without sound, a small file.
pub fn short() -> PathBuf {
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30:duration=1"];
    made("short.mp4", &[&picture[..], &["-c:v", "libx264", "-preset", "ultrafast", "-movflags", "+faststart"]].concat())
}

/// A steady 30000/1001, and a width that previews must be scaled down from.
pub fn wide_ntsc() -> PathBuf {
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30000/1001:duration=1"];
    made("wide_ntsc.mp4", &[&picture[..], &["-c:v", "libx264", "-preset", "ultrafast", "-movflags", "+faststart"]].concat())
}

/// Steps of 1/30 s and 3/30 s in turn.
pub fn variable_rate() -> PathBuf {
    let steps = ["-vf", "select='not(eq(mod(n,4),1)+eq(mod(n,4),2))'", "-fps_mode", "passthrough"];
    made("variable.mp4", &[&PICTURE[..], &steps, &["-c:v", "libx264", "-preset", "ultrafast", "-movflags", "+faststart"]].concat())
}

/// Noise, so that a few frames are a few megabytes.
pub fn large() -> PathBuf {
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30:duration=4,noise=alls=80:allf=t"];
    made("large.mp4", &[&picture[..], &["-c:v", "libx264", "-preset", "ultrafast", "-movflags", "+faststart"]].concat())
}

/// 240 frames of noise with the index behind them: more chunks than go up at once.
pub fn large_index_last() -> PathBuf {
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30:duration=8,noise=alls=80:allf=t"];
    made("large_index_last.mp4", &[&picture[..], &["-c:v", "libx264", "-preset", "ultrafast"]].concat())
}

pub fn avi() -> PathBuf {
    made("clip.avi", &[&PICTURE[..], &SOUND, &["-c:v", "mpeg4", "-q:v", "4", "-c:a", "pcm_s16le"]].concat())
}

pub const HUNDRED_MEGABYTES_FRAMES: u64 = 170;

/// Pictures as they are, without any compression, and the index behind them.
pub fn hundred_megabytes() -> PathBuf {
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=640x480:rate=30", "-frames:v", "170"];
    made("hundred_megabytes.mov", &[&picture[..], &["-c:v", "rawvideo", "-pix_fmt", "uyvy422"]].concat())
}

/// Begins in the middle of a group of pictures: an edit list hides those before.
pub fn edit_list() -> PathBuf {
    let source = index_last();
    made("edit_list.mp4", &["-ss", "0.5", "-i", source.to_str().unwrap(), "-c", "copy"])
}

/// With B-frames, which an edit list moves back to time 0.
pub fn reordered() -> PathBuf {
    made("reordered.mp4", &[&PICTURE[..], &SOUND, &["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-c:a", "aac"]].concat())
}

/// In fragments, as a recorder writes that may be switched off at any time.
pub fn fragmented() -> PathBuf {
    made("fragmented.mp4", &[&PICTURE[..], &SOUND, &H264_AAC, &["-movflags", "+frag_keyframe+empty_moov"]].concat())
}

/// As a browser's MediaRecorder writes it: no length, no index.
pub fn recorded() -> PathBuf {
    let codec = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-g", "30", "-c:a", "libopus"];
    made("recorded.webm", &[&PICTURE[..], &SOUND, &codec, &["-f", "webm", "-live", "1"]].concat())
}

/// Frames of the clips of thirty megabytes.
pub const LARGE_FRAMES: u64 = 136;

/// Raw pictures, their index behind them.
pub fn thirty_megabytes(ending: &str) -> PathBuf {
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30", "-frames:v", "136"];
    // MP4 knows no raw RGB; lossless H.264 of noise is as large.
    let codec: &[&str] = match ending {
        "mov" => &["-c:v", "rawvideo", "-pix_fmt", "rgb24"],
        _ => &["-vf", "noise=alls=100:allf=t,format=yuv444p", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "0"],
    };
    made(&format!("thirty_megabytes.{ending}"), &[&picture[..], codec].concat())
}

/// 300 pictures of 8192x8192: one, repeated.
pub fn pixel_bomb() -> PathBuf {
    let picture = ["-f", "lavfi", "-i", "color=black:size=8192x8192", "-frames:v", "1"];
    let one = made("huge_picture.mp4", &[&picture[..], &["-c:v", "libx264", "-preset", "superfast"]].concat());
    let input = ["-stream_loop", "299", "-i", one.to_str().unwrap(), "-c", "copy", "-movflags", "+faststart"];
    made("pixel_bomb.mp4", &input)
}

const COVER: [&str; 4] = ["-f", "lavfi", "-i", "color=red:size=64x64:duration=0.04:rate=25"];
const IS_COVER: [&str; 4] = ["-c:v", "png", "-disposition:v", "attached_pic"];

pub fn sound_with_cover() -> PathBuf {
    made("sound_with_cover.mp4", &[&SOUND[..], &COVER, &["-map", "0", "-map", "1", "-c:a", "aac"], &IS_COVER].concat())
}

/// A cover in front of the video.
pub fn cover_first() -> PathBuf {
    let streams = ["-map", "0", "-map", "1", "-c:v:0", "png", "-disposition:v:0", "attached_pic"];
    let codec = ["-c:v:1", "libx264", "-preset", "ultrafast"];
    made("cover_first.mp4", &[&COVER[..], &PICTURE, &streams, &codec].concat())
}

/// A second, larger picture behind the first.
pub fn two_videos() -> PathBuf {
    let second = ["-f", "lavfi", "-i", "testsrc2=size=640x480:rate=30:duration=1", "-map", "0", "-map", "1"];
    made("two_videos.mp4", &[&PICTURE[..], &second, &["-c:v", "libx264", "-preset", "ultrafast"]].concat())
}

pub fn with_subtitles() -> PathBuf {
    let text = scratch::root().join("subtitles.srt");
    std::fs::write(&text, "1\n00:00:00,000 --> 00:00:02,000\nGood morning\n").unwrap();
    let streams = ["-i", text.to_str().unwrap(), "-map", "0", "-map", "1", "-c:s", "mov_text"];
    made("subtitles.mp4", &[&PICTURE[..], &streams, &["-c:v", "libx264", "-preset", "ultrafast"]].concat())
}

/// A track of time codes.
pub fn with_data_track() -> PathBuf {
    made("data_track.mov", &[&PICTURE[..], &SOUND, &H264_AAC, &["-timecode", "01:00:00:00"]].concat())
}

pub fn audio_only() -> PathBuf {
    made("audio_only.mp4", &[&SOUND[..], &["-c:a", "aac"]].concat())
}

/// A file of the shared data, or `None` and a loud line where that folder is not on this machine.
pub fn shared(path: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data"));
    let file = std::env::var_os("SIGHTLINE_SHARED").map_or_else(beside, PathBuf::from).join(path);
    if !file.exists() {
        eprintln!("SKIPPED: {path} of the shared data is not on this machine");
        return None;
    }
    Some(file)
}
