//! All files of an analysis in one ZIP, made when somebody asks for it.

use std::fs::File;
use std::io;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::outputs::OutputKind;
use crate::ids::ResultId;

/// Makes the archive beside the files it holds, under their names. Whoever asks for it twice at once gets the later one.
///
/// # Errors
/// `NotFound` where there is no such result.
pub fn build(folder: &Path, id: &ResultId) -> io::Result<()> {
    let path = folder.join(OutputKind::Archive.file_name(id));
    let partial = folder.join(format!("{}.part", ResultId::random()));
    let built = write(folder, id, &partial).and_then(|()| std::fs::rename(&partial, &path));
    if built.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    built
}

fn write(folder: &Path, id: &ResultId, partial: &Path) -> io::Result<()> {
    // Begun before the archive, so that a result that is not there leaves nothing.
    let video = File::open(folder.join(OutputKind::Video.file_name(id)))?;
    let mut zip = ZipWriter::new(File::create(partial)?);
    for kind in OutputKind::ALL.into_iter().filter(|kind| *kind != OutputKind::Archive) {
        let name = kind.file_name(id);
        let mut file = match kind {
            OutputKind::Video => video.try_clone()?,
            _ => match File::open(folder.join(&name)) {
                Ok(file) => file,
                // Results of an older version have fewer files.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            },
        };
        let packed = matches!(kind, OutputKind::Video | OutputKind::Sheet | OutputKind::Timeline);
        let method = if packed { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let large = file.metadata()?.len() >= u64::from(u32::MAX);
        zip.start_file(name, SimpleFileOptions::default().compression_method(method).large_file(large))?;
        io::copy(&mut file, &mut zip)?;
    }
    zip.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn an_archive_holds_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let id = ResultId::random();
        std::fs::write(folder.path().join(format!("{id}.mp4")), b"video").unwrap();
        std::fs::write(folder.path().join(format!("{id}.csv")), b"frame\n").unwrap();
        build(folder.path(), &id).unwrap();
        let mut zip = zip::ZipArchive::new(File::open(folder.path().join(format!("{id}.zip"))).unwrap()).unwrap();
        assert_eq!(zip.len(), 2);
        let mut text = String::new();
        zip.by_name(&format!("{id}.csv")).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "frame\n");
    }

    #[test]
    fn nothing_comes_of_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(build(folder.path(), &ResultId::random()).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
