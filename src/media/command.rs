//! FFmpeg's command lines, as pure functions: what is asked for, not how it is run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::timeline::LONGEST_STEP_US;
use crate::video::{Alpha, Demuxer, DynamicRange, Pixels};

/// Where a decoder's bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The child's standard input, in order, once.
    Pipe,
    /// A complete file; FFmpeg may seek in it.
    File(PathBuf),
}

/// Everything FFmpeg is told before `-i`. The demuxer is forced and no protocol but the one in use is open, so that a
/// playlist or a concat script named .mp4 can make FFmpeg read nothing else.
fn input(args: &mut Vec<OsString>, source: &Source, demuxer: Demuxer) {
    push(args, &["-f", demuxer.ffmpeg_name(), "-protocol_whitelist"]);
    match source {
        Source::Pipe => push(args, &["pipe", "-i", "pipe:0"]),
        Source::File(path) => {
            push(args, &["file", "-i"]);
            args.push(file_url(path));
        }
    }
}

/// Decodes the first real video stream (`0:V:0` leaves cover art out) to PPM pictures on stdout, one for each frame of
/// the source (`passthrough`: the default would invent frames to even out the rate), with a `showinfo` line on stderr
/// for each. Rotation is applied by FFmpeg; pixels that are not square are made so, because boxes and keypoints live in
/// the displayed picture. Interlaced sources are deinterlaced, one frame for one, where a frame is marked so; others go
/// past the filter, which takes no picture below 3x3 and loses one wherever the size changes.
pub fn decode(source: &Source, demuxer: Demuxer, max_pixels: u64, pixels: Pixels) -> Vec<OsString> {
    let mut args = common("info");
    push(&mut args, &["-max_pixels", &max_pixels.to_string()]);
    match pixels.alpha {
        Alpha::Vp8 => push(&mut args, &["-c:v", "libvpx"]),
        Alpha::Vp9 => push(&mut args, &["-c:v", "libvpx-vp9"]),
        Alpha::None | Alpha::Plane => {}
    }
    joint_clock(&mut args, demuxer);
    input(&mut args, source, demuxer);
    let filters = format!("showinfo=checksum=0,{}scale=w='max(1,round(iw*sar))':h=ih,setsar=1,format=rgb24", conversion(pixels));
    push(&mut args, &["-map", "0:V:0", "-an", "-sn", "-dn", "-vf", &filters, "-fps_mode", "passthrough"]);
    // Frames closer together than the nominal rate would get the same tick of its clock, and FFmpeg would complain.
    push(&mut args, &["-enc_time_base", "1:1000000", "-pix_fmt", "rgb24", "-f", "image2pipe", "-c:v", "ppm", "pipe:1"]);
    all_streams(&mut args, 0, demuxer);
    args
}

/// Filters for what a standard screen cannot show as it is. Bright pictures are mapped to BT.709: the reference white of
/// 203 cd/m² (ITU-R BT.2408) becomes 193 of 255, and up to the 1000 cd/m² that they are graded for a shoulder tells
/// highlights apart. Transparent pictures are laid over black.
fn conversion(pixels: Pixels) -> String {
    let mut filters = String::new();
    if pixels.interlaced {
        filters += "bwdif=mode=send_frame:deint=interlaced,";
    }
    let transfer = match pixels.dynamic_range {
        DynamicRange::Sdr => None,
        DynamicRange::Hlg => Some("arib-std-b67"),
        DynamicRange::Pq => Some("smpte2084"),
    };
    if let Some(transfer) = transfer {
        filters += &format!("zscale=tin={transfer}:pin=bt2020:min=bt2020nc:t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,");
        filters += "tonemap=hable:desat=0:peak=10,zscale=t=bt709:m=bt709:r=tv,format=yuv444p10le,";
    }
    if pixels.alpha != Alpha::None {
        filters += "format=gbrap,premultiply=inplace=1,";
    }
    filters
}

/// How the annotated video is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeSettings {
    /// x264's constant rate factor, 0 (lossless) to 51.
    pub crf: u8,
    /// x264's preset, `ultrafast` to `veryslow`.
    pub preset: String,
}

impl Default for EncodeSettings {
    fn default() -> Self {
        Self { crf: 23, preset: "veryfast".to_owned() }
    }
}

/// Ticks a second of the annotated video's clock: every common rate is whole in it, and 1/90000 s is finer than any
/// source needs.
pub const CLOCK_HZ: u32 = 90_000;

/// Seconds between key frames at most: what one segment of the live playlist lasts.
pub const SEGMENT_SECONDS: u32 = 2;

