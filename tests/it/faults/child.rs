//! Faults D: an FFmpeg that misbehaves, and files that are not what they seem. One test a row of the catalogue, named by its id.

mod arrival;
mod damage;
mod ends;
pub mod fake;
mod pipes;
mod sandbox;
mod streams;
