//! The vision room with real models, against the reference results of Ultralytics and MediaPipe.
//! Needs OpenVINO, FFmpeg and the shared data; says SKIPPED where one of them is absent.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use serde_json::Value;
use sightline::detection::Detection;
use sightline::frame::RgbFrame;
use sightline::geometry::{BBox, Point, Size};
use sightline::options::ModelChoice;
use sightline::pose::Pose;
use sightline::vision::{Catalog, CatalogError, DetectOptions, Engine, EngineConfig, Manifest, ModelState, Precision};

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

fn shared(path: &str) -> Option<PathBuf> {
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
    let engine = engine()?;
    let folder = tempfile::tempdir().unwrap();
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

/// Share of reference boxes over .30 that are found with IoU ≥ .95 and confidence within .01.
fn detector_parity(model: &str, clip: &str, reference: &str) -> Option<f64> {
    let (models, rows) = (models(&[model])?, golden(reference)?);
    let mut detector = models.catalog.detector(&named(model)).unwrap().unwrap();
    let options = DetectOptions { confidence: 0.25, iou: 0.7, ..DetectOptions::default() };
    let (mut all, mut met, mut found, mut clock) = (0, 0, 0, Clock::default());
    for (index, frame) in frames(clip)?.enumerate() {
        let Some(row) = rows.get(&index) else { continue };
        let ours = clock.time(|| detector.detect(&frame, &options)).unwrap();
        check(&ours, frame.size(), &options);
        found += ours.iter().filter(|d| d.confidence > 0.3).count();
        for (class_id, confidence, bbox) in reference_boxes(row).into_iter().filter(|r| r.1 > 0.3) {
            let meets =
                |d: &Detection| d.class_id as u64 == class_id && d.bbox.iou(&bbox) >= 0.95 && (d.confidence - confidence).abs() <= 0.01;
            (all, met) = (all + 1, met + usize::from(ours.iter().any(meets)));
        }
    }
    let share = met as f64 / all as f64;
    println!("{model:32} {clip:32} {all:5} boxes, ours {found:5}, met {:6.2} %; {}", share * 100.0, clock.says());
    Some(share)
}

fn check(detections: &[Detection], frame: Size, options: &DetectOptions) {
    assert!(detections.windows(2).all(|w| w[0].confidence >= w[1].confidence));
    assert!(detections.len() <= options.max_detections);
    let within = |b: &BBox| b.x1 >= 0.0 && b.y1 >= 0.0 && b.x2 <= frame.width as f32 && b.y2 <= frame.height as f32 && b.area() > 0.0;
    assert!(detections.iter().all(|d| (options.confidence..=1.0).contains(&d.confidence) && within(&d.bbox)), "{detections:?}");
}

#[test]
fn yolo_boxes_are_those_of_ultralytics() {
    let clips = [
        ("yolov8n_int8_openvino", "people_walking_street_720p.mp4", "people_walking_street_720p__yolov8n_int8"),
        ("derived_yolo11n_fp16_openvino", "people_walking_street_720p.mp4", "people_walking_street_720p__derived_yolo11n_fp16"),
        ("yolo11n_int8_openvino", "road_cars_720p.mp4", "road_cars_720p__yolo11n_int8"),
        ("derived_road_damage_openvino", "potholes_portrait_356x640.mp4", "potholes_portrait_356x640__derived_road_damage"),
    ];
    for (model, clip, reference) in clips {
        let share = detector_parity(model, clip, reference);
        assert!(share.is_none_or(|share| share >= 0.99), "{model}: only {share:?} of the reference boxes were found");
    }
}

#[test]
fn yolox_finds_the_people_in_the_street() {
    let Some(models) = models(&["yolox_nano.onnx"]) else { return };
    let mut detector = models.catalog.detector(&ModelChoice::Default).unwrap().unwrap();
    assert_eq!((detector.name(), detector.labels().len()), ("yolox-nano", 80));
    let Some(frame) = frames("people_walking_street_720p.mp4").and_then(|mut f| f.nth(110)) else { return };
    let found = detector.detect(&frame, &DetectOptions::default()).unwrap();
    let persons: Vec<_> = found.iter().filter(|d| &*d.label == "person").collect();
    println!("yolox-nano: {} persons, best {:.2}", persons.len(), persons[0].confidence);
    assert!(persons.len() >= 10 && persons[0].confidence > 0.85);
    detector.start(&frame).unwrap();
    assert_eq!(detector.finish(&DetectOptions::default()).unwrap(), found);
    assert!(detector.finish(&DetectOptions::default()).is_err());
}

fn reference_pose(row: &Value) -> Option<Vec<[f32; 4]>> {
    let points = row["poses"].as_array()?.first()?["keypoints"].as_array()?;
    Some(points.iter().map(|p| [0, 1, 2, 3].map(|i| number(&p[i]))).collect())
}

fn torso(points: &[[f32; 4]]) -> f32 {
    let middle = |a: usize, b: usize| Point::new((points[a][0] + points[b][0]) / 2.0, (points[a][1] + points[b][1]) / 2.0);
    middle(11, 12).distance(middle(23, 24))
}

fn quantile(values: &mut [f32], at: f64) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(((values.len() as f64 - 1.0) * at) as usize).copied().unwrap_or(f32::NAN)
}

