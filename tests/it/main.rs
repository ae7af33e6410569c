//! One integration binary: the real app on port 0, with real FFmpeg and real OpenVINO.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod analysis;
mod analyze;
mod bad_files;
mod client;
mod clips;
mod command_line;
mod errors;
mod events;
mod faults;
mod frame_times;
mod golden;
mod health;
mod hls;
mod index_last;
mod layering;
mod models;
mod models_command;
mod mp4;
mod overlap;
mod pictures;
mod program;
mod proxy;
mod scratch;
mod server;
mod shutdown;
mod sound;
mod sse;
mod tls;
mod tus;
mod tus_client;
mod upload_command;
mod uploads;
mod vision;
mod zoo;
