//! A shell script in FFmpeg's place: it decodes as a test says, and leaves all else to the real one.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::clips;
use crate::scratch;

pub struct FakeFfmpeg {
    folder: TempDir,
}

/// What a script may use: `frame N` writes the picture N of 16x16 pixels with its time, `gate NAME` waits for the test to
/// open that gate, `$here` is the script's folder and `$real` the real FFmpeg.
const WORDS: &str = r#"
frame() {
    [ "$1" = 0 ] && echo '[Parsed_showinfo_0 @ 0x1] [info] config in time_base: 1/30, frame_rate: 30/1' >&2
    echo "[Parsed_showinfo_0 @ 0x1] [info] n: $1 pts: $1" >&2
    printf 'P6\n16 16\n255\n%768s' ''
}
gate() {
    while [ ! -e "$here/$1" ]; do sleep 0.01; done
}
"#;

impl FakeFfmpeg {
    /// `decode` is run for each decoder.
    pub fn decoding(decode: &str) -> Self {
        let folder = scratch::folder("ffmpeg-");
        let here = folder.path().to_str().unwrap().to_owned();
        // In the script's own folder, because a child reaches no other.
        let real = folder.path().join("ffmpeg");
        if std::fs::hard_link(clips::ffmpeg(), &real).is_err() {
            std::fs::copy(clips::ffmpeg(), &real).unwrap();
        }
        let script = format!(
            "#!/bin/sh\nhere='{here}'\nreal='{here}/ffmpeg'\n{WORDS}\ncase \"$*\" in\n*image2pipe*)\n{decode}\nexit ;;\nesac\nexec \"$real\" \"$@\"\n"
        );
        let text = folder.path().join("script");
        std::fs::write(&text, script).unwrap();
        // Written by another process: one of this process's forks could hold the file open, and then it does not start.
        let installed = Command::new("install").args(["-m", "755"]).arg(&text).arg(folder.path().join("fake")).status().unwrap();
        assert!(installed.success());
        Self { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("fake")
    }

    /// The options that make a server use it.
    pub fn options(&self) -> [String; 2] {
        ["--ffmpeg".to_owned(), self.path().to_str().unwrap().to_owned()]
    }

    pub fn open(&self, gate: &str) {
        std::fs::write(self.folder.path().join(gate), "").unwrap();
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