#[test]
fn poses_are_those_of_mediapipe() {
    let Some(models) = models(&[]) else { return };
    for clip in ["squats_portrait_720x1280_5fps.mp4", "pose_single_576x576.mp4", "fencing_footwork_advance_vfr.mov"] {
        let stem = clip.split('.').next().unwrap();
        let (Some(rows), Some(frames)) = (golden(&format!("{stem}__mediapipe_full_raw")), frames(clip)) else { return };
        let mut estimator = models.catalog.pose(&ModelChoice::Default).unwrap().unwrap();
        let (mut errors, mut depth, mut missed, mut extra) = (vec![], vec![], 0, 0);
        let (mut clock, mut ids) = (Clock::default(), BTreeSet::new());
        for (index, frame) in frames.enumerate() {
            let poses = clock.time(|| estimator.estimate(&frame, &[], 1)).unwrap();
            ids.extend(poses.iter().map(|p| p.track_id));
            match (rows.get(&index).and_then(reference_pose), poses.first()) {
                (Some(reference), Some(pose)) => {
                    let torso = torso(&reference);
                    for (r, k) in reference.iter().zip(&pose.keypoints) {
                        errors.push(k.point().distance(Point::new(r[0], r[1])) / torso);
                        depth.push((k.z.unwrap() - r[2]).abs() / torso);
                        assert!((k.visibility - r[3]).abs() < 0.3, "{clip} {index}: {k:?} for {r:?}");
                    }
                }
                (Some(_), None) => missed += 1,
                (None, ours) => extra += usize::from(ours.is_some()),
            }
        }
        let [median, p95, z] = [quantile(&mut errors, 0.5), quantile(&mut errors, 0.95), quantile(&mut depth, 0.95)].map(|v| v * 100.0);
        let (tracks, all) = (ids.len(), clock.0.len());
        print!("{clip:32} {all} frames, missed {missed}, extra {extra}, {tracks} tracks; of the torso ");
        println!("median {median:.2} %, p95 {p95:.2} %, z p95 {z:.2} %; {}", clock.says());
        assert!(median <= 2.0 && p95 <= 5.0, "{clip}: median {median}, p95 {p95}");
        assert!(missed * 50 <= all, "{clip}: {missed} frames have no pose");
    }
}

