//! What the pictures of the annotated video look like beside the source's: colours, transparency, fields, bright light,
//! turns, pixels that are not square, odd sizes. Sources are made by FFmpeg; no model draws into them.

use std::path::{Path, PathBuf};

use sightline::frame::RgbFrame;
use sightline::media::ppm;
use sightline::processing::run::Finished;
use tempfile::TempDir;

use crate::clips::run_ffmpeg;
use crate::{analysis, frame_times, scratch};

/// A source and what was made of it.
struct Converted {
    folder: TempDir,
    source: PathBuf,
    finished: Finished,
}

impl Converted {
    /// Analyses what FFmpeg makes of `args`; `name` says in which container.
    fn of(name: &str, args: &[&str]) -> Self {
        Self::patched(name, args, |_| {})
    }

    fn patched(name: &str, args: &[&str], patch: impl FnOnce(&mut Vec<u8>)) -> Self {
        let folder = scratch::folder("pictures-");
        let source = folder.path().join(name);
        run_ffmpeg(&[args, &[source.to_str().unwrap()]].concat());
        let mut bytes = std::fs::read(&source).unwrap();
        patch(&mut bytes);
        std::fs::write(&source, bytes).unwrap();
        let finished = analysis::lossless(&source, &folder.path().join("out.mp4"));
        Self { folder, source, finished }
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("out.mp4")
    }

    fn picture(&self) -> Picture {
        first_picture(&self.output())
    }
}

struct Picture(RgbFrame);

impl Picture {
    fn size(&self) -> (u32, u32) {
        (self.0.size().width, self.0.size().height)
    }

    fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let at = 3 * (y * self.0.size().width + x) as usize;
        self.0.data()[at..at + 3].try_into().unwrap()
    }
}

/// The first picture as FFmpeg shows it.
fn first_picture(video: &Path) -> Picture {
    let ppm = run_ffmpeg(&["-i", video.to_str().unwrap(), "-frames:v", "1", "-c:v", "ppm", "-f", "image2pipe", "-"]);
    Picture(ppm::read_frame(&mut &ppm[..], 1 << 24, Vec::new()).unwrap().unwrap())
}

/// The first picture's bytes in this pixel format.
fn raw(video: &Path, format: &str) -> Vec<u8> {
    run_ffmpeg(&["-i", video.to_str().unwrap(), "-frames:v", "1", "-pix_fmt", format, "-f", "rawvideo", "-"])
}

fn assert_near(got: [u8; 3], wanted: [u8; 3], tolerance: u8, what: &str) {
    assert!(got.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= tolerance), "{what}: {got:?} instead of {wanted:?}");
}

/// Patches of 32x32, side by side.
const PATCHES: [[u8; 3]; 6] = [[200, 40, 30], [40, 180, 60], [30, 50, 210], [230, 220, 40], [128, 128, 128], [235, 235, 235]];

/// FFmpeg's arguments for half a second of the patches, converted by `filter` and encoded by `codec`.
fn patches(filter: &str, codec: &[&str]) -> Vec<String> {
    let inputs: Vec<String> =
        PATCHES.iter().map(|[r, g, b]| format!("color=0x{r:02x}{g:02x}{b:02x}:s=32x32:r=10:d=0.5,format=gbrp")).collect();
    let labels: Vec<String> = (0..inputs.len()).map(|i| format!("[p{i}]")).collect();
    let each: Vec<String> = inputs.iter().zip(&labels).map(|(input, label)| format!("{input}{label}")).collect();
    let graph = format!("{};{}hstack={},{filter}", each.join(";"), labels.concat(), inputs.len());
    [&["-filter_complex", &graph][..], codec].concat().into_iter().map(str::to_owned).collect()
}

fn converted_patches(name: &str, filter: &str, codec: &[&str]) -> Converted {
    let args = patches(filter, codec);
    Converted::of(name, &args.iter().map(String::as_str).collect::<Vec<_>>())
}

const X264: [&str; 4] = ["-c:v", "libx264", "-qp", "0"];
const BT601: &str = "scale=out_color_matrix=bt601:out_range=tv,format=yuv444p";

#[test]
fn colours_stay_whatever_matrix_and_range_the_source_has() {
    let tagged = |matrix: &str, range: &str| {
        let tags = if matrix == "bt709" { "bt709" } else { "smpte170m" };
        format!(
            "scale=out_color_matrix={matrix}:out_range={range},format=yuv444p,\
             setparams=range={range}:colorspace={tags}:color_primaries={tags}:color_trc={tags}"
        )
    };
    let cases = [
        ("BT.601", tagged("bt601", "tv"), X264),
        ("BT.709", tagged("bt709", "tv"), X264),
        ("BT.709 of full range", tagged("bt709", "pc"), X264),
        ("BT.601 of full range", tagged("bt601", "pc"), X264),
        ("nothing said", BT601.to_owned(), X264),
        ("RGB", "format=gbrp".to_owned(), ["-c:v", "libx264rgb", "-qp", "0"]),
    ];
    for (what, filter, codec) in cases {
        let picture = converted_patches("patches.mp4", &filter, &codec).picture();
        for (x, wanted) in (16..).step_by(32).zip(PATCHES) {
            assert_near(picture.at(x, 16), wanted, 4, what);
        }
    }
}

