//! One frame through the stages: detect, pose, draw. Shared by uploads, live streams and phrases.

pub mod analyzer;
pub mod gap;
pub mod result;
pub mod tracker;
