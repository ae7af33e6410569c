//! Who is being served: sessions, their upload, their events, their end.

pub mod activity;
pub mod cancel;
pub mod events;
mod gone;
pub mod journal;
pub mod metrics;
pub mod reaper;
pub mod registry;
pub mod restore;
pub mod session;
pub mod tus;
pub mod upload;
