//! A file under a temporary name: one with its final name is whole.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Removed if it is never given its name.
#[derive(Debug)]
pub struct Partial {
    pub file: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
    named: bool,
}

impl Partial {
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let partial = PathBuf::from(name);
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&partial)?;
        Ok(Self { file: BufWriter::with_capacity(64 * 1024, file), partial, path: path.to_owned(), named: false })
    }

    /// Writes the last bytes and gives the file its name.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        std::fs::rename(&self.partial, &self.path)?;
        self.named = true;
        Ok(())
    }

    /// Writes all of this file into another one and forgets it.
    pub fn pour_into(mut self, other: &mut impl Write) -> io::Result<()> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(0))?;
        io::copy(file, other).map(|_| ())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.named {
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}
