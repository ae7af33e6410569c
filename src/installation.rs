//! Finds what set-up brought, and puts together what analyses need from it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{EncodeArgs, EngineArgs};
use crate::media::ffmpeg::Ffmpeg;
use crate::media::sandbox::Sandbox;
use crate::processing::resources::Resources;
use crate::processing::slots::Slots;
use crate::vision::{Catalog, CatalogError, Engine, EngineConfig, Manifest};

/// The list of models that the binary carries.
const MANIFEST: &str = include_str!("../models/manifest.toml");

/// What keeps analyses from running, in a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    #[error("{0}")]
    Ffmpeg(String),
    #[error("{0}")]
    Engine(String),
    #[error("{0}")]
    Models(String),
}

/// FFmpeg: as said, as set-up brought it, or from the PATH.
pub fn ffmpeg(args: &EngineArgs) -> Result<Ffmpeg, Missing> {
    let brought = || near("ffmpeg/ffmpeg").unwrap_or_else(|| PathBuf::from("ffmpeg"));
    let path = args.ffmpeg.clone().unwrap_or_else(brought);
    let ffmpeg = Ffmpeg::probe(&path).map_err(|e| Missing::Ffmpeg(e.to_string()))?;
    if let Sandbox::None(reason) = ffmpeg.sandbox() {
        tracing::info!("FFmpeg runs without a sandbox: {reason}");
    }
    Ok(ffmpeg)
}

/// The OpenVINO runtime: as said, or as set-up brought it.
pub fn engine(args: &EngineArgs, cache_dir: Option<PathBuf>) -> Result<Engine, Missing> {
    let library = args.openvino.clone().or_else(brought_library).ok_or_else(|| {
        Missing::Engine("OpenVINO was not found. Run scripts/setup, or name its libopenvino_c.so with --openvino.".to_owned())
    })?;
    let config = EngineConfig { library, device: args.device.clone(), cache_dir, precision: args.precision.into(), threads: None };
    Engine::load(config).map_err(|e| Missing::Engine(e.to_string()))
}

/// The models of the folder, by its own manifest or the binary's.
pub fn catalog(engine: Engine, args: &EngineArgs) -> Result<Catalog, Missing> {
    let models = |e: CatalogError| Missing::Models(e.to_string());
    Catalog::open(engine, &args.models_dir, manifest()?).map_err(models)
}

/// The manifest of the binary, for a folder without one.
pub fn manifest() -> Result<Manifest, Missing> {
    Manifest::parse(MANIFEST).map_err(|e| Missing::Models(e.to_string()))
}

pub fn resources(ffmpeg: Ffmpeg, catalog: Catalog, encode: &EncodeArgs, running: usize) -> Resources {
    Resources {
        ffmpeg,
        catalog: Arc::new(catalog),
        slots: Slots::new(running),
        encode: encode.settings(),
        max_pixels: encode.max_frame_pixels,
        stall_limit: Duration::from_secs(encode.stall_timeout),
    }
}

/// Compiled models are kept here, where set-up's folder is; nowhere if there is none.
pub fn model_cache() -> Option<PathBuf> {
    set_up_folders().find(|folder| folder.is_dir()).map(|folder| folder.join("model-cache"))
}

fn brought_library() -> Option<PathBuf> {
    let folder = near("openvino/libs")?;
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.flatten().map(|e| e.path()).collect();
    found.retain(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("libopenvino_c.so")));
    found.sort();
    found.pop()
}

fn near(what: &str) -> Option<PathBuf> {
    set_up_folders().map(|folder| folder.join(what)).find(|path| path.exists())
}

/// `.deps` of the folder we are in, and of those above the binary.
fn set_up_folders() -> impl Iterator<Item = PathBuf> {
    let here = std::env::current_dir().ok();
    let binary = std::env::current_exe().ok();
    let above = binary.iter().flat_map(|b| b.ancestors().skip(1).take(4)).map(Path::to_owned).collect::<Vec<_>>();
    here.into_iter().chain(above).map(|folder| folder.join(".deps"))
}
