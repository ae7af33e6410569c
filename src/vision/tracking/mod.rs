//! Which object of a frame is which of the frames before: numbers in, ids out.
//!
//! ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022), with times
//! in seconds of the video instead of frames, so that a variable rate and frames that are left out change nothing.

pub mod assignment;
pub mod byte_track;
pub mod kalman;
mod track;

pub use byte_track::{ByteTrack, Sighting, TrackSettings};
