//! The command line and the environment: the only room that names an environment variable.

pub mod analysis;
pub mod environment;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::media::command::EncodeSettings;
use crate::options::InvalidOption;
use crate::vision::Precision;
use analysis::OptionArgs;

/// Analyses videos: finds objects and human poses, and gives back an annotated MP4 and the numbers behind it.
#[derive(Debug, Parser)]
#[command(name = "sightline", version, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// How much to log on stderr: error, warn, info, debug, or a filter such as `sightline=debug,warn`
    #[arg(long, global = true, env = "SIGHTLINE_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the web app and the API
    Serve(Box<ServeArgs>),
    /// Analyse video files without a server
    Analyze(Box<AnalyzeArgs>),
    /// Send video files to a server, follow their analysis and fetch the results; run again, it goes on
    Upload(Box<UploadArgs>),
    /// Check what this machine has and say how to get what is missing
    Doctor(EngineArgs),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    /// bf16 where the processor has it
    #[default]
    Auto,
    F32,
    Bf16,
}

impl From<PrecisionArg> for Precision {
    fn from(arg: PrecisionArg) -> Self {
        match arg {
            PrecisionArg::Auto => Self::Auto,
            PrecisionArg::F32 => Self::F32,
            PrecisionArg::Bf16 => Self::Bf16,
        }
    }
}

/// Where the outside things are.
#[derive(Clone, Debug, Args)]
pub struct EngineArgs {
    /// Folder with the models
    #[arg(long, env = "SIGHTLINE_MODELS_DIR", default_value = "models", value_name = "DIR")]
    pub models_dir: PathBuf,
    /// The FFmpeg binary [default: the one set-up brought, else the one on the PATH]
    #[arg(long, env = "SIGHTLINE_FFMPEG", value_name = "FILE")]
    pub ffmpeg: Option<PathBuf>,
    /// OpenVINO's libopenvino_c.so [default: the one set-up brought]
    #[arg(long, env = "SIGHTLINE_OPENVINO", value_name = "FILE")]
    pub openvino: Option<PathBuf>,
    /// OpenVINO's device
    #[arg(long, env = "OPENVINO_DEVICE", default_value = "CPU", value_name = "NAME")]
    pub device: String,
    /// Numbers the models are computed in
    #[arg(long, value_enum, default_value_t)]
    pub precision: PrecisionArg,
}

/// How videos are decoded and encoded.
#[derive(Clone, Debug, Args)]
pub struct EncodeArgs {
    /// H.264 quality, 0 (lossless) to 51; lower is better and larger
    #[arg(long, default_value_t = EncodeSettings::default().crf, value_parser = clap::value_parser!(u8).range(0..=51))]
    pub crf: u8,
    /// x264 preset: faster ones make larger files
    #[arg(long, default_value = "veryfast", value_parser = PRESETS)]
    pub preset: String,
    /// Largest picture that is decoded, in pixels
    #[arg(long, default_value_t = 8192 * 4320, value_name = "PIXELS")]
    pub max_frame_pixels: u64,
    /// Seconds in which FFmpeg must take bytes or give a frame; beyond, it is taken to hang
    #[arg(long, default_value_t = 15, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub stall_timeout: u64,
}

const PRESETS: [&str; 9] = ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];

impl EncodeArgs {
    pub fn settings(&self) -> EncodeSettings {
        EncodeSettings { crf: self.crf, preset: self.preset.clone() }
    }
}

/// What the contract has clients send.
const CHUNK_BYTES: usize = 1 << 20;

