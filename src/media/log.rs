//! Reads what FFmpeg says on stderr (`-loglevel level+info`) while it decodes: the source's streams, each frame's time,
//! and what went wrong.

use super::pixels;
use crate::geometry::Size;
use crate::video::{AudioStream, Pixels, Rational, SourceInfo};

/// What one line told.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Everything known of the source; comes once, before the first frame's time.
    Source(SourceInfo),
    /// A frame's presentation time in microseconds, in the order of the frames; none where the source gives none.
    FrameTime(Option<i64>),
}

/// What went wrong, as far as FFmpeg said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaints {
    /// The input ended in the middle of something.
    pub truncated: bool,
    /// The picture has more pixels than allowed.
    pub oversize: bool,
    /// The file was read, but has no stream of moving pictures.
    pub no_video: bool,
    /// An MP4 without its index.
    pub no_index: bool,
    /// Lines at error level or worse.
    pub errors: u64,
}

/// How FFmpeg begins to tell of a display matrix, since 7.1 and before; a title may hold such words as well.
const TURNS: [&str; 2] = ["Display Matrix: rotation of ", "displaymatrix: rotation of "];

#[derive(Debug, Default)]
pub struct DecodeLog {
    streams: Vec<InputStream>,
    duration_seconds: Option<f64>,
    chosen: Option<usize>,
    in_input: bool,
    time_base: Option<Rational>,
    frame_rate: Option<Rational>,
    told: bool,
    pub complaints: Complaints,
}

#[derive(Debug)]
struct InputStream {
    index: usize,
    video: bool,
    audio: bool,
    default: bool,
    codec: String,
    size: Option<Size>,
    average_fps: Option<f64>,
    rotation: i32,
    pixels: Pixels,
}

impl DecodeLog {
    /// Takes one line and says what is new; a frame's line may bring the source's facts first.
    pub fn line(&mut self, line: &str) -> Vec<Fact> {
        let (level, message) = split_level(line);
        if matches!(level, "error" | "fatal" | "panic") {
            self.complain(message);
            return Vec::new();
        }
        if message.contains("File ended prematurely") || message.contains("partial file") {
            self.complaints.truncated = true;
        }
        let text = message.trim_start();
        if let Some(rest) = text.strip_prefix("n:") {
            return self.frame(rest);
        }
        if let Some(rest) = text.strip_prefix("config in time_base: ") {
            let (base, rate) = rest.split_once(", frame_rate: ").unwrap_or((rest, ""));
            self.time_base = base.trim().parse().ok();
            self.frame_rate = rate.trim().parse::<Rational>().ok().and_then(Rational::known);
        } else if text.starts_with("Input #0") {
            self.in_input = true;
        } else if text.starts_with("Stream mapping:") {
            self.in_input = false;
        } else if self.in_input {
            self.describe_input(text);
        } else if self.chosen.is_none() && text.starts_with("Stream #0:") && text.contains(" -> ") {
            self.chosen = leading_number(&text["Stream #0:".len()..]);
        }
        Vec::new()
    }

    fn complain(&mut self, message: &str) {
        let says = |part: &str| message.contains(part);
        if says("increasing dts to muxer") {
            // About the order in which pictures go into the pipe to us, which has no clock anyway.
            return;
        }
        self.complaints.errors += 1;
        self.complaints.no_index |= says("moov atom not found");
        self.complaints.truncated |= says("partial file") || says("ended prematurely") || says("runcat");
        self.complaints.oversize |= says("exceeds specified max pixel count") || (says("Picture size") && says("is invalid"));
        self.complaints.no_video |= says("matches no streams");
    }

    fn describe_input(&mut self, text: &str) {
        if let Some(rest) = text.strip_prefix("Duration: ") {
            let stamp = rest.split(',').next().unwrap_or_default();
            self.duration_seconds = ffmpeg_sidecar::log_parser::parse_time_str(stamp);
        } else if text.starts_with("Stream #0:") {
            self.streams.extend(input_stream(text));
        } else if let Some(rest) = TURNS.iter().find_map(|words| text.strip_prefix(words))
            && let Some(stream) = self.streams.last_mut()
        {
            let degrees: f64 = rest.split_whitespace().next().and_then(|d| d.parse().ok()).unwrap_or(0.0);
            // FFmpeg names the stored picture's turn, counter-clockwise; the cure is the same turn clockwise.
            stream.rotation = (-degrees.round() as i32).rem_euclid(360);
        } else if let Some(stream) = self.streams.last_mut()
            && pixels::has_alpha_beside(text)
        {
            stream.pixels.alpha = pixels::alpha_beside(&stream.codec);
        }
    }