/// Encodes raw frames that come as Matroska on stdin (the one container that carries raw pictures with their times)
/// into a fragmented MP4, a fragment a key frame, which is readable up to its last whole fragment even if this process
/// is killed. Odd sizes are padded, because 4:2:0 needs even ones.
///
/// `matrix_known` tells whether the source named its colour matrix. If it did not, FFmpeg decoded it with its default,
/// and this encodes with the same and names none either: a player that guesses sees the source's colours.
pub fn encode(settings: &EncodeSettings, matrix_known: bool, output: &Path) -> Vec<OsString> {
    let mut args = common("warning");
    push(&mut args, &["-y", "-f", "matroska", "-protocol_whitelist", "pipe", "-probesize", "32", "-analyzeduration", "0", "-i", "pipe:0"]);
    let (matrix, named) = if matrix_known { ("out_color_matrix=bt709:", "bt709") } else { ("", "unknown") };
    let filters = format!(
        "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale={matrix}out_range=tv,format=yuv420p,\
         setparams=range=tv:colorspace={named}:color_primaries={named}:color_trc={named}"
    );
    let clock = CLOCK_HZ.to_string();
    push(&mut args, &["-map", "0:v:0", "-vf", &filters, "-fps_mode", "passthrough", "-enc_time_base", &format!("1:{clock}")]);
    push(&mut args, &["-c:v", "libx264", "-preset", &settings.preset, "-crf", &settings.crf.to_string()]);
    // The same frames must give the same file. With a lookahead thread of its own x264 (165) does not: on a loaded machine
    // 6 of 240 runs differed in a few pixels; without it, none of 240.
    push(&mut args, &["-x264-params", "sync-lookahead=0"]);
    // From the last one on: counted from the beginning, a gap in the times would be followed by nothing but key frames.
    let expression = format!("expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+{SEGMENT_SECONDS}))");
    push(&mut args, &["-force_key_frames", &expression]);
    push(&mut args, &["-video_track_timescale", &clock]);
    // A fragment is on the disk as soon as it is whole; FFmpeg would keep megabytes back.
    push(&mut args, &["-flush_packets", "1"]);
    push(&mut args, &["-movflags", "+frag_keyframe+empty_moov+default_base_moof+delay_moov", "-f", "mp4"]);
    args.push(file_url(output));
    args
}

/// What becomes of the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioTreatment {
    Copy,
    ToAac,
    Drop,
}

/// The finished file: the encoded video as it is, the source's audio beside it, the index in front.
pub struct Remux<'a> {
    pub video: &'a Path,
    /// When the first frame is shown.
    pub video_start_us: i64,
    pub source: &'a Path,
    pub demuxer: Demuxer,
    /// The audio's stream index in the source.
    pub audio_stream: usize,
    pub audio: AudioTreatment,
    pub frames: u64,
    /// Ticks of `CLOCK_HZ` that the last frame stays; a stream copy knows none.
    pub last_frame_ticks: u64,
    pub output: &'a Path,
}

pub fn remux(job: &Remux<'_>) -> Vec<OsString> {
    // So talkative because only then FFmpeg tells how many packets came through.
    let mut args = common("verbose");
    // FFmpeg lets each input begin at 0; the picture's own start, later than the sound's, is given back here.
    push(&mut args, &["-y", "-itsoffset", &format!("{}us", job.video_start_us), "-f", "mp4", "-protocol_whitelist", "file", "-i"]);
    args.push(file_url(job.video));
    if job.audio != AudioTreatment::Drop {
        joint_clock(&mut args, job.demuxer);
        input(&mut args, &Source::File(job.source.to_owned()), job.demuxer);
    }
    push(&mut args, &["-map", "0:v:0", "-c:v", "copy"]);
    let last = job.frames.saturating_sub(1);
    let durations = format!("setts=pts=PTS:dts=DTS:duration='if(eq(N,{last}),{},DURATION)'", job.last_frame_ticks);
    push(&mut args, &["-bsf:v", &durations, "-video_track_timescale", &CLOCK_HZ.to_string()]);
    // The encoder's own rate goes by the channels, of which it takes as many as the source has.
    match job.audio {
        AudioTreatment::Copy => push(&mut args, &["-map", &format!("1:{}", job.audio_stream), "-c:a", "copy"]),
        AudioTreatment::ToAac => push(&mut args, &["-map", &format!("1:{}", job.audio_stream), "-c:a", "aac"]),
        AudioTreatment::Drop => push(&mut args, &["-an"]),
    }
    push(&mut args, &["-map_metadata", "-1", "-map_chapters", "-1", "-movflags", "+faststart", "-f", "mp4"]);
    args.push(file_url(job.output));
    if job.audio != AudioTreatment::Drop {
        all_streams(&mut args, 1, job.demuxer);
    }
    args
}

