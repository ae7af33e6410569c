//! `sightline models check`: loads models and runs them, a line on stdout for each.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;

use super::{size, word};
use crate::cli::analyze::is_path;
use crate::config::models::CheckArgs;
use crate::installation;
use crate::vision::{Catalog, ModelState, ModelSummary};

/// Runs that are timed, after the first one.
const RUNS: u32 = 5;

pub fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let engine = installation::engine(&args.engine, installation::model_cache())?;
    let catalog = installation::catalog(engine, &args.engine)?;
    let mut failed = 0;
    for name in names(args, &catalog) {
        match check(&catalog, &name) {
            Ok((model, time)) => println!("{}", line(&model, time)),
            Err(error) => {
                failed += 1;
                println!("FAILED  {name}: {error}");
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of the models cannot be used");
    }
    Ok(())
}

/// Those that are named, or all whose files are there: what is missing is no failure unless it was asked for.
fn names(args: &CheckArgs, catalog: &Catalog) -> Vec<String> {
    if args.models.is_empty() {
        let there = catalog.models().into_iter().filter(|model| model.state != ModelState::Missing);
        return there.map(|model| model.name).collect();
    }
    args.models.clone()
}

fn check(catalog: &Catalog, name: &str) -> anyhow::Result<(ModelSummary, Duration)> {
    let name = if is_path(name) { &catalog.add(Path::new(name))? } else { name };
    if let Some(file) = catalog.altered(name)? {
        bail!("{file} is not the file that the manifest names (its sha256 differs): sightline models fetch brings it");
    }
    let time = catalog.prepare(name, RUNS)?;
    Ok((catalog.summary(name)?, time))
}

fn line(model: &ModelSummary, time: Duration) -> String {
    let (name, task, head, precision) = (&model.name, word(model.task), word(model.head), word(model.precision));
    let (input, ms) = (size(model.input), time.as_secs_f64() * 1000.0);
    let labels = if model.labels == 1 { "1 class".to_owned() } else { format!("{} classes", model.labels) };
    format!("ok      {name}: {task}, {head}, input {input}, {labels}, {precision}, {ms:.1} ms a frame")
}