    fn frame(&mut self, rest: &str) -> Vec<Fact> {
        let Some((_, after)) = rest.split_once("pts:") else { return Vec::new() };
        let ticks: Option<i64> = after.split_whitespace().next().and_then(|t| t.parse().ok());
        let time = ticks.zip(self.time_base).map(|(ticks, base)| base.ticks_to_us(ticks));
        let mut facts = Vec::with_capacity(2);
        if !self.told {
            self.told = true;
            let mut source = self.source();
            // Not every container tells; the first picture does.
            source.pixels.interlaced |= [" i:T", " i:B"].iter().any(|field| after.contains(field));
            facts.push(Fact::Source(source));
        }
        facts.push(Fact::FrameTime(time));
        facts
    }

    /// What is known of the source so far.
    fn source(&self) -> SourceInfo {
        let video = self.streams.iter().find(|s| s.video && self.chosen.is_none_or(|index| s.index == index));
        let audio = self.streams.iter().filter(|s| s.audio);
        let audio = audio.clone().find(|s| s.default).or_else(|| audio.clone().next());
        SourceInfo {
            coded_size: video.and_then(|v| v.size).unwrap_or(Size::new(0, 0)),
            fps: self.frame_rate,
            average_fps: video.and_then(|v| v.average_fps),
            duration_seconds: self.duration_seconds.filter(|d| *d > 0.0),
            codec: video.map(|v| v.codec.clone()).unwrap_or_default(),
            rotation: video.map_or(0, |v| v.rotation),
            pixels: video.map_or_else(Pixels::default, |v| v.pixels),
            audio: audio.map(|a| AudioStream { index: a.index, codec: a.codec.clone() }),
        }
    }
}

/// Splits `[h264 @ 0x5581] [error] no frame!` into `error` and `no frame!`.
pub fn split_level(line: &str) -> (&str, &str) {
    let mut rest = line;
    while let Some(inner) = rest.strip_prefix('[') {
        let Some((tag, after)) = inner.split_once(']') else { break };
        let after = after.strip_prefix(' ').unwrap_or(after);
        if matches!(tag, "panic" | "fatal" | "error" | "warning" | "info" | "verbose" | "debug" | "trace") {
            return (tag, after);
        }
        rest = after;
    }
    ("info", line)
}

/// `Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp, 74 kb/s (default)`
fn input_stream(text: &str) -> Option<InputStream> {
    let rest = text.strip_prefix("Stream #0:")?;
    let index = leading_number(rest)?;
    let (kind, described) = ["Video: ", "Audio: "].into_iter().find_map(|k| rest.split_once(k).map(|(_, d)| (k, d)))?;
    let codec = described.split([' ', ',']).next().unwrap_or_default().to_owned();
    Some(InputStream {
        index,
        video: kind == "Video: " && !described.contains("(attached pic)"),
        audio: kind == "Audio: ",
        default: described.contains("(default)"),
        codec,
        size: described.split([',', ' ']).find_map(parse_size),
        average_fps: described.split(", ").find_map(|part| part.strip_suffix(" fps")?.parse().ok()),
        rotation: 0,
        pixels: pixels::describe(described),
    })
}

fn parse_size(token: &str) -> Option<Size> {
    let (width, height) = token.split_once('x')?;
    let number = |t: &str| if t.starts_with('0') { None } else { t.parse().ok() };
    Some(Size::new(number(width)?, number(height)?))
}

