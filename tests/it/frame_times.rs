//! What FFmpeg itself makes of a video: how many frames, when each is shown, how much sound.

use std::path::Path;

use crate::clips::run_ffmpeg;

/// Presentation times of the first video stream's frames, decoded, in microseconds from the first one on.
pub fn of(video: &Path) -> Vec<i64> {
    let times = decoded(video, &["-map", "0:V:0", "-fps_mode", "passthrough"]);
    times.iter().map(|t| t - times[0]).collect()
}

/// Blocks of sound that can be decoded.
pub fn sound_blocks(video: &Path) -> usize {
    decoded(video, &["-map", "0:a:0?"]).len()
}

/// How long after its sound a video's picture begins, in microseconds; by what is decoded, so without the encoder's
/// priming.
pub fn picture_after_sound(video: &Path) -> i64 {
    let first = |map: &[&str]| decoded(video, map)[0];
    first(&["-map", "0:V:0", "-fps_mode", "passthrough"]) - first(&["-map", "0:a:0"])
}

/// FFmpeg closes gaps beyond this, in containers whose clock it takes to jump.
const GAPS: [&str; 2] = ["-dts_delta_threshold", "21600"];
/// A second output that puts picture and sound into use: such containers begin with the earliest stream in use, so a run with
/// one of them alone would have a clock of its own.
pub const ALL_IN_USE: [&str; 9] = ["-map", "0:V:0?", "-map", "0:a?", "-c", "copy", "-f", "null", "-"];

/// Times on the clock that all streams of the file share.
pub fn decoded(video: &Path, map: &[&str]) -> Vec<i64> {
    let input = [&GAPS[..], &["-i", video.to_str().unwrap()]].concat();
    let told = ["-enc_time_base", "1:1000000", "-f", "framecrc", "-"];
    let text = String::from_utf8(run_ffmpeg(&[&input[..], map, &told, &ALL_IN_USE].concat())).unwrap();
    let (num, den) = text.lines().find_map(|l| l.strip_prefix("#tb 0: ")?.split_once('/')).expect("a time base");
    let (num, den): (i64, i64) = (num.trim().parse().unwrap(), den.trim().parse().unwrap());
    let rows = text.lines().filter(|l| !l.starts_with('#'));
    rows.map(|row| row.split(',').nth(2).unwrap().trim().parse::<i64>().unwrap() * num * 1_000_000 / den).collect()
}

/// What keeps these from being the same frames, shown at the same times within a millisecond.
pub fn difference(output: &[i64], source: &[i64]) -> Option<String> {
    if output.len() != source.len() {
        return Some(format!("{} frames instead of {}", output.len(), source.len()));
    }
    let (index, (a, b)) = output.iter().zip(source).enumerate().find(|(_, (a, b))| (*a - *b).abs() > 1000)?;
    Some(format!("frame {index} is shown at {a} µs, in the source at {b} µs"))
}

/// Both have the same frames, shown at the same times within a millisecond.
pub fn assert_same(output: &[i64], source: &[i64]) {
    assert_eq!(difference(output, source), None);
}
