//! A result from the server to a file here.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::api::Server;
use super::failure::Failure;
use super::retry::{self, persist};

/// Fetches a file under a temporary name and renames it when it is whole.
pub async fn download(server: &Server, path: &str, to: &Path) -> Result<(), Failure> {
    persist(retry::LATER, async || {
        let partial = Partial::create(to)?;
        let mut response = server.file(path).await?;
        // A body that ends before its announced length is an error here.
        while let Some(bytes) = response.chunk().await? {
            (&partial.file).write_all(&bytes)?;
        }
        Ok(partial.finish(to)?)
    })
    .await
}

/// A file on its way; gone when dropped before its end.
struct Partial {
    path: PathBuf,
    file: File,
}

impl Partial {
    fn create(to: &Path) -> io::Result<Self> {
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let path = to.with_file_name(name);
        let file = File::create(&path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        Ok(Self { path, file })
    }

    fn finish(self, to: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, to)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Not there any more when it was renamed.
        let _ = std::fs::remove_file(&self.path);
    }
}