fn leading_number(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FFMPEG_9: &str = "\
[info] Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'pipe:0':
[info]   Duration: 00:00:01.07, start: 0.000000, bitrate: 762 kb/s
[info]   Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(progressive), 1080x720 [SAR 1:1 DAR 3:2], 718 kb/s, 29.97 fps, 29.97 tbr, 30k tbn (default)
[info]     Side data:
[info]       Display Matrix: rotation of -90.00 degrees
[info]   Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp, 74 kb/s, start 0.043991 (default)
[info]   Stream #0:2[0x0]: Video: png, rgb24(pc), 640x480, 90k tbr, 90k tbn (attached pic)
[info] Stream mapping:
[info]   Stream #0:0 -> #0:0 (h264 (native) -> ppm (native))
[Parsed_showinfo_0 @ 0x7f71dc001d00] [info] config in time_base: 1/30000, frame_rate: 30000/1001
[Parsed_showinfo_0 @ 0x7f71dc001d00] [info] config out time_base: 0/0, frame_rate: 0/0
[Parsed_showinfo_0 @ 0x7f71dc001d00] [info] n:   0 pts:      0 pts_time:0       duration:   1001 duration_time:0.0333667 fmt:yuv420p
[info]   Stream #0:0(und): Video: ppm, rgb24, 720x1080, 29.97 fps
[Parsed_showinfo_0 @ 0x7f71dc001d00] [info] n:   1 pts:   1001 pts_time:0.0333667
[Parsed_showinfo_0 @ 0x7f71dc001d00] [info] n:   2 pts: NOPTS pts_time:NOPTS";

    fn facts(text: &str) -> (Vec<Fact>, Complaints) {
        let mut log = DecodeLog::default();
        let facts = text.lines().flat_map(|l| log.line(l)).collect();
        (facts, log.complaints)
    }

    #[test]
    fn a_source_is_described_before_its_first_frame() {
        let (facts, complaints) = facts(FFMPEG_9);
        let source = SourceInfo {
            coded_size: Size::new(1080, 720),
            fps: Some(Rational::new(30000, 1001)),
            average_fps: Some(29.97),
            duration_seconds: Some(1.07),
            codec: "h264".into(),
            rotation: 90,
            pixels: Pixels::default(),
            audio: Some(AudioStream { index: 1, codec: "aac".into() }),
        };
        let times = [Some(0), Some(33_367), None].map(Fact::FrameTime);
        assert_eq!(facts[0], Fact::Source(source));
        assert_eq!(facts[1..], times);
        assert_eq!(complaints, Complaints::default());
    }

    #[test]
    fn a_title_turns_no_picture() {
        let told = FFMPEG_9.replace("Display Matrix: rotation of -90.00", "title           : a rotation of -45");
        assert!(matches!(&facts(&told).0[0], Fact::Source(source) if source.rotation == 0));
    }

    #[test]
    fn a_first_picture_in_two_fields_tells_an_interlaced_source() {
        let interlaced = |field: &str| match &facts(&format!("[info] n:   0 pts:  0 sar:1/1 s:720x576 i:{field} iskey:1")).0[0] {
            Fact::Source(source) => source.pixels.interlaced,
            other => panic!("{other:?}"),
        };
        assert_eq!(["T", "B", "P"].map(interlaced), [true, true, false]);
    }

    #[test]
    fn complaints_are_told_apart() {
        let says = |line: &str| facts(line).1;
        assert!(says("[mov,mp4 @ 0x1] [error] stream 0, offset 0x30: partial file").truncated);
        assert!(says("[fatal] Stream map '0:V:0' matches no streams.").no_video);
        assert!(says("[h264 @ 0x1] [error] Picture size 8192x8192 exceeds specified max pixel count 35389440").oversize);
        let damaged = says("[h264 @ 0x1] [error] Invalid NAL unit size (1 > 0).");
        assert_eq!(damaged, Complaints { errors: 1, ..Default::default() });
        assert_eq!(says("[h264 @ 0x1] [warning] nothing to worry about"), Complaints::default());
    }

    #[test]
    fn rubbish_lines_say_nothing() {
        for line in ["", "[", "[info", "[info] n:", "n: pts:", "Stream #0:", "[info] Stream #0:99999999999999999999", "] [error] x"] {
            let _ = facts(line);
        }
        assert_eq!(facts("[x @ 0x1] [info] n: 0 pts: 5").0.last(), Some(&Fact::FrameTime(None)), "no time base, no time");
    }
}
