//! BlazePose as MediaPipe 0.10 runs it (Bazarevsky et al., "BlazePose: On-device Real-time Body Pose Tracking", 2020;
//! graphs in mediapipe/modules/pose_detection and mediapipe/modules/pose_landmark), for several persons.
//!
//! `finder` sees persons in a square of the frame, `roi` turns a person into an upright square around the body, `reader` reads 33
//! landmarks from it, and these give the square for the next frame. `tracks`, `coverage` and `patience` decide whom to look for;
//! `estimator` is all of it in one session.

pub mod anchors;
pub mod coverage;
pub mod estimator;
pub mod finder;
pub mod landmarks;
pub mod patience;
pub mod people;
pub mod reader;
pub mod roi;
pub mod sighting;
pub mod steady;
pub mod tracks;
pub mod warp;
