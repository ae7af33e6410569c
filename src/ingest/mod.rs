//! Bytes on their way in: where they lie on disk, which are there, what kind of file they are, how it can be decoded.

pub mod boxes;
pub mod checksum;
pub mod chunks;
pub mod container;
pub mod movie;
pub mod plan;
pub mod ranges;
pub mod spool;
