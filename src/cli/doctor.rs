//! `sightline doctor`: what this machine has, what is missing, and how to get it.

use crate::config::EngineArgs;
use crate::installation;
use crate::media::sandbox::Sandbox;
use crate::vision::catalog::ModelState;

/// Prints a line a part on stdout; false where something is missing that an analysis needs.
pub fn run(args: &EngineArgs) -> bool {
    let mut well = true;
    let mut line = |good: bool, part: &str, text: String| {
        well &= good;
        println!("{} {part:<10} {text}", if good { "ok     " } else { "MISSING" });
    };
    match installation::ffmpeg(args) {
        Ok(ffmpeg) => {
            line(true, "FFmpeg", format!("{} at {}", ffmpeg.version(), ffmpeg.path().display()));
            match ffmpeg.sandbox() {
                Sandbox::None(reason) => println!("note    sandbox    none: {reason}"),
                sandbox => line(true, "sandbox", format!("{}: FFmpeg reaches its own files and no TCP", sandbox.word())),
            }
        }
        Err(error) => line(false, "FFmpeg", error.to_string()),
    }
    let engine = match installation::engine(args, None) {
        Ok(engine) => {
            line(true, "OpenVINO", format!("{}, device {}", engine.version(), engine.device()));
            engine
        }
        Err(error) => {
            line(false, "OpenVINO", error.to_string());
            return false;
        }
    };
    match installation::catalog(engine, args) {
        Ok(catalog) => {
            for model in catalog.models() {
                let licence = model.licence.as_deref().unwrap_or("licence not told");
                let default = if model.default { ", default" } else { "" };
                match model.state {
                    ModelState::Missing | ModelState::Failed => {
                        let problem = model.problem.unwrap_or_else(|| "its file is missing".to_owned());
                        println!("absent  model      {} ({}): {problem}", model.name, model.task.word());
                    }
                    _ => println!("ok      model      {} ({}, {licence}{default})", model.name, model.task.word()),
                }
            }
            catalog.notices().iter().for_each(|notice| println!("note    model      {notice}"));
            if let Err(error) = catalog.warm_up() {
                line(false, "inference", error.to_string());
            } else {
                line(true, "inference", "the default models run".to_owned());
            }
        }
        Err(error) => line(false, "models", error.to_string()),
    }
    well
}
