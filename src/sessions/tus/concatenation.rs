//! A file sent as several uploads at once, which are put together in the end.

use serde::{Deserialize, Serialize};

/// What an upload is to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Concatenation {
    Part,
    /// The parts' addresses, as they were sent.
    Final(String),
}
