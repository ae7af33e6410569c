//! Draws what was found into the picture: boxes with labels, skeletons, captions.
//!
//! Pure: pixels and values in, pixels out; in place, and only the pixels of what is drawn are touched. No coordinate
//! makes it panic: what lies outside the frame is clipped, what is not a number is left out.

pub mod annotator;
pub mod boxes;
pub mod canvas;
pub mod caption;
pub mod chart;
pub mod label;
pub mod palette;
pub mod skeleton;
mod strip;
pub mod style;
pub mod text;

pub use annotator::Annotator;
pub use style::{HiddenKeypoints, Style};
