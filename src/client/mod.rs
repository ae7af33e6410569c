//! A client of the upload API: sends a file in chunks, goes on after interruptions, follows the analysis and fetches its
//! results. And of the servers that models come from.

pub mod api;
pub mod connection;
pub mod download;
pub mod failure;
pub mod fingerprint;
pub mod following;
pub mod models;
pub mod order;
pub mod retry;
pub mod sending;
pub mod source;
pub mod sse;
pub mod upload;