#[test]
fn a_source_that_names_no_matrix_gives_a_video_that_names_none_with_the_same_planes() {
    let filter = format!("{BT601},format=yuv420p,setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown");
    let converted = converted_patches("patches.mp4", &filter, &X264);
    let (source, output) = (raw(&converted.source, "yuv420p"), raw(&converted.output(), "yuv420p"));
    assert_eq!(source.len(), output.len());
    let worst = source.iter().zip(&output).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(2), "{worst:?}");
    let file = std::fs::read(converted.output()).unwrap();
    let colr = file.windows(4).position(|w| w == b"colr");
    // Primaries, transfer and matrix, 2 of each: not specified (ITU-T H.273).
    assert!(colr.is_none_or(|at| file[at + 8..][..6] == [0, 2, 0, 2, 0, 2]), "colours are named");
}

#[test]
fn transparent_pictures_are_laid_over_black() {
    let half_red = ["-f", "lavfi", "-i", "color=red:s=64x64:r=10:d=0.5,format=rgba,colorchannelmixer=aa=0.5"];
    let containers: [(&str, &[&str]); 2] = [
        ("argb.mov", &["-c:v", "qtrle", "-pix_fmt", "argb"]),
        ("alpha.webm", &["-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-b:v", "1M"]),
    ];
    for (name, codec) in containers {
        let converted = Converted::of(name, &[&half_red[..], codec].concat());
        assert_near(converted.picture().at(32, 32), [127, 0, 0], 6, name);
        assert_eq!(converted.finished.summary.total_frames, 5, "{name}");
    }
}

/// How much each row differs from the mean of its neighbours: what teeth of a comb add.
fn combing(grey: &[u8], width: usize) -> u64 {
    let rows: Vec<_> = grey.chunks_exact(width).collect();
    let teeth = |above: &[u8], row: &[u8], below: &[u8]| -> u64 {
        (0..width).map(|x| u64::from((2 * i32::from(row[x]) - i32::from(above[x]) - i32::from(below[x])).unsigned_abs())).sum()
    };
    rows.windows(3).map(|w| teeth(w[0], w[1], w[2])).sum()
}

#[test]
fn interlaced_pictures_lose_their_combs_and_none_is_lost() {
    let moving = "color=gray:s=160x128:r=50:d=1[a];color=white:s=40x80:r=50:d=1[b];[a][b]overlay=x='t*100':y=24,tinterlace=interleave_top";
    let codec = ["-c:v", "libx264", "-qp", "0", "-flags", "+ilme+ildct", "-x264-params", "tff=1", "-pix_fmt", "yuv420p"];
    for name in ["fields.mp4", "fields.mkv", "fields.ts"] {
        let converted = Converted::of(name, &[&["-filter_complex", moving][..], &codec].concat());
        let (plain, output) = (raw(&converted.source, "gray"), raw(&converted.output(), "gray"));
        let (before, after) = (combing(&plain, 160), combing(&output, 160));
        assert!(after * 3 < before, "{name}: {before} became {after}");
        frame_times::assert_same(&frame_times::of(&converted.output()), &frame_times::of(&converted.source));
    }
}

#[test]
fn pictures_too_small_for_the_deinterlacer_and_pictures_that_change_their_size_are_all_there() {
    let tiny = Converted::of("tiny.mp4", &["-f", "lavfi", "-i", "testsrc2=s=2x2:r=10:d=1", "-c:v", "libx264"]);
    assert_eq!(tiny.finished.summary.total_frames, 10);
    let part = |size: &str| {
        let input = format!("testsrc2=s={size}:r=10:d=1");
        run_ffmpeg(&["-f", "lavfi", "-i", &input, "-c:v", "libx264", "-preset", "ultrafast", "-f", "h264", "-"])
    };
    let folder = scratch::folder("sizes-");
    let joined = folder.path().join("joined.h264");
    std::fs::write(&joined, [part("160x120"), part("320x240"), part("160x120")].concat()).unwrap();
    let args = ["-f", "h264", "-r", "10", "-i", joined.to_str().unwrap(), "-c", "copy"];
    let converted = Converted::of("sizes.ts", &args);
    assert_eq!(converted.finished.summary.total_frames, frame_times::of(&converted.source).len() as u64);
    assert_eq!(converted.finished.summary.total_frames, 30);
}

