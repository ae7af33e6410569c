//! Looks at the folder of models now and then, and keeps the defaults loaded.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use crate::vision::catalog::{Catalog, CatalogError};

/// Between two looks. A list of a folder costs little, also on a network, where nobody tells of changes: so it is asked for, by
/// time and length, instead of waiting for notices of the kernel.
const STEP: Duration = Duration::from_secs(2);

/// The thread that looks; dropping it ends the thread, after a load that is under way.
#[derive(Debug)]
pub struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Loads the default models, and again those that have changed. `told` hears after each time whether they run.
    pub fn start(catalog: Arc<Catalog>, mut told: impl FnMut(Result<(), CatalogError>) + Send + 'static) -> std::io::Result<Self> {
        let (stop, stopped) = bounded(0);
        let thread = std::thread::Builder::new().name("models".to_owned()).spawn(move || {
            let mut warmed = None;
            loop {
                let revision = catalog.look();
                if warmed.replace(revision) != Some(revision) {
                    told(catalog.warm_up());
                }
                if stopped.recv_timeout(STEP) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
