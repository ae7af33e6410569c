//! `sightline models`: listing, checking, fetching.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::scratch::{self, files_below};

/// Gives one file whatever is asked for, and notes the ranges that are.
struct Host {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// The first answer breaks off after `first` bytes.
    fn of(content: Vec<u8>, first: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        // It ends with the test's process.
        std::thread::spawn(move || {
            let mut most = first;
            for stream in listener.incoming().map_while(Result::ok) {
                noted.lock().unwrap().push(answer(stream, &content, std::mem::replace(&mut most, usize::MAX)));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, content: &[u8], most: usize) -> String {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
    let range = head.lines().find_map(|line| line.to_lowercase().strip_prefix("range: ").map(str::to_owned)).unwrap_or_default();
    let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap_or(0);
    let (status, told) = match from {
        0 => ("200 OK", String::new()),
        _ => ("206 Partial Content", format!("Content-Range: bytes {from}-{}/{}\r\n", content.len() - 1, content.len())),
    };
    let rest = &content[from.min(content.len())..];
    let head = format!("HTTP/1.1 {status}\r\n{told}Content-Length: {}\r\nConnection: close\r\n\r\n", rest.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&rest[..most.min(rest.len())]));
    range
}

fn models(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sightline"));
    command.arg("models").args(args).args(["--models-dir", folder.to_str().unwrap()]).env("MODELS_MIRROR", "").output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes that no two places of have in common.
fn content() -> Vec<u8> {
    (0..50_000u32).flat_map(u32::to_be_bytes).collect()
}

/// A manifest with one model, which is a default, of these files.
fn manifest(folder: &Path, files: &[String]) {
    let files = files.join(",\n");
    let text = format!(
        "[[model]]\nname = \"own\"\ntask = \"detect\"\nhead = \"yolox\"\nlicence = \"MIT\"\ndefault = true\nfile = [\n{files}\n]\n"
    );
    std::fs::write(folder.join("manifest.toml"), text).unwrap();
}

fn file(name: &str, bytes: &[u8], more: &str) -> String {
    format!("{{ name = \"{name}\", sha256 = \"{}\", size = {}, {more} }}", sha256(bytes), bytes.len())
}

#[test]
fn a_file_is_fetched_on_from_where_the_connection_broke() {
    let (folder, bytes) = (scratch::folder("models-"), content());
    let host = Host::of(bytes.clone(), 70_000);
    manifest(folder.path(), &[file("own.onnx", &bytes, &format!("address = \"{}own.onnx\"", host.address))]);
    let output = models(folder.path(), &["fetch"]);
    assert!(output.status.success() && output.stdout.is_empty(), "{}", stderr(&output));
    assert!(std::fs::read(folder.path().join("own.onnx")).unwrap() == bytes);
    assert_eq!(host.asked(), ["", "bytes=70000-"]);
    let again = models(folder.path(), &["fetch", "own"]);
    assert!(again.status.success() && stderr(&again).contains("is there"), "{}", stderr(&again));
    assert_eq!((host.asked().len(), files_below(folder.path())), (2, vec!["manifest.toml".to_owned(), "own.onnx".to_owned()]));
}

#[test]
fn what_an_earlier_run_left_is_gone_on_with_and_thrown_away_where_it_is_something_else() {
    let bytes = content();
    for (left, asked) in [(&bytes[..1000], vec!["bytes=1000-"]), (b"else", vec!["bytes=4-", ""])] {
        let folder = scratch::folder("models-");
        let host = Host::of(bytes.clone(), usize::MAX);
        manifest(folder.path(), &[file("own.onnx", &bytes, &format!("address = \"{}\"", host.address))]);
        std::fs::write(folder.path().join(".own.onnx.part"), left).unwrap();
        let output = models(folder.path(), &["fetch"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(std::fs::read(folder.path().join("own.onnx")).unwrap() == bytes);
        assert_eq!(host.asked(), asked);
    }
}

#[test]
fn what_is_not_meant_is_not_kept() {
    let (folder, bytes) = (scratch::folder("models-"), content());
    let host = Host::of(bytes.clone(), usize::MAX);
    let other = [&bytes[..bytes.len() - 1], b"x"].concat();
    let address = format!("address = \"{}\"", host.address);
    manifest(folder.path(), &[file("other.onnx", &other, &address), file("short.onnx", &bytes[..9], &address), file("x.onnx", b"x", "")]);
    let output = models(folder.path(), &["fetch"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for line in ["other.onnx: What came from", "short.onnx: http", "x.onnx: The manifest does not say", "not whole: own"] {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert_eq!(files_below(folder.path()).iter().filter(|name| name.ends_with(".onnx")).count(), 0);
    let unknown = models(folder.path(), &["fetch", "nobody"]);
    assert!(unknown.status.code() == Some(1) && stderr(&unknown).contains("there are own"), "{}", stderr(&unknown));
}

#[test]
fn an_archive_is_fetched_once_for_all_it_holds_and_a_mirror_spares_it() {
    let (folder, mirror) = (scratch::folder("models-"), scratch::folder("mirror-"));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in [("m/a.tflite", b"first"), ("m/b.tflite", b"other")] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    let host = Host::of(zip.finish().unwrap().into_inner(), usize::MAX);
    let member = |name: &str| format!("archive = \"{}p.whl\", member = \"m/{name}\"", host.address);
    let files = [("a.tflite", b"first"), ("b.tflite", b"other")].map(|(name, bytes)| file(name, bytes, &member(name)));
    manifest(folder.path(), &files);
    let output = models(folder.path(), &["fetch"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!((host.asked().len(), std::fs::read(folder.path().join("b.tflite")).unwrap()), (1, b"other".to_vec()));
    assert_eq!(files_below(folder.path()), ["a.tflite", "b.tflite", "manifest.toml"], "the archive is gone");

    std::fs::remove_file(folder.path().join("a.tflite")).unwrap();
    let copy = mirror.path().join("by another name");
    std::fs::write(&copy, b"first").unwrap();
    std::fs::set_permissions(copy, std::fs::Permissions::from_mode(0o400)).unwrap();
    let output = models(folder.path(), &["fetch", "--mirror", mirror.path().to_str().unwrap()]);
    assert!(output.status.success() && stderr(&output).contains("a.tflite: copied from the mirror"), "{}", stderr(&output));
    assert!(!std::fs::metadata(folder.path().join("a.tflite")).unwrap().permissions().readonly());
    assert_eq!(host.asked().len(), 1);
}

#[test]
fn models_are_listed_for_people_and_for_programs() {
    let (folder, bytes) = (scratch::folder("models-"), content());
    manifest(folder.path(), &[file("own.onnx", &bytes, "")]);
    std::fs::write(folder.path().join("found.xml"), "x").unwrap();
    let table = stdout(&models(folder.path(), &["list"]));
    let words: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[1], ["own", "detect", "yolox", "?", "?", "missing", "MIT"], "{table}");
    assert_eq!(words[2][..3], ["found", "*", "detect"], "{table}");
    let list: Value = serde_json::from_str(&stdout(&models(folder.path(), &["list", "--json"]))).unwrap();
    assert_eq!((&list["models"][0]["state"], &list["problem"]), (&"missing".into(), &Value::Null));
    std::fs::write(folder.path().join("manifest.toml"), "model = [").unwrap();
    assert_eq!(models(folder.path(), &["list"]).status.code(), Some(1));
    for wrong in [&[][..], &["lists"], &["list", "--jsonl"]] {
        assert_eq!(Command::new(env!("CARGO_BIN_EXE_sightline")).arg("models").args(wrong).output().unwrap().status.code(), Some(2));
    }
}

#[test]
fn a_check_says_what_runs_and_what_does_not() {
    let real = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/models/yolox_nano.onnx"));
    if !real.exists() {
        return eprintln!("SKIPPED: models/yolox_nano.onnx is not there");
    }
    let folder = scratch::folder("models-");
    std::fs::write(folder.path().join("manifest.toml"), "").unwrap();
    let output = models(folder.path(), &["check", real.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.starts_with("ok      yolox_nano: detect, yolox, input 416x416, 80 classes, fp32, "), "{said}");

    std::fs::copy(real, folder.path().join("good.onnx")).unwrap();
    std::fs::write(folder.path().join("bad.onnx"), "no model").unwrap();
    manifest(folder.path(), &[file("altered.onnx", b"as it was", "")]);
    std::fs::write(folder.path().join("altered.onnx"), "as it is").unwrap();
    let output = models(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stdout(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("FAILED  own: altered.onnx is not the file that the manifest names"), "{said}");
    assert!(lines[1].starts_with("FAILED  bad: ") && lines[2].starts_with("ok      good: "), "{said}");
    assert_eq!(models(folder.path(), &["check", "nobody"]).status.code(), Some(1));
}
