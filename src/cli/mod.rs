//! The commands beside `serve`.

pub mod analyze;
pub mod doctor;
pub mod models;
pub mod upload;
pub mod usage;
