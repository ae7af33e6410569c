//! The commands beside `serve`.

pub mod analyze;
pub mod doctor;
pub mod track;
pub mod upload;
pub mod usage;
