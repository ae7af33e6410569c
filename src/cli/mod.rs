//! Commands that need no server.

pub mod analyze;
pub mod doctor;
pub mod usage;
