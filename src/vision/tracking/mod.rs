//! Which object of a frame is which of the frames before: numbers in, ids out.
//!
//! ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022), with times
//! in seconds of the video instead of frames, so that a variable rate and frames that are left out change nothing, and
//! with a camera that may be held by hand. How it does: docs/tracking.md.

pub mod assignment;
pub mod byte_track;
mod camera;
pub mod kalman;
mod track;

pub use byte_track::{ByteTrack, Followed, Sighting, TrackSettings};
