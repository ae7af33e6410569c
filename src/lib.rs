//! Sightline analyses videos while they upload. ARCHITECTURE.md has the map; imports only go down its layers, which
//! `tests/it/layering.rs` holds.

// Tests may start threads as they like: they end with the test.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

// 0 words: values of the field, no I/O
pub mod detection;
pub mod error_code;
pub mod frame;
pub mod geometry;
pub mod ids;
pub mod options;
pub mod pose;
pub mod video;
pub mod zones;

// 1 engines: one outside thing each
pub mod annotate;
pub mod imaging;
pub mod ingest;
pub mod media;
pub mod vision;

// 2 parts of a job
pub mod pipeline;
pub mod sessions;

// 3 jobs
pub mod processing;

// 4 edges
pub mod client;
pub mod http;

// 5 wiring
pub mod app;
pub mod cli;
pub mod config;
pub mod installation;
pub mod telemetry;
