//! Faults A: sending files, in chunks and by tus. One test a row of the catalogue, named by its id.

mod chunks;
mod tus;
mod writers;