#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, env = "SIGHTLINE_HOST")]
    pub host: Option<String>,
    /// Port to listen on; 0 takes a free one [default: 8080]
    #[arg(long, env = "SIGHTLINE_PORT")]
    pub port: Option<u16>,
    /// Folder for uploads and results
    #[arg(long, env = "SIGHTLINE_DATA_DIR", default_value = "uploads", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Uploads and analyses at once; more get 503
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = at_least_one)]
    pub max_sessions: usize,
    /// Analyses that run at once; more wait, while their bytes are stored
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = at_least_one)]
    pub max_running: usize,
    /// Largest chunk, in bytes
    #[arg(long, default_value_t = CHUNK_BYTES, value_name = "BYTES", value_parser = at_least_one)]
    pub max_chunk_bytes: usize,
    /// Bytes of chunks in memory at once; more get 503
    #[arg(long, default_value_t = 256 << 20, value_name = "BYTES", value_parser = at_least_one)]
    pub max_bytes_in_flight: usize,
    /// Largest file, in bytes
    #[arg(long, default_value_t = 16 << 30, value_name = "BYTES")]
    pub max_file_bytes: u64,
    /// Bytes that must stay free on the disk; below, uploads get 507
    #[arg(long, default_value_t = 256 << 20, value_name = "BYTES")]
    pub min_free_bytes: u64,
    /// Connections that read events at once; more get 503
    #[arg(long, default_value_t = 4096, value_name = "N", value_parser = at_least_one)]
    pub max_readers: usize,
    /// The same for one session
    #[arg(long, default_value_t = 2048, value_name = "N", value_parser = at_least_one)]
    pub max_readers_per_session: usize,
    /// Seconds a client may take to send a request's head, to pause within a body, or to take what it is sent
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub client_timeout: u64,
    /// Seconds of silence after which a reader of events gets a comment
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=15))]
    pub keepalive: u64,
    /// Seconds for which a reader of events waits for its session to begin
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    pub appearance_timeout: u64,
    /// Seconds without a chunk, a frame or a reader after which a session ends
    #[arg(long, default_value_t = 600, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub session_timeout: u64,
    /// Seconds between two looks for idle sessions
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub reaper_step: u64,
    /// Hours that results are kept
    #[arg(long, default_value_t = 24, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    pub keep_results: u64,
    /// Sessions that one client may begin within a minute; more get 429. 0 for any number
    #[arg(long, default_value_t = 6000, value_name = "N", env = "SIGHTLINE_RATE_LIMIT")]
    pub rate_limit: u32,
    /// Proxy whose X-Forwarded-For tells the client's address; may be given several times
    #[arg(long, value_name = "ADDRESS", env = "SIGHTLINE_TRUSTED_PROXY", value_delimiter = ',')]
    pub trusted_proxy: Vec<IpAddr>,
    #[command(flatten)]
    pub encode: EncodeArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Why a server does not start with what it was given.
#[derive(Debug, thiserror::Error)]
pub enum WrongConfiguration {
    #[error(transparent)]
    Value(#[from] InvalidOption),
    #[error("{0} and {1} say different things in the environment: keep one of them")]
    Contradiction(&'static str, &'static str),
    #[error("{0} must not be larger than {1}")]
    Beyond(&'static str, &'static str),
}

impl ServeArgs {
    /// Fills what was not said from the names an older system used.
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]
    pub fn with_older_names(mut self) -> Result<Self, WrongConfiguration> {
        let older = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        for (name, now) in [("REFEREE_HOST", "SIGHTLINE_HOST"), ("REFEREE_PORT", "SIGHTLINE_PORT")] {
            if let (Some(one), Some(other)) = (older(name), older(now))
                && one != other
            {
                return Err(WrongConfiguration::Contradiction(name, now));
            }
        }
        self.host = self.host.or_else(|| older("REFEREE_HOST"));
        if self.port.is_none()
            && let Some(got) = older("REFEREE_PORT")
        {
            let port = got.parse().map_err(|_| InvalidOption { field: "REFEREE_PORT", expected: "a port from 0 to 65535", got })?;
            self.port = Some(port);
        }
        self.check()?;
        Ok(self)
    }

