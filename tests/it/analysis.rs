//! One analysis through the library: a file in, a summary and perhaps an MP4 out, no models and no server.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use clap::Parser;
use sightline::config::{AnalyzeArgs, Cli, Command};
use sightline::error_code::Problem;
use sightline::ingest::spool::Spool;
use sightline::installation;
use sightline::media::command::EncodeSettings;
use sightline::processing::job::{Job, Observer};
use sightline::processing::outputs::{OutputKind, Outputs};
use sightline::processing::progress::{Pace, Progress};
use sightline::processing::resources::Resources;
use sightline::processing::run::{self, Finished};
use sightline::sessions::cancel::CancelToken;
use sightline::sessions::session::SessionState;

use crate::scratch;

/// Analyses that may run at once.
pub const AT_ONCE: usize = 3;

struct Nobody;

impl Observer for Nobody {
    fn entered(&mut self, _: SessionState) {}
    fn frame_done(&mut self, _: &Pace) {}
    fn progress(&mut self, _: Progress) {}
    fn wants_from(&mut self, _: Option<u64>) {}
    fn wants_previews(&self) -> bool {
        false
    }
}

fn args() -> AnalyzeArgs {
    let line = ["sightline", "analyze", "--models-dir", scratch::no_models(), "--detector", "none", "--pose", "none", "a.mp4"];
    match Cli::parse_from(line).command {
        Command::Analyze(args) => *args,
        _ => unreachable!("analyze was asked for"),
    }
}

fn resources() -> &'static Resources {
    static RESOURCES: OnceLock<Resources> = OnceLock::new();
    RESOURCES.get_or_init(|| {
        let args = args();
        let ffmpeg = installation::ffmpeg(&args.engine).expect("scripts/setup brings FFmpeg");
        let engine = installation::engine(&args.engine, None).expect("scripts/setup brings OpenVINO");
        let catalog = installation::catalog(engine, &args.engine).unwrap();
        installation::resources(ffmpeg, catalog, &args.encode, AT_ONCE)
    })
}

/// As the program does it by default.
pub fn of(video: &Path, output: Option<&Path>) -> Result<Finished, Problem> {
    run(resources(), video, output)
}

/// Encoded without loss, for tests that look at pixels.
pub fn lossless(video: &Path, output: &Path) -> Finished {
    let encode = EncodeSettings { crf: 0, preset: "ultrafast".to_owned() };
    run(&Resources { encode, ..resources().clone() }, video, Some(output)).unwrap()
}

fn run(resources: &Resources, video: &Path, output: Option<&Path>) -> Result<Finished, Problem> {
    let folder = scratch::folder("analysis-");
    let mut outputs = Outputs::default();
    outputs.set(OutputKind::Video, output.map(Path::to_owned));
    let job = Job {
        spool: Arc::new(Spool::open_complete(video).unwrap()),
        filename: None,
        options: args().analysis.options().unwrap(),
        outputs,
        scratch: folder.path().to_owned(),
        keeps_encoded: false,
    };
    run::run(resources, &job, &CancelToken::default(), &mut Nobody)
}
