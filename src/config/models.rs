//! The command line of `sightline models`.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Subcommand};

use super::EngineArgs;

/// What can be read, for whoever brings a model of their own.
const OWN_MODELS: &str = "\
Models of your own: put a file (OpenVINO IR .xml with its .bin, ONNX, TFLite), or a folder with one, into the
models folder. A server that runs finds it. Its name is that of the file or folder.

What it is, and how it is fed and read, is told from the file, its shapes, and what an exporter wrote beside it.
YOLO (v5, v8 to v12, X, end to end), NanoDet, SSD, DETR, BlazePose and MoveNet can be read, in FP32, FP16 or INT8:
docs/models.md has the table, and what manifest.toml may say where a file does not.";

#[derive(Debug, Args)]
#[command(after_long_help = OWN_MODELS)]
pub struct ModelsArgs {
    #[command(subcommand)]
    pub command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Say which models there are; * marks the defaults
    List(ListArgs),
    /// Load models, run each on a frame, and say what they are; ends with 1 where one fails
    Check(CheckArgs),
    /// Bring the models of the manifest into the models folder, each file checked; run again, it goes on
    Fetch(FetchArgs),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// One line of JSON, as GET /api/models gives it
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Models by name, or by the path of a file or folder [default: all that are there]
    #[arg(value_name = "NAME|PATH")]
    pub models: Vec<String>,
    #[command(flatten)]
    pub engine: EngineArgs,
}

#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Models by name [default: those that are defaults]
    #[arg(value_name = "NAME")]
    pub models: Vec<String>,
    /// Folder that is searched for the files first, with those below it; an empty name is none
    #[arg(long, env = "MODELS_MIRROR", value_name = "DIR", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub mirror: Option<PathBuf>,
    /// Certificates (PEM) to trust beside the system's
    #[arg(long, env = "SIGHTLINE_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    #[command(flatten)]
    pub engine: EngineArgs,
}
