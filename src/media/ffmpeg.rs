//! The FFmpeg binary: where it is and whether it is new enough.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::sandbox::{Files, Sandbox};

/// The oldest major version whose options (`-fps_mode`, `showinfo=checksum=0`, `setts`) the commands use.
pub const OLDEST_MAJOR: u32 = 5;

#[derive(Clone, Debug)]
pub struct Ffmpeg {
    path: PathBuf,
    version: String,
    sandbox: Sandbox,
}

#[derive(Debug, thiserror::Error)]
pub enum FfmpegError {
    #[error("FFmpeg could not be started as {path}: {source}; run scripts/setup, or name one with --ffmpeg")]
    NotRunnable { path: PathBuf, source: std::io::Error },
    #[error("{path} does not answer -version as FFmpeg does")]
    NotFfmpeg { path: PathBuf },
    #[error("{path} is FFmpeg {version}; 5.0 or newer is needed: run scripts/setup, or name one with --ffmpeg")]
    TooOld { path: PathBuf, version: String },
}

impl Ffmpeg {
    /// Runs `path -version` and takes it if it is new enough. One whose parts lie where its sandbox does not let it go
    /// runs without.
    pub fn probe(path: &Path) -> Result<Self, FfmpegError> {
        let mut sandbox = Sandbox::of_kernel();
        let version = match version(path, sandbox) {
            Err(_) if sandbox == Sandbox::Landlock => {
                sandbox = Sandbox::None("this FFmpeg does not run in one; name another with --ffmpeg, in a folder of its own");
                version(path, sandbox)?
            }
            told => told?,
        };
        match major(&version) {
            Some(major) if major < OLDEST_MAJOR => Err(FfmpegError::TooOld { path: path.to_owned(), version }),
            _ => Ok(Self { path: path.to_owned(), version, sandbox }),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn version(&self) -> &str {
        &self.version
    }

    /// How its children are confined.
    pub fn sandbox(&self) -> Sandbox {
        self.sandbox
    }
}

fn version(path: &Path, sandbox: Sandbox) -> Result<String, FfmpegError> {
    let mut command = Command::new(path);
    let confined = sandbox.confine(&mut command, &Files::default());
    let output = confined.and_then(|()| command.arg("-version").output());
    let output = output.map_err(|source| FfmpegError::NotRunnable { path: path.to_owned(), source })?;
    parse_version(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| FfmpegError::NotFfmpeg { path: path.to_owned() })
}

fn parse_version(text: &str) -> Option<String> {
    let rest = text.lines().next()?.strip_prefix("ffmpeg version ")?;
    Some(rest.split_whitespace().next()?.to_owned())
}

/// `5` of `5.1.9-0+deb12u1` and `n5.0`; none for a build of the development branch (`N-118-gabc`), which is newer than any release.
fn major(version: &str) -> Option<u32> {
    let digits = version.strip_prefix('n').unwrap_or(version);
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_first_line() {
        let read = |text: &str| parse_version(text).and_then(|v| major(&v));
        assert_eq!(read("ffmpeg version 5.1.9-0+deb12u1 Copyright"), Some(5));
        assert_eq!(read("ffmpeg version n9.0.2-17-g2a571b6068-20260930 Copyright"), Some(9));
        assert_eq!(read("ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright"), Some(4));
        assert_eq!(read("ffmpeg version N-118-g123 Copyright"), None);
        assert_eq!(parse_version("bash: no such file"), None);
    }

    #[test]
    fn a_missing_binary_is_named() {
        let error = Ffmpeg::probe(Path::new("/nowhere/ffmpeg")).unwrap_err();
        assert!(error.to_string().contains("/nowhere/ffmpeg"), "{error}");
    }
}