#[test]
fn many_persons_are_followed() {
    let Some(models) = models(&["yolox_nano.onnx"]) else { return };
    for (clip, most, aided) in [
        ("people_walking_street_720p.mp4", 5, false),
        ("people_walking_street_720p.mp4", 12, true),
        ("fencing_broadcast_720p.mp4", 2, true),
        ("two_persons_indoor_1080p.mp4", 5, true),
        ("pedestrians_highview_1080p.mp4", 5, true),
    ] {
        let Some(frames) = frames(clip) else { return };
        let mut detector = models.catalog.detector(&ModelChoice::Default).unwrap().unwrap();
        let mut estimator = models.catalog.pose(&ModelChoice::Default).unwrap().unwrap();
        let options = DetectOptions { classes: Some(vec![0]), ..DetectOptions::default() };
        let (mut clock, mut poses_seen, mut boxes_seen) = (Clock::default(), 0, 0);
        let mut ids: BTreeMap<u32, usize> = BTreeMap::new();
        for frame in frames.take(120) {
            let detections = if aided { detector.detect(&frame, &options).unwrap() } else { vec![] };
            let persons: Vec<BBox> = detections.iter().map(|d| d.bbox).collect();
            let poses = clock.time(|| estimator.estimate(&frame, &persons, most)).unwrap();
            assert!(poses.len() <= most);
            check_poses(&poses);
            poses.iter().for_each(|p| *ids.entry(p.track_id.unwrap()).or_default() += 1);
            (poses_seen, boxes_seen) = (poses_seen + poses.len(), boxes_seen + persons.len());
        }
        let each = |sum: usize| sum as f64 / clock.0.len() as f64;
        let (boxes, poses, long) = (each(boxes_seen), each(poses_seen), ids.values().filter(|n| **n > 10).count());
        let tracks = ids.len();
        print!("{clip:32} {boxes:4.1} boxes, {poses:4.1} of at most {most} poses a frame, ");
        println!("{tracks} tracks, {long} longer than 10 frames; {}", clock.says());
        assert!(poses_seen > clock.0.len(), "{clip}: less than one pose a frame");
    }
}

fn check_poses(poses: &[Pose]) {
    let ids: BTreeSet<_> = poses.iter().map(|p| p.track_id.unwrap()).collect();
    assert_eq!(ids.len(), poses.len());
    let all = |pose: &Pose| pose.keypoints.iter().all(|k| k.x.is_finite() && k.y.is_finite() && (0.0..=1.0).contains(&k.visibility));
    let whole = |pose: &Pose| pose.keypoints.len() == 33 && (0.5..=1.0).contains(&pose.score) && all(pose);
    assert!(poses.iter().all(whole), "{poses:?}");
}

#[test]
fn persons_are_found_without_an_object_model() {
    let Some(models) = models(&[]) else { return };
    let notices = models.catalog.notices();
    assert!(notices.len() == 1 && notices[0].starts_with("yolox-nano") && notices[0].ends_with("https://example.org/yolox_nano.onnx"));
    let mut detector = models.catalog.detector(&ModelChoice::Default).unwrap().unwrap();
    assert_eq!((detector.name(), &*detector.labels().get(0)), ("blazepose-person", "person"));
    let Some(rows) = golden("people_walking_street_720p__yolov8n_int8") else { return };
    let Some(frames) = frames("people_walking_street_720p.mp4") else { return };
    let (mut found, mut overlap, mut clock) = (0, vec![], Clock::default());
    for (index, frame) in frames.enumerate() {
        let Some(row) = rows.get(&index) else { continue };
        let ours = clock.time(|| detector.detect(&frame, &DetectOptions::default())).unwrap();
        check(&ours, frame.size(), &DetectOptions::default());
        found += ours.len();
        let reference: Vec<_> = reference_boxes(row).into_iter().filter(|r| r.0 == 0).collect();
        overlap.extend(ours.iter().map(|d| reference.iter().map(|r| r.2.iou(&d.bbox)).fold(0.0, f32::max)));
    }
    let (each, median) = (found as f64 / clock.0.len() as f64, quantile(&mut overlap, 0.5));
    println!("blazepose-person: {each:.1} persons a frame, median IoU with YOLOv8n {median:.2}; {}", clock.says());
    assert!(found >= clock.0.len() && median > 0.6);
}

