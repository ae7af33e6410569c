//! The vision room with real models, against the reference results of Ultralytics and MediaPipe.
//! This file has what its tests share: models, frames, reference rows, clocks.
//! Needs OpenVINO, FFmpeg and the shared data; says SKIPPED where one of them is absent.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use serde_json::Value;
use sightline::detection::Detection;
use sightline::frame::RgbFrame;
use sightline::geometry::{BBox, Size};
use sightline::options::ModelChoice;
use sightline::vision::{Catalog, DetectOptions, Engine, EngineConfig, Manifest, Precision};

mod catalog;
mod formats;
mod models;
mod parity;
mod poses;
mod smooth;
mod tiny;

const MANIFEST: &str = r#"model = [
{ name = "yolox-nano", task = "detect", head = "yolox", input = [416, 416], labels = "coco80", licence = "Apache-2.0", default = true, file = [
    { name = "yolox_nano.onnx", sha256 = "695e", address = "https://example.org/yolox_nano.onnx" } ] },
{ name = "blazepose-full", task = "pose", head = "blazepose", licence = "Apache-2.0", default = true, file = [
    { name = "pose_detection.tflite", sha256 = "9ba9" }, { name = "pose_landmark_full.tflite", sha256 = "e9a5" } ] },
]"#;

/// A folder of models for one test, and the catalog over it.
struct Models {
    catalog: Catalog,
    _folder: tempfile::TempDir,
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn absent<T>(what: &str) -> Option<T> {
    eprintln!("SKIPPED: {what} is not there");
    None
}

pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SIGHTLINE_SHARED").map_or_else(|| here("../shared/data"), PathBuf::from);
    Some(root.join(path)).filter(|p| p.exists()).or_else(|| absent(&format!("{path} of the shared data")))
}

fn openvino() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("SIGHTLINE_OPENVINO") {
        return Some(path.into());
    }
    let folders = [".deps/openvino/openvino/libs", ".deps/openvino/libs", ".deps/openvino"].map(here);
    let files = folders.iter().filter_map(|f| std::fs::read_dir(f).ok()).flatten().flatten().map(|e| e.path());
    let is_it = |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("libopenvino_c.so"));
    files.into_iter().find(is_it).or_else(|| absent("OpenVINO"))
}

fn engine() -> Option<Engine> {
    static ENGINE: OnceLock<Option<Engine>> = OnceLock::new();
    let load = || {
        let config = EngineConfig { library: openvino()?, device: "CPU".into(), cache_dir: None, precision: Precision::F32, threads: None };
        Some(Engine::load(config).expect("OpenVINO starts"))
    };
    ENGINE.get_or_init(load).clone()
}

/// The catalog over these models of the shared data, and BlazePose where it is there.
fn models(shared_models: &[&str]) -> Option<Models> {
    models_and(shared_models, &[])
}

/// And files of these names and contents.
fn models_and(shared_models: &[&str], files: &[(&str, &str)]) -> Option<Models> {
    let engine = engine()?;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        // A file that changed just now may still be copied, and has not failed.
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(60)).unwrap();
    }
    for model in shared_models {
        let from = shared(&format!("models/{model}"))?;
        std::os::unix::fs::symlink(&from, folder.path().join(model)).unwrap();
    }
    for file in ["pose_detection.tflite", "pose_landmark_full.tflite"] {
        let places = [here("models").join(file), here(".deps/models").join(file)];
        let from = places.iter().find(|p| p.is_file()).or_else(|| absent(file))?;
        std::os::unix::fs::symlink(from, folder.path().join(file)).unwrap();
    }
    let catalog = Catalog::open(engine, folder.path(), Manifest::parse(MANIFEST).unwrap()).unwrap();
    Some(Models { catalog, _folder: folder })
}

fn named(name: &str) -> ModelChoice {
    ModelChoice::Named(name.into())
}

/// The frames of a clip as FFmpeg decodes them.
struct Frames {
    child: Child,
    pipe: BufReader<ChildStdout>,
}

