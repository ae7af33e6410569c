//! Brings the files of models that a manifest names: from a mirror, their address, or an archive; whole, or not at all.

mod mirror;
mod resumed;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::vision::manifest::ModelFile;
use resumed::download;

/// Bytes of a file whose manifest tells no size, and of an archive.
const LARGEST: u64 = 4 << 30;

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("The manifest does not say where it comes from. Put it into a folder that --mirror names.")]
    Nowhere,
    #[error("{address} answered {status}.")]
    Refused { address: String, status: u16 },
    #[error("{from} has more than the {most} bytes expected; nothing was kept.")]
    TooLarge { from: String, most: u64 },
    #[error("What came from {from} is something else (its sha256 differs); nothing was kept.")]
    Differs { from: String },
    #[error("There is no {member} in {archive}: {reason}.")]
    NoMember { archive: String, member: String, reason: String },
    #[error("Another program is fetching it: wait for that one.")]
    Busy,
    #[error(transparent)]
    Failed(#[from] Failure),
    #[error("{0}.")]
    File(#[from] io::Error),
}

/// Where a file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It was there.
    InPlace,
    InMirror,
    Elsewhere,
}

/// Fetches into one folder. Archives are kept until the value goes, for the next file may lie in the same.
pub struct Fetcher<'a> {
    folder: &'a Path,
    mirror: Option<&'a Path>,
    ca_file: Option<&'a Path>,
    archives: BTreeMap<String, PathBuf>,
}

impl<'a> Fetcher<'a> {
    /// `mirror` is a folder that is searched first, with those below it.
    pub fn new(folder: &'a Path, mirror: Option<&'a Path>, ca_file: Option<&'a Path>) -> Self {
        Self { folder, mirror, ca_file, archives: BTreeMap::new() }
    }

    /// Brings a file under its name, unless it is there as the manifest says. `progress` hears how many bytes have come, and of
    /// how many.
    pub async fn fetch(&mut self, file: &ModelFile, progress: &(impl Fn(u64, Option<u64>) + Sync)) -> Result<Found, FetchError> {
        let target = self.folder.join(&file.name);
        if file.is_at(&target).unwrap_or(false) {
            return Ok(Found::InPlace);
        }
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let part = part_of(&target);
        if let Some(copy) = self.mirror.and_then(|mirror| mirror::find(mirror, file)) {
            // With the rights of a new file: a mirror may be read-only.
            io::copy(&mut File::open(&copy)?, &mut File::create(&part)?)?;
            place(file, &part, &target, &copy.display().to_string())?;
            return Ok(Found::InMirror);
        }
        match (&file.archive, &file.member, &file.address) {
            (Some(archive), Some(member), _) => {
                let path = self.archive(archive, progress).await?;
                extract(&path, member, &part, file.size.unwrap_or(LARGEST)).map_err(|error| {
                    let (archive, member) = (archive.clone(), member.clone());
                    FetchError::NoMember { archive, member, reason: error.to_string() }
                })?;
                place(file, &part, &target, archive)?;
            }
            (_, _, Some(address)) => {
                let most = file.size.unwrap_or(LARGEST);
                let resumed = part.exists();
                download(address, &part, most, self.ca_file, progress).await?;
                match place(file, &part, &target, address) {
                    // What lay there may have been the beginning of something else.
                    Err(FetchError::Differs { .. }) if resumed => {
                        download(address, &part, most, self.ca_file, progress).await?;
                        place(file, &part, &target, address)?;
                    }
                    placed => placed?,
                }
            }
            _ => return Err(FetchError::Nowhere),
        }
        Ok(Found::Elsewhere)
    }

    /// The archive on this disk.
    async fn archive(&mut self, address: &str, progress: &(impl Fn(u64, Option<u64>) + Sync)) -> Result<PathBuf, FetchError> {
        if let Some(path) = self.archives.get(address) {
            return Ok(path.clone());
        }
        let name = address.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("archive");
        let path = part_of(&self.folder.join(name));
        download(address, &path, LARGEST, self.ca_file, progress).await?;
        self.archives.insert(address.to_owned(), path.clone());
        Ok(path)
    }
}

impl Drop for Fetcher<'_> {
    fn drop(&mut self) {
        for path in self.archives.values() {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Where a file is while it is not whole. The folder's list passes it over.
fn part_of(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    target.with_file_name(format!(".{}.part", name.to_string_lossy()))
}

/// Gives a file its name, if it is the one that was meant; else it goes.
fn place(file: &ModelFile, part: &Path, target: &Path, from: &str) -> Result<(), FetchError> {
    if file.is_at(part)? {
        return Ok(std::fs::rename(part, target)?);
    }
    std::fs::remove_file(part)?;
    Err(FetchError::Differs { from: from.to_owned() })
}

fn extract(archive: &Path, member: &str, to: &Path, most: u64) -> io::Result<()> {
    let mut zip = zip::ZipArchive::new(File::open(archive)?)?;
    // A zip file may promise one size and unpack to another.
    let mut content = zip.by_name(member)?.take(most);
    io::copy(&mut content, &mut File::create(to)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn no_more_is_unpacked_than_the_manifest_says() {
        let dir = tempfile::tempdir().unwrap();
        let (archive, to) = (dir.path().join("a.whl"), dir.path().join("out"));
        let mut zip = zip::ZipWriter::new(File::create(&archive).unwrap());
        zip.start_file("models/full.tflite", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"0123456789").unwrap();
        zip.finish().unwrap();
        extract(&archive, "models/full.tflite", &to, 100).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"0123456789");
        extract(&archive, "models/full.tflite", &to, 4).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"0123");
        assert!(extract(&archive, "models/lite.tflite", &to, 100).is_err());
        assert!(extract(&to, "x", &dir.path().join("y"), 100).is_err(), "no archive");
    }

    #[test]
    fn a_part_is_hidden_beside_its_file() {
        assert_eq!(part_of(Path::new("models/a/b.onnx")), Path::new("models/a/.b.onnx.part"));
    }
}
