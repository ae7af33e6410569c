//! `sightline models`: what there is, whether it runs, and getting what is missing.

mod check;
mod fetch;
mod list;

use serde::Serialize;

use crate::config::models::{ModelsArgs, ModelsCommand};

pub fn run(args: &ModelsArgs) -> anyhow::Result<()> {
    match &args.command {
        ModelsCommand::List(args) => list::run(args),
        ModelsCommand::Check(args) => check::run(args),
        ModelsCommand::Fetch(args) => fetch::run(args),
    }
}

/// A value by the word that the API has for it; a question mark where it is not known.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_else(|| "?".to_owned())
}

fn size(input: Option<[u32; 2]>) -> String {
    input.map_or_else(|| "?".to_owned(), |[width, height]| format!("{width}x{height}"))
}
