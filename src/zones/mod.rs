//! Places in the picture, and which tracks are in them, when and for how long.
//!
//! Pure: tracks with their times in, counts and events out; no pixel is looked at. Between two frames a track goes along a
//! straight line, so that how many frames there are changes nothing: the moment of an event is told between frames.

mod anchor;
pub mod event;
mod follow;
mod gate;
mod invalid;
mod ledger;
mod line;
mod occupancy;
pub mod plan;
mod polygon;
pub mod presence;
mod raw;
pub mod report;
mod stay;
pub mod watch;

pub use anchor::Anchor;
pub use event::{Event, Happening, Observation};
pub use invalid::InvalidZones;
pub use line::{Direction, Line};
pub use plan::{Units, ZonePlan};
pub use polygon::Polygon;
pub use presence::Presence;
pub use report::Report;
pub use watch::Watch;
