//! Why zones are refused, in sentences that name the zone and the fault.

use super::polygon::NoPolygon;

/// Zones and lines at most.
pub const MOST_PLACES: usize = 32;
/// Corners of a zone at most.
pub const MOST_POINTS: usize = 64;
/// Characters of a name at most.
pub const LONGEST_NAME: usize = 40;
/// Seconds that somebody may have to stay to count.
pub const LONGEST_DWELL: f64 = 3600.0;
/// A picture has no more pixels on a side.
pub const MOST_PIXELS: f64 = 65_535.0;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidZones {
    #[error("zones cannot be read as JSON: {0}")]
    NotJson(String),
    #[error("zones must be an object with units, zones and lines: {0}")]
    NotAPlan(String),
    #[error("zones has {0} zones and lines; at most {MOST_PLACES} are counted at once")]
    TooMany(usize),
    #[error("zones has the name {0:?} twice: give each zone and line its own")]
    NameTwice(String),
    #[error("zones: {place} {fault}")]
    Place {
        /// As `zone "door"` or `line 2`.
        place: String,
        fault: Fault,
    },
}

/// What is wrong with one zone or line.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("needs a name of 1 to {LONGEST_NAME} characters, without control characters")]
    Name,
    #[error(transparent)]
    Shape(#[from] NoPolygon),
    #[error("has {0} points; at most {MOST_POINTS} are taken")]
    TooManyPoints(usize),
    #[error("has {0} points; a line has two")]
    NotTwoPoints(usize),
    #[error("begins where it ends; a line needs a length")]
    NoLength,
    #[error("has point {number} at {x}, {y}, outside of the picture: fractions go from 0 to 1 (for pixels say \"units\": \"pixels\")")]
    NoFraction { number: usize, x: f64, y: f64 },
    #[error("has point {number} at {x}, {y}; pixels go from 0 to {MOST_PIXELS}")]
    NoPixel { number: usize, x: f64, y: f64 },
    #[error("has a min_dwell of {0}; it must be from 0 to {LONGEST_DWELL} seconds")]
    Dwell(f64),
    #[error("has a min_dwell, which only zones have")]
    DwellOfALine,
}
