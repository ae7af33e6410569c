//! `sightline models fetch`: brings what the manifest names and what is not there.

use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::app;
use crate::client::models::{Fetcher, Found};
use crate::config::models::FetchArgs;
use crate::installation;
use crate::vision::catalog;
use crate::vision::manifest::{Entry, ModelFile};

pub fn run(args: &FetchArgs) -> anyhow::Result<()> {
    let folder = &args.engine.models_dir;
    std::fs::create_dir_all(folder).with_context(|| format!("the models folder {} cannot be made", folder.display()))?;
    let (_, manifest) = catalog::list(folder, installation::manifest()?)?;
    if let Some(unknown) = args.models.iter().find(|name| !manifest.models.iter().any(|m| m.name == **name)) {
        let known: Vec<&str> = manifest.models.iter().map(|m| m.name.as_str()).collect();
        bail!("the manifest has no model {unknown:?}; there are {}", known.join(", "));
    }
    let wanted = |model: &&Entry| if args.models.is_empty() { model.default } else { args.models.contains(&model.name) };
    let wanted: Vec<&Entry> = manifest.models.iter().filter(wanted).collect();
    let mirror = args.mirror.as_deref().filter(|mirror| !mirror.as_os_str().is_empty());
    if let Some(mirror) = mirror.filter(|mirror| !mirror.is_dir()) {
        eprintln!("{} is no folder: it is not looked in", mirror.display());
    }
    let fetcher = Fetcher::new(folder, mirror, args.ca_file.as_deref());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            done = fetch_all(fetcher, &wanted) => done,
            signal = app::signal() => {
                signal.context("signals are not heard")?;
                bail!("Stopped on request. The same command goes on where this one stopped.")
            }
        }
    })
}

/// Every file is tried, also after one that cannot be had.
async fn fetch_all(mut fetcher: Fetcher<'_>, wanted: &[&Entry]) -> anyhow::Result<()> {
    let mut failed = Vec::new();
    for model in wanted {
        let mut whole = true;
        for file in &model.files {
            whole &= fetch(&mut fetcher, file).await;
        }
        if !whole {
            failed.push(model.name.as_str());
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("not whole: {}", failed.join(", ")) }
}

async fn fetch(fetcher: &mut Fetcher<'_>, file: &ModelFile) -> bool {
    // indicatif hides it where stderr is no terminal.
    let bar = ProgressBar::no_length().with_prefix(file.name.clone());
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    let progress = |done, total: Option<u64>| {
        total.into_iter().for_each(|total| bar.set_length(total));
        bar.set_position(done);
    };
    let fetched = fetcher.fetch(file, &progress).await;
    bar.finish_and_clear();
    match &fetched {
        Ok(Found::InPlace) => eprintln!("{}: is there", file.name),
        Ok(Found::InMirror) => eprintln!("{}: copied from the mirror", file.name),
        Ok(Found::Elsewhere) => eprintln!("{}: fetched", file.name),
        Err(error) => eprintln!("{}: {error}", file.name),
    }
    fetched.is_ok()
}
