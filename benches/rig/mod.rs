//! What the benches drive the server with: the real program in a process of its own, and clients that cost little themselves.

pub mod file;
pub mod line;
pub mod program;
pub mod times;
