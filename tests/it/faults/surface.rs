//! Faults H: the API as a whole. One test a row of the catalogue, named by its id.

mod configuration;
mod downloads;
mod limits;
mod operation;
mod problems;
mod tracing;