#[test]
fn settings_are_taken_and_compiled_models_are_kept() {
    let (Some(library), Some(model)) = (openvino(), shared("models/yolox_nano.onnx")) else { return };
    let cache = tempfile::tempdir().unwrap();
    let (device, cache_dir) = ("CPU".into(), Some(cache.path().to_owned()));
    let config = EngineConfig { library, device, cache_dir, precision: Precision::Bf16, threads: Some(1) };
    let engine = Engine::load(config.clone()).unwrap();
    assert_eq!(engine.compile(&model).unwrap().outputs()[0].to_string(), "[1,3549,85]");
    assert!(std::fs::read_dir(cache.path()).unwrap().count() > 0, "{} keeps nothing", engine.version());
    assert!(Engine::load(EngineConfig { device: "NOWHERE".into(), ..config }).is_err());
}

#[test]
fn odd_frames_are_looked_at_without_harm() {
    let Some(models) = models(&["yolox_nano.onnx", "yolov8n_int8_openvino"]) else { return };
    let names = ["yolox-nano", "yolov8n_int8_openvino", "blazepose-person"];
    let mut detectors = names.map(|name| models.catalog.detector(&named(name)).unwrap().unwrap());
    let mut estimator = models.catalog.pose(&ModelChoice::Default).unwrap().unwrap();
    for (w, h) in [(1, 1), (2, 2), (8000, 2), (2, 3000), (0, 0), (0, 5), (640, 640)] {
        let size = Size::new(w, h);
        let frame = RgbFrame::filled(size, [128, 100, 90]);
        for detector in &mut detectors {
            let options = DetectOptions { confidence: 0.0, ..DetectOptions::default() };
            check(&detector.detect(&frame, &options).unwrap(), size, &options);
        }
        for persons in [vec![], vec![BBox::new(0.0, 0.0, 1.0, 1.0)], vec![BBox { x1: f32::NAN, y1: 0.0, x2: f32::NAN, y2: 1.0 }]] {
            for most in [0, 1, 20] {
                check_poses(&estimator.estimate(&frame, &persons, most).unwrap());
            }
        }
    }
}

#[test]
fn the_catalog_says_what_there_is() {
    let others = ["yolov8n_int8_openvino", "nanodet_m_416.onnx", "yolov8n-pose_int8_openvino"];
    let Some(models) = models(&others) else { return };
    let state = |models: &Models, name: &str| models.catalog.models().into_iter().find(|m| m.name == name).unwrap();
    assert_eq!(state(&models, "yolox-nano").state, ModelState::Missing);
    assert_eq!(state(&models, "yolov8n_int8_openvino").state, ModelState::Available);
    // The folder's first model cannot be used and is passed over.
    let detector = models.catalog.detector(&ModelChoice::Default).unwrap().unwrap();
    assert_eq!((detector.name(), &*detector.labels().get(0)), ("yolov8n_int8_openvino", "person"));
    let loaded = state(&models, "yolov8n_int8_openvino");
    assert_eq!((loaded.state, loaded.input, loaded.labels, loaded.default), (ModelState::Loaded, Some([640, 640]), 80, true));
    assert!(models.catalog.detector(&ModelChoice::None).unwrap().is_none());
    let refused = [("nanodet_m_416", "[1,2704,80]"), ("yolox-nano", "scripts/setup"), ("nobody", "there are")];
    for (name, says) in refused {
        let error = models.catalog.detector(&named(name)).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(state(&models, "nanodet_m_416").state, ModelState::Failed);
    assert!(matches!(models.catalog.pose(&named("yolov8n_int8_openvino")), Err(CatalogError::OtherTask { .. })));
    assert!(models.catalog.pose(&named("yolov8n-pose_int8_openvino")).err().unwrap().to_string().contains("choose blazepose"));
    models.catalog.warm_up().unwrap();

    let path = shared("models/derived_road_damage_openvino").unwrap();
    let name = models.catalog.add(&path.join("best.xml")).unwrap();
    let damage = models.catalog.detector(&named(&name)).unwrap().unwrap();
    assert_eq!((damage.labels().len(), &*damage.labels().get(2)), (4, "Alligator Crack"));
    assert!(matches!(models.catalog.add(Path::new("/nowhere")), Err(CatalogError::NoModelThere { .. })));
}
