//! Mistakes in the environment, told by the variable's name before anything starts.

use std::ffi::OsStr;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, Parser};

use super::Cli;

/// Of the project's own tests and scripts, which start the program in their environment.
const OF_TESTS: [&str; 2] = ["SIGHTLINE_BIN", "SIGHTLINE_SHARED"];

/// The command line with what the environment adds to it, or what is wrong with either.
#[expect(clippy::disallowed_methods, reason = "this room reads the environment")]
pub fn parse() -> Result<Cli, clap::Error> {
    let names: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let mut command = Cli::command();
    command.build();
    if let Some(name) = unknown(&command, &names) {
        let message = format!("the environment variable {name} is not known; see --help for those that are\n");
        return Err(command.error(ErrorKind::UnknownArgument, message));
    }
    Cli::try_parse().map_err(|error| match culprit(&command, &error) {
        // The message names an option that the user never wrote.
        Some(name) if std::env::var_os(name).is_some() => {
            command.error(error.kind(), format!("{}({name} is set in the environment.)\n", body(&error)))
        }
        _ => error,
    })
}

/// A variable of ours by its name that no option reads: most likely a slip of the pen.
fn unknown<'a>(command: &Command, names: &'a [String]) -> Option<&'a str> {
    let known: Vec<&OsStr> = options(command).filter_map(Arg::get_env).collect();
    let is_unknown = |name: &&str| name.starts_with("SIGHTLINE_") && !known.contains(&OsStr::new(name)) && !OF_TESTS.contains(name);
    names.iter().map(String::as_str).find(is_unknown)
}

/// The variable behind the option that an error is about.
fn culprit<'a>(command: &'a Command, error: &clap::Error) -> Option<&'a str> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else { return None };
    let named = |arg: &&Arg| arg.get_long().is_some_and(|long| option.split_whitespace().next() == Some(&format!("--{long}")));
    options(command).find(named)?.get_env()?.to_str()
}

fn options(command: &Command) -> Box<dyn Iterator<Item = &Arg> + '_> {
    Box::new(command.get_arguments().chain(command.get_subcommands().flat_map(options)))
}

/// What an error says, without its first word, which is added again.
fn body(error: &clap::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_option_reads_are_found() {
        let find = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            unknown(&Cli::command(), &names).map(str::to_owned)
        };
        assert_eq!(find(&["SIGHTLINE_PROT", "PATH"]).as_deref(), Some("SIGHTLINE_PROT"));
        assert_eq!(find(&["SIGHTLINE_PORT", "SIGHTLINE_FFMPEG", "SIGHTLINE_LOG", "SIGHTLINE_SHARED", "SIGHTLINES"]), None);
    }

    #[test]
    fn an_options_variable_is_found_by_the_error() {
        let error = Cli::try_parse_from(["sightline", "serve", "--port", "x"]).unwrap_err();
        assert_eq!(culprit(&Cli::command(), &error), Some("SIGHTLINE_PORT"));
        let error = Cli::try_parse_from(["sightline", "serve", "--max-running", "x"]).unwrap_err();
        assert_eq!(culprit(&Cli::command(), &error), None);
    }
}
