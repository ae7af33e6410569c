//! The commands beside `serve`.

pub mod analyze;
pub mod bench;
pub mod doctor;
pub mod models;
pub mod track;
pub mod upload;
pub mod usage;
