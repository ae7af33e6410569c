//! The only room that knows actix: translates between requests and sessions, decides nothing.

pub mod analyze;
pub mod assets;
pub mod events;
pub mod form;
pub mod guard;
pub mod health;
pub mod line;
pub mod models;
pub mod openapi;
pub mod pace;
pub mod problem;
pub mod range;
pub mod request;
pub mod results;
pub mod routes;
pub mod seats;
pub mod server;
pub mod sessions;
pub mod state;
pub mod tus;
pub mod upload;
