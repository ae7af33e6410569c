//! What is known of a video: its container, its clock, its shape.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::geometry::Size;

/// A frame rate or time base, kept exact: 30000/1001 is not 29.97.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rational {
    pub num: u32,
    pub den: u32,
}

impl Rational {
    pub const fn new(num: u32, den: u32) -> Self {
        Self { num, den }
    }

    /// As a float; 0 where the denominator is 0 (FFmpeg writes `0/0` for "unknown").
    pub fn value(self) -> f64 {
        if self.den == 0 { 0.0 } else { f64::from(self.num) / f64::from(self.den) }
    }

    /// The ratio if it is a positive number.
    pub fn known(self) -> Option<Self> {
        (self.num > 0 && self.den > 0).then_some(self)
    }

    /// `ticks` of this time base in microseconds, rounded to the nearest.
    pub fn ticks_to_us(self, ticks: i64) -> i64 {
        if self.den == 0 {
            return 0;
        }
        let scaled = i128::from(ticks) * i128::from(self.num) * 1_000_000;
        let den = i128::from(self.den);
        ((2 * scaled + den).div_euclid(2 * den)).clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

impl FromStr for Rational {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (num, den) = text.split_once('/').ok_or(())?;
        Ok(Self { num: num.parse().map_err(|_| ())?, den: den.parse().map_err(|_| ())? })
    }
}

impl Serialize for Rational {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The ending a client gave its file; says that the file is wanted, not what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extension {
    Mp4,
    Avi,
    Mov,
    Webm,
    Mkv,
    M4v,
    Ts,
    Mpg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ext must be one of .mp4 .avi .mov .webm .mkv .m4v .ts .mpg")]
pub struct UnsupportedExtension;

impl Extension {
    pub const ALL: [Self; 8] = [Self::Mp4, Self::Avi, Self::Mov, Self::Webm, Self::Mkv, Self::M4v, Self::Ts, Self::Mpg];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mp4 => ".mp4",
            Self::Avi => ".avi",
            Self::Mov => ".mov",
            Self::Webm => ".webm",
            Self::Mkv => ".mkv",
            Self::M4v => ".m4v",
            Self::Ts => ".ts",
            Self::Mpg => ".mpg",
        }
    }

    /// The ending of a file's name.
    pub fn of_filename(name: &str) -> Result<Self, UnsupportedExtension> {
        name.rfind('.').map_or(Err(UnsupportedExtension), |dot| name[dot..].parse())
    }
}

impl FromStr for Extension {
    type Err = UnsupportedExtension;

    fn from_str(text: &str) -> Result<Self, UnsupportedExtension> {
        Self::ALL.into_iter().find(|e| e.as_str().eq_ignore_ascii_case(text)).ok_or(UnsupportedExtension)
    }
}

/// A kind of file, told from its first bytes; named as FFmpeg names the demuxer that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Demuxer {
    /// MP4, MOV, M4V, 3GP (ISO/IEC 14496-12 and QuickTime).
    Mov,
    /// Matroska and WebM (RFC 9559).
    Matroska,
    Avi,
    MpegTs,
    /// MPEG program stream.
    Mpeg,
    Flv,
    /// WMV.
    Asf,
    Ogg,
    /// YUV4MPEG2.
    Yuv4Mpeg,
}

impl Demuxer {
    /// The value of FFmpeg's `-f`.
    pub fn ffmpeg_name(self) -> &'static str {
        match self {
            Self::Mov => "mov",
            Self::Matroska => "matroska",
            Self::Avi => "avi",
            Self::MpegTs => "mpegts",
            Self::Mpeg => "mpeg",
            Self::Flv => "flv",
            Self::Asf => "asf",
            Self::Ogg => "ogg",
            Self::Yuv4Mpeg => "yuv4mpegpipe",
        }
    }
}

/// How brightness is coded, where it is more than a standard screen shows (ITU-R BT.2100).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DynamicRange {
    #[default]
    Sdr,
    /// Hybrid log-gamma: what phones record.
    Hlg,
    /// Perceptual quantiser: HDR10, HDR10+, most of Dolby Vision.
    Pq,
}

/// Where transparency comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Alpha {
    #[default]
    None,
    /// In the pictures.
    Plane,
    /// WebM keeps it beside the pictures, where FFmpeg's own decoders do not look.
    Vp8,
    Vp9,
}

/// How the source's pixels are to be understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pixels {
    pub dynamic_range: DynamicRange,
    pub alpha: Alpha,
    /// Two half pictures in one, each with its own time.
    pub interlaced: bool,
    /// Whether the file says by which matrix its colours were coded; a player guesses where it does not.
    pub matrix_known: bool,
}

impl Pixels {
    /// Whether a standard screen shows the pictures as they are.
    pub fn are_standard(&self) -> bool {
        self.dynamic_range == DynamicRange::Sdr && self.alpha == Alpha::None && !self.interlaced
    }
}

/// What FFmpeg says of the source before the first frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceInfo {
    /// Size as stored, before rotation.
    pub coded_size: Size,
    /// The rate that the frames' times fit into, exact; for a variable rate higher than the average.
    pub fps: Option<Rational>,
    /// Frames a second on average, as far as the container knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_fps: Option<f64>,
    pub duration_seconds: Option<f64>,
    pub codec: String,
    /// Clockwise degrees that were applied so that the picture stands upright.
    pub rotation: i32,
    pub pixels: Pixels,
    /// The default audio stream.
    pub audio: Option<AudioStream>,
}

impl SourceInfo {
    /// How many frames there should be by duration and rate; where both are known and make sense.
    pub fn expected_frames(&self) -> Option<u64> {
        let fps = self.average_fps.or(self.fps.map(Rational::value))?;
        Some((self.duration_seconds? * fps).round() as u64).filter(|n| *n > 0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AudioStream {
    /// The stream's place in the file, as FFmpeg counts.
    pub index: usize,
    pub codec: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_microseconds_to_the_nearest() {
        assert_eq!(Rational::new(1, 30_000).ticks_to_us(1001), 33_367);
        assert_eq!(Rational::new(1, 90_000).ticks_to_us(-3003), -33_367);
        assert_eq!(Rational::new(1001, 30_000).ticks_to_us(30_000), 1_001_000_000);
        assert_eq!(Rational::new(1, 0).ticks_to_us(5), 0);
    }

    #[test]
    fn extensions_are_known_in_any_case_and_nothing_else_passes() {
        assert_eq!(".MP4".parse(), Ok(Extension::Mp4));
        assert_eq!(Extension::of_filename("my holiday.MoV"), Ok(Extension::Mov));
        for bad in ["mp4", ".mp4.exe", ".mp4/", "..mp4", ".mp4\0.sh", ".gif", "", ".\u{ff4d}p4"] {
            assert_eq!(bad.parse::<Extension>(), Err(UnsupportedExtension), "{bad:?}");
        }
    }
}
