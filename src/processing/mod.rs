//! Uploads as jobs: bytes to frames, frames to results, results to files. The only code, with `live/`, that starts
//! worker threads.

pub mod archive;
pub mod feeder;
pub mod integrity;
pub mod job;
pub mod outputs;
pub mod processor;
pub mod progress;
pub mod resources;
pub mod results;
pub mod run;
pub mod session_run;
pub mod slots;
pub mod summary;
pub mod verdict;
