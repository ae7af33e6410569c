//! The binary: parses the command line, runs a command, turns its outcome into an exit code (0 ok, 1 failed, 2 wrong usage).

use std::process::ExitCode;

use sightline::cli::{analyze, bench, doctor, models, track, upload};
use sightline::config::{Command, WrongConfiguration, environment};
use sightline::error_code::{ErrorCode, Problem};
use sightline::options::InvalidOption;
use sightline::sessions::cancel::CancelToken;
use sightline::{app, telemetry};

fn main() -> ExitCode {
    let cli = match environment::parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    if let Err(error) = telemetry::start(&cli.log) {
        eprintln!("error: --log (SIGHTLINE_LOG): {error}");
        return ExitCode::from(2);
    }
    let outcome = match cli.command {
        Command::Serve(args) => app::serve(*args),
        Command::Analyze(args) => cancel_on_signals().and_then(|cancel| analyze::run(&args, &cancel)),
        Command::Upload(args) => upload::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Track(args) => track::run(&args),
        Command::Models(args) => models::run(&args),
        Command::Doctor(args) => return if doctor::run(&args) { ExitCode::SUCCESS } else { ExitCode::FAILURE },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            let usage = error.is::<InvalidOption>()
                || error.is::<WrongConfiguration>()
                || error.is::<analyze::Usage>()
                || error.is::<upload::WrongAddress>();
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

/// Ctrl-C and SIGTERM cancel the work instead of killing it, so that nothing half-written stays.
fn cancel_on_signals() -> anyhow::Result<CancelToken> {
    let cancel = CancelToken::default();
    let told = cancel.clone();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Err(error) = app::wait_for_signal() {
            tracing::warn!(%error, "signals are not heard; Ctrl-C ends the program at once");
            return;
        }
        told.cancel(Problem::new(ErrorCode::Cancelled, "Stopped on request."));
    })?;
    Ok(cancel)
}