/// A still of one colour, given as R'G'B' of BT.2020 after this transfer, each 0 to 1.
fn bright(transfer: &str, [r, g, b]: [f64; 3]) -> Picture {
    let y = 0.2627 * r + 0.678 * g + 0.0593 * b;
    let (cb, cr) = ((b - y) / 1.8814, (r - y) / 1.4746);
    let (y, cb, cr) = ((64.0 + 876.0 * y).round(), (512.0 + 896.0 * cb).round(), (512.0 + 896.0 * cr).round());
    let still = format!("nullsrc=s=64x64:r=10:d=0.5,format=yuv420p10le,geq=lum={y}:cb={cb}:cr={cr}");
    let tags = ["-color_trc", transfer, "-color_primaries", "bt2020", "-colorspace", "bt2020nc", "-color_range", "tv"];
    let marked = format!("{still},setparams=range=tv:colorspace=bt2020nc:color_primaries=bt2020:color_trc={transfer}");
    let args = [&["-f", "lavfi", "-i", &marked, "-c:v", "ffv1"][..], &tags].concat();
    Converted::of("bright.mkv", &args).picture()
}

#[test]
fn bright_pictures_keep_their_white_and_their_colours() {
    // Reference white of 203 cd/m² (ITU-R BT.2408), and a saturated red of about that light.
    for (transfer, white, strong, weak) in [("smpte2084", 0.5807, 0.55, 0.2), ("arib-std-b67", 0.75, 0.7, 0.1)] {
        let grey = bright(transfer, [white; 3]).at(32, 32);
        let (least, most) = (grey.into_iter().min().unwrap(), grey.into_iter().max().unwrap());
        assert!(most - least <= 3 && (180..=235).contains(&most), "{transfer}: white is {grey:?}");
        let [r, g, b] = bright(transfer, [strong, weak, weak]).at(32, 32);
        assert!(r > 120 && r - g.max(b) > 90, "{transfer}: red is {:?}", [r, g, b]);
    }
}

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const WHITE: [u8; 3] = [255, 255, 255];

/// Red and green above, blue and white below.
const QUARTERS: &str = "color=red:s=64x32:r=10:d=0.5[a];color=0x00ff00:s=64x32:r=10:d=0.5[b];color=blue:s=64x32:r=10:d=0.5[c];\
                        color=white:s=64x32:r=10:d=0.5[d];[a][b]hstack[e];[c][d]hstack[f];[e][f]vstack,format=yuv420p";

#[test]
fn a_turned_or_mirrored_source_is_set_upright_once() {
    // a, b, c, d of the track header's matrix (ISO/IEC 14496-12, 8.3.2), and the corners from left to right, top to bottom.
    let cases = [
        ("none", [1, 0, 0, 1], 0, [RED, GREEN, BLUE, WHITE]),
        ("90", [0, 1, -1, 0], 90, [BLUE, RED, WHITE, GREEN]),
        ("180", [-1, 0, 0, -1], 180, [WHITE, BLUE, GREEN, RED]),
        ("270", [0, -1, 1, 0], 270, [GREEN, WHITE, RED, BLUE]),
        ("mirrored", [-1, 0, 0, 1], 0, [GREEN, RED, WHITE, BLUE]),
    ];
    for (what, [a, b, c, d], rotation, corners) in cases {
        let converted = Converted::patched("quarters.mp4", &[&["-filter_complex", QUARTERS][..], &X264].concat(), |file| {
            let header = file.windows(4).position(|w| w == b"tkhd").unwrap();
            let matrix: Vec<u8> =
                [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30].into_iter().flat_map(i32::to_be_bytes).collect();
            file[header + 44..][..36].copy_from_slice(&matrix);
        });
        let picture = converted.picture();
        let (w, h) = picture.size();
        assert_eq!((w, h), if rotation % 180 == 90 { (64, 128) } else { (128, 64) }, "{what}");
        for ((x, y), wanted) in [(8, 8), (w - 8, 8), (8, h - 8), (w - 8, h - 8)].into_iter().zip(corners) {
            assert_near(picture.at(x, y), wanted, 4, what);
        }
        if what != "mirrored" {
            assert_eq!(converted.finished.summary.rotation, rotation, "{what}");
        }
    }
}

#[test]
fn pixels_twice_as_wide_as_high_become_square() {
    let converted = Converted::of("wide.mp4", &[&["-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=0.5,setsar=2"][..], &X264].concat());
    assert_eq!(converted.picture().size(), (128, 64));
    assert_eq!((converted.finished.summary.width, converted.finished.summary.height), (128, 64));
}

#[test]
fn an_odd_size_gets_a_black_edge_and_is_not_scaled() {
    let grey = ["-f", "lavfi", "-i", "testsrc2=s=33x17:r=10:d=0.5,format=gray", "-c:v", "ffv1"];
    let converted = Converted::of("odd.mkv", &grey);
    let (source, output) = (first_picture(&converted.source), converted.picture());
    assert_eq!((source.size(), output.size()), ((33, 17), (34, 18)));
    for (x, y) in (0..33).flat_map(|x| (0..17).map(move |y| (x, y))) {
        assert_near(output.at(x, y), source.at(x, y), 2, "the picture");
    }
    assert_near(output.at(33, 5), [0; 3], 2, "the column beside it");
    assert_near(output.at(5, 17), [0; 3], 2, "the row below it");
}