fn frames(clip: &str) -> Option<Frames> {
    let clip = shared(&format!("videos/{clip}"))?;
    let own = here(".deps/ffmpeg/ffmpeg");
    let program = std::env::var_os("SIGHTLINE_FFMPEG").map(PathBuf::from).unwrap_or(if own.is_file() { own } else { "ffmpeg".into() });
    let arguments = ["-map", "0:V:0", "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "image2pipe", "-c:v", "ppm", "pipe:1"];
    let child = Command::new(program).args(["-v", "error", "-i"]).arg(clip).args(arguments).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else { return absent("FFmpeg") };
    let pipe = BufReader::with_capacity(1 << 20, child.stdout.take()?);
    Some(Frames { child, pipe })
}

impl Iterator for Frames {
    type Item = RgbFrame;

    fn next(&mut self) -> Option<RgbFrame> {
        let mut line = || {
            let mut text = String::new();
            self.pipe.read_line(&mut text).ok().filter(|n| *n > 0).map(|_| text)
        };
        let (_, size, _) = (line()?, line()?, line()?);
        let (w, h) = size.trim().split_once(' ')?;
        let size = Size::new(w.parse().ok()?, h.parse().ok()?);
        let mut data = vec![0; size.pixels() as usize * 3];
        self.pipe.read_exact(&mut data).ok()?;
        RgbFrame::new(size, data).ok()
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The reference rows by frame number.
fn golden(name: &str) -> Option<BTreeMap<usize, Value>> {
    let file = shared(&format!("golden/{name}.jsonl.gz"))?;
    let out = Command::new("gzip").arg("-dc").arg(file).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    let rows = text.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap());
    Some(rows.map(|row| (row["frame"].as_u64().unwrap() as usize, row)).collect())
}

fn number(v: &Value) -> f32 {
    v.as_f64().unwrap() as f32
}

fn reference_boxes(row: &Value) -> Vec<(u64, f32, BBox)> {
    let bbox = |b: &Value| BBox::new(number(&b[0]), number(&b[1]), number(&b[2]), number(&b[3]));
    let class = |d: &Value| d["class_id"].as_u64().unwrap();
    row["detections"].as_array().unwrap().iter().map(|d| (class(d), number(&d["confidence"]), bbox(&d["bbox"]))).collect()
}

/// Milliseconds of each call.
#[derive(Default)]
struct Clock(Vec<f32>);

impl Clock {
    fn time<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let answer = call();
        self.0.push(begun.elapsed().as_secs_f32() * 1e3);
        answer
    }

    fn says(&mut self) -> String {
        format!("{:.1} ms, at most {:.1}", quantile(&mut self.0, 0.5), quantile(&mut self.0, 1.0))
    }
}

fn check(detections: &[Detection], frame: Size, options: &DetectOptions) {
    assert!(detections.windows(2).all(|w| w[0].confidence >= w[1].confidence));
    assert!(detections.len() <= options.max_detections);
    let within = |b: &BBox| b.x1 >= 0.0 && b.y1 >= 0.0 && b.x2 <= frame.width as f32 && b.y2 <= frame.height as f32 && b.area() > 0.0;
    assert!(detections.iter().all(|d| (options.confidence..=1.0).contains(&d.confidence) && within(&d.bbox)), "{detections:?}");
}

fn quantile(values: &mut [f32], at: f64) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(((values.len() as f64 - 1.0) * at) as usize).copied().unwrap_or(f32::NAN)
}

/// A frame of a clip by its number, from 0.
fn frame_of(clip: &'static str, number: usize) -> Option<RgbFrame> {
    static DECODED: Mutex<BTreeMap<(&str, usize), RgbFrame>> = Mutex::new(BTreeMap::new());
    let mut decoded = DECODED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(frame) = decoded.get(&(clip, number)) {
        return Some(frame.clone());
    }
    let frame = frames(clip)?.nth(number)?;
    decoded.insert((clip, number), frame.clone());
    Some(frame)
}
