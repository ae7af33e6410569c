//! What FFmpeg's description of a stream says of its pixels.

use crate::video::{Alpha, DynamicRange, Pixels};

/// Beginnings of the names of pixel formats with transparency (`ffmpeg -pix_fmts`); a palette may hold some.
const WITH_ALPHA: [&str; 9] = ["yuva", "gbrap", "rgba", "argb", "bgra", "abgr", "ya", "pal8", "vuya"];
/// Beginnings of the names of pixel formats that have no matrix, because they are RGB; FFmpeg names it for some of them only.
const RGB: [&str; 11] = ["rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "x2rgb", "x2bgr", "pal8", "monow"];
/// Names that stand alone where matrix, primaries and transfer are the same.
const WHOLE: [&str; 5] = ["bt709", "smpte170m", "bt470bg", "smpte240m", "fcc"];

/// Reads `hevc (Main 10) (hvc1 / 0x31637668), yuv420p10le(tv, bt2020nc/bt2020/arib-std-b67), 1920x1080, …`.
pub fn describe(stream: &str) -> Pixels {
    let Some((_, rest)) = stream.split_once(", ") else { return Pixels::default() };
    let end = rest.find(['(', ',']).unwrap_or(rest.len());
    let format = &rest[..end];
    let properties = rest[end..].strip_prefix('(').and_then(|r| r.split_once(')')).map_or("", |(inside, _)| inside);
    let mut pixels = Pixels::default();
    // Raw pictures without a tag are those of an AVI (`BI_RGB`), whose fourth byte is reserved and 0 as a rule.
    let reserved = stream.starts_with("rawvideo, ");
    if WITH_ALPHA.iter().any(|name| format.starts_with(name)) && !reserved {
        pixels.alpha = Alpha::Plane;
    }
    // What there is no matrix for, FFmpeg cannot decode with a wrong one.
    pixels.matrix_known = RGB.iter().any(|name| format.starts_with(name));
    for property in properties.split(", ") {
        let colour: Vec<&str> = property.split('/').collect();
        if ["top ", "bottom "].iter().any(|field| property.starts_with(field)) {
            pixels.interlaced = true;
        } else if let [matrix, _, transfer] = colour[..] {
            pixels.matrix_known |= !matches!(matrix, "unknown" | "reserved");
            pixels.dynamic_range = match transfer {
                "arib-std-b67" => DynamicRange::Hlg,
                "smpte2084" => DynamicRange::Pq,
                _ => DynamicRange::Sdr,
            };
        } else if WHOLE.contains(&property) {
            pixels.matrix_known = true;
        }
    }
    pixels
}

/// Whether a line of a stream's metadata says that its transparency lies beside its pictures.
pub fn has_alpha_beside(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, value)| key.trim().eq_ignore_ascii_case("alpha_mode") && value.trim() == "1")
}

pub fn alpha_beside(codec: &str) -> Alpha {
    match codec {
        "vp8" => Alpha::Vp8,
        "vp9" => Alpha::Vp9,
        _ => Alpha::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_described_by_what_ffmpeg_prints() {
        let plain = Pixels { matrix_known: true, ..Pixels::default() };
        let cases = [
            (
                "hevc (Main 10) (hvc1 / 0x31637668), yuv420p10le(tv, bt2020nc/bt2020/arib-std-b67), 1920x1080, 8834 kb/s",
                Pixels { dynamic_range: DynamicRange::Hlg, ..plain },
            ),
            (
                "hevc (Main 10) (hev1 / 0x31766568), yuv420p10le(tv, bt2020nc/bt2020/smpte2084, progressive), 1920x1080",
                Pixels { dynamic_range: DynamicRange::Pq, ..plain },
            ),
            ("h264 (High) (avc1 / 0x31637661), yuv420p(tv, smpte170m/bt709/bt709, progressive), 1280x720 [SAR 1:1 DAR 16:9]", plain),
            ("h264 (Main) (avc1 / 0x31637661), yuv420p(tv, bt709, progressive), 1280x664", plain),
            ("h264 (Main) (avc1 / 0x31637661), yuv420p(progressive), 1920x1080", Pixels::default()),
            ("vp8, yuv420p, 640x360", Pixels::default()),
            ("h264 (High), yuv420p(tv, unknown/bt709/bt709), 640x360", Pixels::default()),
            ("qtrle (rle  / 0x20656C72), argb(progressive), 320x240", Pixels { alpha: Alpha::Plane, ..plain }),
            ("rawvideo, bgra, 64x64, 25 fps", plain),
            ("rawvideo (raw  / 0x20776172), argb, 64x64", Pixels { alpha: Alpha::Plane, ..plain }),
            ("rawvideo, bgr24, 1280x720, 663552 kb/s", plain),
            ("ffv1 (FFV1 / 0x31564646), bgr0, 64x64", plain),
            ("prores (4444) (ap4h / 0x68347061), yuva444p12le(tv, bt709, progressive), 640x360", Pixels { alpha: Alpha::Plane, ..plain }),
            ("h264 (High), yuv420p(tv, bt709, top first), 720x576", Pixels { interlaced: true, ..plain }),
            ("dvvideo, yuv420p(bottom coded first (swapped)), 720x576", Pixels { interlaced: true, ..Pixels::default() }),
            ("none", Pixels::default()),
        ];
        for (text, expected) in cases {
            assert_eq!(describe(text), expected, "{text}");
        }
    }

    #[test]
    fn transparency_beside_the_pictures_is_told_by_the_containers_tag() {
        assert!(has_alpha_beside("      alpha_mode      : 1"));
        assert!(!has_alpha_beside("      alpha_mode      : 0"));
        assert!(!has_alpha_beside("      title           : alpha_mode 1"));
        assert_eq!([alpha_beside("vp9"), alpha_beside("vp8"), alpha_beside("h264")], [Alpha::Vp9, Alpha::Vp8, Alpha::None]);
    }
}
