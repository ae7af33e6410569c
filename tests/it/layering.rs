//! Holds the layers of the house: imports only go down, each outside thing is known to one room.

use std::path::Path;

use crate::scratch::files_below;

/// Rooms by rank. Rooms of the first and the last rank may know each other.
const RANKS: [&[&str]; 6] = [
    &["detection", "error_code", "frame", "geometry", "ids", "options", "pose", "video", "zones"],
    &["annotate", "imaging", "ingest", "media", "vision"],
    &["pipeline", "sessions"],
    &["processing", "live"],
    &["http", "client"],
    &["app", "cli", "config", "installation", "telemetry", "main"],
];

/// Words that only these rooms may write.
const OWNED: [(&str, &[&str]); 8] = [
    ("actix", &["http", "app"]),
    ("reqwest", &["client"]),
    ("openvino::", &["vision"]),
    ("openvino_sys", &["vision"]),
    ("ffmpeg_sidecar", &["media"]),
    ("jpeg_encoder", &["imaging"]),
    ("fast_image_resize", &["imaging"]),
    ("env::var", &["config"]),
];

const NAMES_OF_NOTHING: [&str; 5] = ["utils", "helpers", "common", "misc", "manager"];
const MOST_LINES: usize = 400;

/// What a file of `src`, by its path there, does against the rules.
fn violations(path: &str, text: &str) -> Vec<String> {
    let room = room_of(path);
    let mut found = Vec::new();
    let rank = RANKS.iter().position(|rooms| rooms.contains(&room));
    if rank.is_none() && room != "lib" {
        found.push(format!("{path}: {room} has no rank"));
    }
    let code: Vec<&str> = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
    for import in imports(&code.join("\n")) {
        let Some(target) = RANKS.iter().position(|rooms| rooms.contains(&import.as_str())) else {
            found.push(format!("{path}: crate::{import} has no rank"));
            continue;
        };
        let rank = rank.unwrap_or(RANKS.len());
        let sociable = rank == 0 || rank == RANKS.len() - 1;
        if target > rank || target == rank && import != room && !sociable {
            found.push(format!("{path}: {room} may not know {import}"));
        }
    }
    for line in &code {
        for (word, rooms) in OWNED {
            if line.contains(word) && !rooms.contains(&room) {
                found.push(format!("{path}: {word} belongs to {rooms:?}"));
            }
        }
        if line.trim_start().starts_with("pub use") && line.contains("::*") {
            found.push(format!("{path}: {}", line.trim()));
        }
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        found.push(format!("{path}: {lines} lines"));
    }
    found.extend(name_of_nothing(path));
    found
}

fn room_of(path: &str) -> &str {
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

fn name_of_nothing(path: &str) -> Option<String> {
    let parts = path.split('/').map(|p| p.split('.').next().unwrap());
    parts.into_iter().find(|p| NAMES_OF_NOTHING.contains(p)).map(|p| format!("{path}: {p} names nothing"))
}

/// The first names after `crate::` (or `sightline::`, which is the same in `main`), those in braces as well.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for prefix in ["crate::", "sightline::"] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(list) => found.extend(top_level(list)),
                None => found.extend(name(rest)),
            }
        }
    }
    found
}

/// The names of a list in braces, not those in braces inside it.
fn top_level(list: &str) -> Vec<String> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.extend(name(list[start..at].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(name(list[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    // A type or macro of the crate's root, of which there are none, or the end of a list.
    (!name.is_empty()).then_some(name)
}

#[test]
fn imports_only_go_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = files_below(&source);
    assert!(files.len() > 50, "{} files", files.len());
    let rust = files.iter().filter(|f| f.ends_with(".rs"));
    let found: Vec<_> = rust.flat_map(|f| violations(f, &std::fs::read_to_string(source.join(f)).unwrap())).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_web_apps_files_are_short_and_well_named() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("frontend/src");
    let mut found = Vec::new();
    for file in files_below(&source).iter().filter(|f| f.ends_with(".ts") || f.ends_with(".tsx")) {
        let lines = std::fs::read_to_string(source.join(file)).unwrap().lines().count();
        found.extend((lines > 300).then(|| format!("{file}: {lines} lines")));
        found.extend(name_of_nothing(file));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_checker_sees_what_is_forbidden() {
    let forbidden = [
        ("media/decoder.rs", "use crate::http::state::State;"),
        ("media/decoder.rs", "use crate::vision::Engine;"),
        ("sessions/session.rs", "use crate::pipeline::analyzer::Analyzer;"),
        ("geometry.rs", "use crate::{\n    ids::SessionId,\n    media::{ffmpeg::Ffmpeg, ppm},\n};"),
        ("processing/job.rs", "let app = crate::app::App::build();"),
        ("processing/job.rs", "use crate::unheard_of::Thing;"),
        ("attic/job.rs", ""),
        ("sessions/session.rs", "use actix_web::web;"),
        ("cli/analyze.rs", "let x = std::env::var(\"X\");"),
        ("pipeline/analyzer.rs", "use openvino::Core;"),
        ("media/mod.rs", "pub use ppm::*;"),
        ("media/utils.rs", ""),
        ("http/helpers/x.rs", ""),
    ];
    for (path, text) in forbidden {
        assert_eq!(violations(path, text).len(), 1, "{path}: {text}: {:?}", violations(path, text));
    }
    assert_eq!(violations("media/ppm.rs", &"\n".repeat(MOST_LINES + 1)).len(), 1);
    let allowed = [
        ("http/state.rs", "use crate::sessions::registry::Registry;\nuse actix_web::web;\nuse crate::http::problem;"),
        ("geometry.rs", "use crate::frame::RgbFrame;"),
        ("app.rs", "use crate::{config::ServeArgs, http::{server, state::State}};"),
        ("media/ppm.rs", "// crate::http is far above; openvino:: is elsewhere"),
        ("main.rs", "use sightline::cli::analyze;"),
        ("processing/job.rs", "use crate::media::ffmpeg::Ffmpeg;"),
    ];
    for (path, text) in allowed {
        assert_eq!(violations(path, text), [""; 0], "{path}: {text}");
    }
}
