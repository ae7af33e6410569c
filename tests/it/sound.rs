//! What becomes of the sound: copied or transcoded, in step with the picture, with all its channels.

use std::path::Path;

use sightline::media::remux::AudioOutcome::{self, Copied, Transcoded};
use sightline::processing::run::Finished;

use crate::clips::run_ffmpeg;
use crate::{analysis, frame_times, scratch};

const FLASH: [&str; 4] = ["-f", "lavfi", "-i", "color=black:s=64x64:r=25:d=2,drawbox=c=white:t=fill:enable='gte(t,1)'"];
/// Silence, and from one second on a tone.
const TONE: &str = "if(gte(t,1),0.8*sin(2000*t),0)";
const HERTZ: usize = 48_000;
/// Lip-sync may suffer by this.
const SYNC_US: i64 = 20_000;

fn tone(channels: &str, hertz: u32, seconds: f64) -> String {
    let each = vec![TONE; if channels == "5.1" { 6 } else { 2 }].join("|");
    format!("aevalsrc='{each}':c={channels}:s={hertz}:d={seconds}")
}

/// When the tone begins after the picture turns white, in microseconds.
fn tone_after_flash(video: &Path) -> i64 {
    let name = video.to_str().unwrap();
    let sizes = ["-vf", "scale=2:2", "-pix_fmt", "gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"];
    let grey = run_ffmpeg(&[&["-i", name, "-map", "0:V:0"][..], &sizes, &frame_times::ALL_IN_USE].concat());
    let white = grey.chunks_exact(4).position(|picture| picture[0] > 128).expect("a flash");
    let hertz = HERTZ.to_string();
    let form = ["-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", &hertz, "-f", "s16le", "-"];
    let sound = run_ffmpeg(&[&["-i", name, "-map", "0:a:0"][..], &form, &frame_times::ALL_IN_USE].concat());
    let loud = sound.chunks_exact(2).position(|s| i16::from_le_bytes([s[0], s[1]]).unsigned_abs() > 6000).expect("a tone");
    let flash = frame_times::decoded(video, &["-map", "0:V:0", "-fps_mode", "passthrough"])[white];
    (loud * 1_000_000 / HERTZ) as i64 - flash
}

fn analysed(folder: &Path, name: &str, sound: &str, codec: &[&str]) -> (std::path::PathBuf, Finished) {
    let source = folder.join(name);
    run_ffmpeg(&[&FLASH[..], &["-f", "lavfi", "-i", sound], codec, &[source.to_str().unwrap()]].concat());
    let finished = analysis::of(&source, Some(&folder.join("out.mp4"))).unwrap();
    (source, finished)
}

#[test]
fn sound_stays_in_step_with_the_picture_in_every_container() {
    let stereo = tone("stereo", 44_100, 2.0);
    let cases: [(&str, &[&str], AudioOutcome); 17] = [
        ("aac.mp4", &["-c:v", "libx264", "-bf", "2", "-c:a", "aac"], Copied),
        ("aac.mkv", &["-c:v", "libx264", "-c:a", "aac"], Copied),
        ("aac.ts", &["-c:v", "libx264", "-c:a", "aac"], Copied),
        ("aac.flv", &["-c:v", "libx264", "-c:a", "aac"], Copied),
        ("opus.webm", &["-c:v", "libvpx", "-c:a", "libopus"], Copied),
        ("mp3.avi", &["-c:v", "mpeg4", "-c:a", "libmp3lame"], Copied),
        ("flac.mkv", &["-c:v", "libx264", "-c:a", "flac"], Copied),
        ("vorbis.webm", &["-c:v", "libvpx", "-c:a", "libvorbis"], Transcoded),
        ("pcm.avi", &["-c:v", "mpeg4", "-c:a", "pcm_s16le"], Transcoded),
        ("pcm.mov", &["-c:v", "libx264", "-c:a", "pcm_s16be"], Transcoded),
        ("wma.wmv", &["-c:v", "wmv2", "-c:a", "wmav2"], Transcoded),
        ("mp2.mpg", &["-c:v", "mpeg2video", "-c:a", "mp2"], Transcoded),
        ("late.mkv", &["-c:v", "libx264", "-af", "asetpts=PTS+0.3/TB", "-c:a", "pcm_s16le"], Transcoded),
        ("late.ts", &["-c:v", "libx264", "-af", "asetpts=PTS+0.3/TB", "-c:a", "aac"], Copied),
        ("early.ts", &["-vf", "trim=start=0.72", "-g", "12", "-c:v", "libx264", "-c:a", "aac"], Copied),
        ("early.mpg", &["-vf", "trim=start=0.72", "-c:v", "mpeg2video", "-c:a", "mp2"], Transcoded),
        ("early.ogv", &["-vf", "trim=start=0.72", "-c:v", "libvpx", "-c:a", "libvorbis"], Transcoded),
    ];
    let folder = scratch::folder("sound-");
    for (name, codec, outcome) in cases {
        let (source, finished) = analysed(folder.path(), name, &stereo, codec);
        assert_eq!(finished.summary.audio, outcome, "{name}");
        let (before, after) = (tone_after_flash(&source), tone_after_flash(&folder.path().join("out.mp4")));
        assert!((before - after).abs() <= SYNC_US, "{name}: the tone came {before} µs after the flash, and comes {after} µs after it");
    }
}

