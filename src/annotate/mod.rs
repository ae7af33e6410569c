//! Draws what was found into the picture: boxes with labels, skeletons, trails, a heat map, zones, captions; and hides what must
//! not be recognised.
//!
//! Pure: pixels and values in, pixels out; in place, and only the pixels of what is drawn are touched. No coordinate
//! makes it panic: what lies outside the frame is clipped, what is not a number is left out.

pub mod annotator;
mod blur;
pub mod boxes;
pub mod canvas;
pub mod caption;
pub mod chart;
mod heat;
pub mod label;
pub mod palette;
mod places;
mod secret;
pub mod skeleton;
mod strip;
pub mod style;
pub mod text;
mod trails;
mod turbo;

pub use annotator::Annotator;
pub use style::{ColourBy, HiddenKeypoints, Style};