/// Containers whose clock FFmpeg takes to jump, and lets begin with the earliest of the streams that are in use
/// (`AVFMT_TS_DISCONT`). Picture and sound are read by two processes, which must agree on it.
fn clock_jumps(demuxer: Demuxer) -> bool {
    matches!(demuxer, Demuxer::MpegTs | Demuxer::Mpeg | Demuxer::Ogg)
}

/// A gap is kept, in the picture as in the sound, up to what `Timeline` takes for one; FFmpeg would close it after 10 s.
fn joint_clock(args: &mut Vec<OsString>, demuxer: Demuxer) {
    if clock_jumps(demuxer) {
        push(args, &["-dts_delta_threshold", &(LONGEST_STEP_US / 1_000_000).to_string()]);
    }
}

/// Puts the same streams into use in both processes, whatever else each of them wants of the source.
fn all_streams(args: &mut Vec<OsString>, input: usize, demuxer: Demuxer) {
    if clock_jumps(demuxer) {
        push(args, &["-map", &format!("{input}:V:0"), "-map", &format!("{input}:a?"), "-c", "copy", "-f", "null", "-"]);
    }
}

fn common(loglevel: &str) -> Vec<OsString> {
    let mut args = Vec::with_capacity(48);
    push(&mut args, &["-hide_banner", "-nostdin", "-nostats", "-loglevel", &format!("level+{loglevel}")]);
    args
}

/// `file:` in front, so that no name can be taken for an option or another protocol.
fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

fn push(args: &mut Vec<OsString>, more: &[&str]) {
    args.extend(more.iter().map(OsString::from));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(args: &[OsString]) -> String {
        args.iter().map(|a| a.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    fn position(args: &[OsString], what: &str) -> usize {
        args.iter().position(|a| a == what).unwrap_or_else(|| panic!("{what} in {}", line(args)))
    }

    #[test]
    fn the_input_is_confined_before_it_is_opened() {
        for source in [Source::Pipe, Source::File("/data/source.bin".into())] {
            let args = decode(&source, Demuxer::Mov, 1000, Pixels::default());
            let opened = position(&args, "-i");
            for guard in ["-f", "-protocol_whitelist", "-max_pixels"] {
                assert!(position(&args, guard) < opened, "{}", line(&args));
            }
            assert_eq!(args[position(&args, "-f") + 1], "mov");
        }
        let args = line(&decode(&Source::File("/data/source.bin".into()), Demuxer::Mov, 1000, Pixels::default()));
        assert!(args.contains("-protocol_whitelist file -i file:/data/source.bin"), "{args}");
    }

    #[test]
    fn no_frame_is_invented() {
        for args in
            [decode(&Source::Pipe, Demuxer::Matroska, 1, Pixels::default()), encode(&EncodeSettings::default(), true, Path::new("o"))]
        {
            assert_eq!(args[position(&args, "-fps_mode") + 1], "passthrough");
        }
    }

    #[test]
    fn picture_and_sound_agree_on_a_clock_that_jumps() {
        let text = |demuxer| line(&decode(&Source::Pipe, demuxer, 1, Pixels::default()));
        for demuxer in [Demuxer::MpegTs, Demuxer::Mpeg, Demuxer::Ogg] {
            let args = text(demuxer);
            assert!(args.ends_with("pipe:1 -map 0:V:0 -map 0:a? -c copy -f null -"), "{args}");
            assert!(args.contains("-dts_delta_threshold 21600 -f "), "{args}");
        }
        assert!(text(Demuxer::Mov).ends_with("pipe:1"));
    }

    #[test]
    fn the_last_frame_gets_its_duration_and_sound_is_optional() {
        let mut job = Remux {
            video: Path::new("v"),
            video_start_us: 23_000,
            source: Path::new("s"),
            demuxer: Demuxer::Avi,
            audio_stream: 1,
            audio: AudioTreatment::Copy,
            frames: 10,
            last_frame_ticks: 3003,
            output: Path::new("o"),
        };
        let args = line(&remux(&job));
        assert!(args.contains("-itsoffset 23000us -f mp4"), "{args}");
        assert!(args.contains("if(eq(N,9),3003,DURATION)") && args.contains("-map 1:1 -c:a copy"), "{args}");
        job.audio = AudioTreatment::Drop;
        let args = line(&remux(&job));
        assert!(!args.contains("file:s") && args.contains("-an"), "{args}");
    }
}