#[test]
fn a_gap_in_the_picture_stays_a_gap_beside_the_sound() {
    let folder = scratch::folder("sound-");
    let whole = folder.path().join("whole.mkv");
    run_ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x64:r=5:d=20",
        "-f",
        "lavfi",
        "-i",
        "sine=d=20",
        "-c:a",
        "aac",
        whole.to_str().unwrap(),
    ]);
    for name in ["gap.ts", "gap.mkv"] {
        let source = folder.path().join(name);
        let cut = ["-i", whole.to_str().unwrap(), "-vf", "select='lt(t,2)+gte(t,17)'", "-fps_mode", "passthrough", "-c:a", "copy"];
        run_ffmpeg(&[&cut[..], &[source.to_str().unwrap()]].concat());
        let output = folder.path().join("out.mp4");
        analysis::of(&source, Some(&output)).unwrap();
        let times = frame_times::of(&output);
        assert_eq!((times.len(), times[10] / 1000), (25, 17_000), "{name}");
        assert!(frame_times::sound_blocks(&output) > 800, "{name}");
        let keys = ["-skip_frame", "nokey", "-i", output.to_str().unwrap(), "-map", "0:v", "-f", "framecrc", "-"];
        let keys = String::from_utf8(run_ffmpeg(&keys)).unwrap().lines().filter(|l| !l.starts_with('#')).count();
        assert_eq!(keys, 3, "{name}: one at the beginning, one after the gap, one two seconds later");
    }
}

#[test]
fn transcoded_sound_keeps_its_channels_and_takes_a_rate_that_aac_has() {
    let folder = scratch::folder("sound-");
    for (channels, hertz, described) in
        [("5.1", 48_000, "48000 Hz, 5.1"), ("stereo", 37_800, "32000 Hz, stereo"), ("stereo", 192_000, "96000 Hz, stereo")]
    {
        let sound = tone(channels, hertz, 2.0);
        let (_, finished) = analysed(folder.path(), "pcm.mkv", &sound, &["-c:v", "libx264", "-c:a", "pcm_s16le"]);
        assert_eq!(finished.summary.audio, Transcoded, "{channels} at {hertz} Hz");
        let text = described_audio(&folder.path().join("out.mp4"));
        assert!(text.contains("aac") && text.contains(described), "{text}");
    }
}

#[test]
fn sound_that_is_shorter_or_longer_than_the_picture_stays_so() {
    let folder = scratch::folder("sound-");
    for seconds in [1.2, 3.5] {
        let sound = tone("stereo", 48_000, seconds);
        let (_, finished) = analysed(folder.path(), "length.mkv", &sound, &["-c:v", "libx264", "-c:a", "aac"]);
        assert_eq!((finished.summary.total_frames, finished.summary.warnings.len()), (50, 0));
        let blocks = frame_times::sound_blocks(&folder.path().join("out.mp4"));
        let wanted = (seconds * 48_000.0 / 1024.0) as usize;
        assert!(blocks.abs_diff(wanted) <= 2, "{blocks} blocks of sound instead of {wanted}");
    }
}

/// What FFmpeg says of a video's first sound.
fn described_audio(video: &Path) -> String {
    let shown = std::process::Command::new(crate::clips::ffmpeg()).args(["-hide_banner", "-i"]).arg(video).output().unwrap();
    let text = String::from_utf8_lossy(&shown.stderr).into_owned();
    text.lines().find(|line| line.contains("Audio: ")).unwrap_or_default().to_owned()
}