    /// Values that are fine each for itself but not together.
    fn check(&self) -> Result<(), WrongConfiguration> {
        // Who only lowers the file's limit does not mean the chunk's.
        if self.max_chunk_bytes > CHUNK_BYTES && self.max_chunk_bytes as u64 > self.max_file_bytes {
            return Err(WrongConfiguration::Beyond("--max-chunk-bytes", "--max-file-bytes"));
        }
        if self.max_chunk_bytes > self.max_bytes_in_flight {
            return Err(WrongConfiguration::Beyond("--max-chunk-bytes", "--max-bytes-in-flight"));
        }
        Ok(())
    }

    pub fn address(&self) -> (&str, u16) {
        (self.host.as_deref().unwrap_or("127.0.0.1"), self.port.unwrap_or(8080))
    }

    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.session_timeout)
    }
}

/// Where results go, analysed here or on a server.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// The annotated MP4 [default: VIDEO's name with .annotated.mp4, in this folder]
    #[arg(short, long, value_name = "OUT.mp4")]
    pub output: Option<PathBuf>,
    /// Per-frame results as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub jsonl: Option<PathBuf>,
    /// Detections as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

impl OutputArgs {
    /// Whether one of the files was named, which only makes sense for one video.
    pub fn name_any(&self) -> bool {
        self.output.is_some() || self.jsonl.is_some() || self.csv.is_some()
    }
}

#[derive(Clone, Debug, Args)]
pub struct AnalyzeArgs {
    /// Videos to analyse
    #[arg(required = true, value_name = "VIDEO")]
    pub videos: Vec<PathBuf>,
    #[command(flatten)]
    pub files: OutputArgs,
    #[command(flatten)]
    pub analysis: OptionArgs,
    /// Write no video
    #[arg(long, conflicts_with = "output")]
    pub no_video: bool,
    /// Write all kinds of results into this folder: JSON Lines, CSV, MOTChallenge, COCO, captions, contact sheet, timeline
    #[arg(long, value_name = "DIR")]
    pub results_dir: Option<PathBuf>,
    /// One line of JSON for each video on stdout
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub encode: EncodeArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
}

#[derive(Clone, Debug, Args)]
pub struct UploadArgs {
    /// The server's address, such as http://127.0.0.1:8080
    #[arg(value_name = "SERVER")]
    pub server: String,
    /// Videos to send
    #[arg(required = true, value_name = "VIDEO")]
    pub videos: Vec<PathBuf>,
    #[command(flatten)]
    pub files: OutputArgs,
    #[command(flatten)]
    pub analysis: OptionArgs,
    /// Fetch no video
    #[arg(long, conflicts_with = "output")]
    pub no_download: bool,
    /// The server's result as one line of JSON for each video on stdout
    #[arg(long)]
    pub json: bool,
    /// Chunks on their way at once, 1 to 16
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = parallel)]
    pub parallel: usize,
    /// Certificates (PEM) to trust beside the system's, for an https server with one of its own
    #[arg(long, env = "SIGHTLINE_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

fn parallel(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=16).contains(n)).ok_or_else(|| "it must be a whole number from 1 to 16".to_owned())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "it must be a whole number of at least 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Blur;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn defaults_are_the_contracts() {
        let Command::Serve(serve) = Cli::parse_from(["sightline", "serve"]).command else { panic!("not serve") };
        assert_eq!((serve.max_chunk_bytes, serve.session_timeout, serve.reaper_step), (1 << 20, 600, 60));
        let Command::Analyze(analyze) = Cli::parse_from(["sightline", "analyze", "a.mp4", "--confidence", "2"]).command else {
            panic!("not analyze")
        };
        assert_eq!(analyze.analysis.options().unwrap_err().field, "confidence");
    }

    #[test]
    fn what_is_drawn_can_be_said() {
        let words = ["sightline", "analyze", "a.mp4", "--blur", "faces", "--heatmap", "--no-trails"];
        let Command::Analyze(analyze) = Cli::parse_from(words).command else { panic!("not analyze") };
        let options = analyze.analysis.options().unwrap();
        assert_eq!((options.blur, options.heatmap, options.trails), (Blur::Faces, true, false));
    }
}
