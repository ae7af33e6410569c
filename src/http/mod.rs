//! The only room that knows actix: translates between requests and sessions, decides nothing.

pub mod analyze;
pub mod assets;
pub mod capabilities;
pub mod digest;
pub mod events;
pub mod form;
pub mod guard;
pub mod health;
pub mod limiter;
pub mod metrics;
pub mod models;
pub mod negotiation;
pub mod openapi;
pub mod problem;
pub mod range;
pub mod request;
pub mod results;
pub mod routes;
pub mod server;
pub mod sessions;
pub mod state;
pub mod trace;
pub mod tus;
pub mod upload;
