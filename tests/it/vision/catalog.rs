//! Which models there are, and what odd ones and odd frames do.

use std::path::Path;

use sightline::frame::RgbFrame;
use sightline::geometry::{BBox, Size};
use sightline::options::ModelChoice;
use sightline::vision::{CatalogError, DetectOptions, Engine, EngineConfig, ModelState, Precision};

use super::poses::check_poses;
use super::{Models, check, models, models_and, named, openvino, shared};

#[test]
fn settings_are_taken_and_compiled_models_are_kept() {
    let (Some(library), Some(model)) = (openvino(), shared("models/yolox_nano.onnx")) else { return };
    let cache = tempfile::tempdir().unwrap();
    let (device, cache_dir) = ("CPU".into(), Some(cache.path().to_owned()));
    let config = EngineConfig { library, device, cache_dir, precision: Precision::Bf16, threads: Some(1) };
    let engine = Engine::load(config.clone()).unwrap();
    assert_eq!(engine.compile(engine.read(&model).unwrap()).unwrap().outputs()[0].to_string(), "[1,3549,85]");
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
    let others = ["yolov8n_int8_openvino", "yolov8n-pose_int8_openvino"];
    let Some(models) = models_and(&others, &[("a_broken.onnx", "not a model")]) else { return };
    let state = |models: &Models, name: &str| models.catalog.models().into_iter().find(|m| m.name == name).unwrap();
    assert_eq!(state(&models, "yolox-nano").state, ModelState::Missing);
    assert_eq!(state(&models, "yolov8n_int8_openvino").state, ModelState::Available);
    // The folder's first model cannot be used and is passed over.
    let detector = models.catalog.detector(&ModelChoice::Default).unwrap().unwrap();
    assert_eq!((detector.name(), &*detector.labels().get(0)), ("yolov8n_int8_openvino", "person"));
    let loaded = state(&models, "yolov8n_int8_openvino");
    assert_eq!((loaded.state, loaded.input, loaded.labels, loaded.default), (ModelState::Loaded, Some([640, 640]), 80, true));
    assert!(models.catalog.detector(&ModelChoice::None).unwrap().is_none());
    let refused = [("a_broken", "not a model OpenVINO can read"), ("yolox-nano", "scripts/setup"), ("nobody", "there are")];
    for (name, says) in refused {
        let error = models.catalog.detector(&named(name)).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(state(&models, "a_broken").state, ModelState::Failed);
    assert!(matches!(models.catalog.pose(&named("yolov8n_int8_openvino")), Err(CatalogError::OtherTask { .. })));
    assert_eq!(models.catalog.pose(&named("yolov8n-pose_int8_openvino")).unwrap().unwrap().name(), "yolov8n-pose_int8_openvino");
    models.catalog.warm_up().unwrap();

    let path = shared("models/derived_road_damage_openvino").unwrap();
    let name = models.catalog.add(&path.join("best.xml")).unwrap();
    let damage = models.catalog.detector(&named(&name)).unwrap().unwrap();
    assert_eq!((damage.labels().len(), &*damage.labels().get(2)), (4, "Alligator Crack"));
    assert!(matches!(models.catalog.add(Path::new("/nowhere")), Err(CatalogError::NoModelThere { .. })));
}
