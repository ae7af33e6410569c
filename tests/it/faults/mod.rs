//! The catalogue of faults: what must survive what. Each row is a test named by its id.

mod catalogue;
mod child;
mod formats;
mod hostile;
mod integrity;
mod recovery;
mod slow;
mod sse;
mod surface;
mod upload;
