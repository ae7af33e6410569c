//! Sightline analyses videos while they upload. ARCHITECTURE.md has the map; imports only go down its layers.

// words: values of the field, no I/O
pub mod detection;
pub mod error_code;
pub mod frame;
pub mod geometry;
pub mod ids;
pub mod options;
pub mod pose;
pub mod video;
pub mod vision;
