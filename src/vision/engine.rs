//! The OpenVINO core: the library is loaded from a path at run time, so that the program starts and can say what is missing without it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openvino::{Core, DeviceType, RwPropertyKey};
use parking_lot::Mutex;

use crate::vision::blob_cache;
use crate::vision::draft::Draft;
use crate::vision::engine_error::{EngineError, OLDEST_RUNTIME};
use crate::vision::network::Network;

/// In which numbers a model is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// OpenVINO's choice: bf16 where the processor has it, which halves the time and moves scores by about .01.
    #[default]
    Auto,
    F32,
    Bf16,
}

#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// `libopenvino_c.so.<n>`; its sister libraries lie beside it.
    pub library: PathBuf,
    /// `CPU`, `GPU`, `NPU` or another name OpenVINO knows.
    pub device: String,
    /// Where compiled models are kept between starts; none compiles anew.
    pub cache_dir: Option<PathBuf>,
    pub precision: Precision,
    /// Threads of one inference; none leaves it to OpenVINO.
    pub threads: Option<usize>,
}

/// A started OpenVINO. Clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    core: Mutex<Core>,
    device: String,
    version: String,
}

impl Engine {
    /// Loads the library and starts it. A process has one OpenVINO: a second call takes the library of the first.
    pub fn load(config: EngineConfig) -> Result<Engine, EngineError> {
        let EngineConfig { library, device, cache_dir, precision, threads } = config;
        if !library.is_file() {
            return Err(EngineError::LibraryMissing { path: library });
        }
        // The binding ends the process's thread where a symbol is missing, so any other library must not get that far.
        if !library.file_name().is_some_and(|name| name.to_string_lossy().contains("openvino_c")) {
            return Err(EngineError::NotOpenvino { path: library });
        }
        openvino_sys::library::load_from(library.clone())
            .map_err(|reason| EngineError::LibraryUnusable { path: library.clone(), reason })?;
        let version = openvino::version().build_number;
        if parse_version(&version).is_some_and(|found| found < OLDEST_RUNTIME) {
            return Err(EngineError::TooOld { found: version });
        }
        let core = Core::new().map_err(|e| EngineError::NotStarted { reason: e.to_string() })?;
        let engine = Engine(Arc::new(Shared { core: Mutex::new(core), device, version }));
        // With several streams (THROUGHPUT) OpenVINO 2026.4.1 gives wrong numbers for quantised TFLite models, now and then.
        engine.set("PERFORMANCE_HINT", RwPropertyKey::HintPerformanceMode, "LATENCY")?;
        if let Some(dir) = cache_dir {
            blob_cache::prune(&dir, blob_cache::MOST);
            engine.set("CACHE_DIR", RwPropertyKey::CacheDir, &dir.to_string_lossy())?;
        }
        match precision {
            Precision::Auto => {}
            Precision::F32 => engine.set("INFERENCE_PRECISION_HINT", RwPropertyKey::HintInferencePrecision, "f32")?,
            Precision::Bf16 => engine.set("INFERENCE_PRECISION_HINT", RwPropertyKey::HintInferencePrecision, "bf16")?,
        }
        if let Some(threads) = threads {
            engine.set("INFERENCE_NUM_THREADS", RwPropertyKey::InferenceNumThreads, &threads.to_string())?;
        }
        Ok(engine)
    }

    /// OpenVINO's build, as `2026.4.1-22982-e213a147257-releases/2026/4`.
    pub fn version(&self) -> String {
        self.0.version.clone()
    }

    pub fn device(&self) -> &str {
        &self.0.device
    }

    /// Reads an IR (`.xml` with its `.bin`), ONNX or TFLite file.
    pub fn read(&self, path: &Path) -> Result<Draft, EngineError> {
        let missing = || EngineError::ModelMissing { path: path.to_owned() };
        let text = path.to_str().filter(|_| path.is_file()).ok_or_else(missing)?;
        // An empty weights path lets OpenVINO take the `.bin` beside an `.xml`.
        let draft = self.0.core.lock().read_model_from_file(text, "").and_then(|model| Draft::new(path.to_owned(), model));
        draft.map_err(|cause| EngineError::Unreadable { path: path.to_owned(), cause })
    }

    /// Prepares a model for the device. Takes up to seconds.
    pub fn compile(&self, draft: Draft) -> Result<Network, EngineError> {
        let path = draft.path().to_owned();
        let not_compiled = |cause| EngineError::NotCompiled { path: path.clone(), device: self.0.device.clone(), cause };
        let (model, inputs) = draft.in_floats().map_err(not_compiled)?;
        let compiled = self.0.core.lock().compile_model(&model, self.device_type()).map_err(not_compiled)?;
        Network::new(compiled, &inputs)
    }

    fn device_type(&self) -> DeviceType<'_> {
        DeviceType::Other(self.0.device.as_str().into())
    }

    fn set(&self, key: &'static str, property: RwPropertyKey, value: &str) -> Result<(), EngineError> {
        let refused = |cause| EngineError::Setting { device: self.0.device.clone(), key, value: value.to_owned(), cause };
        self.0.core.lock().set_property(&self.device_type(), &property, value).map_err(refused)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("device", &self.0.device).field("version", &self.0.version).finish()
    }
}

fn parse_version(build: &str) -> Option<(u32, u32)> {
    let mut parts = build.split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(library: &Path) -> EngineConfig {
        EngineConfig { library: library.to_owned(), device: "CPU".into(), cache_dir: None, precision: Precision::Auto, threads: None }
    }

    #[test]
    fn a_library_that_is_not_there_is_named() {
        let error = Engine::load(config(Path::new("/nowhere/libopenvino_c.so"))).unwrap_err();
        assert!(error.to_string().contains("/nowhere/libopenvino_c.so") && error.to_string().contains("scripts/setup"), "{error}");
    }

    #[test]
    fn another_file_is_not_taken_for_openvino() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("libc.so");
        std::fs::write(&other, "no library").unwrap();
        assert!(matches!(Engine::load(config(&other)), Err(EngineError::NotOpenvino { .. })));
    }

    #[test]
    fn versions_compare_by_year_and_month() {
        assert_eq!(parse_version("2026.4.1-22982-e213a147257-releases/2026/4"), Some((2026, 4)));
        assert!(parse_version("2023.3.0-1").unwrap() < OLDEST_RUNTIME);
        assert_eq!(parse_version("custom"), None);
    }
}
