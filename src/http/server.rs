//! The listening socket and the actix server behind it.

use std::net::{SocketAddr, TcpListener};

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};

use super::guard::guard;
use super::line::{self, Patience};
use super::routes::routes;
use super::state::State;
use super::trace::trace;

/// Handlers wait for disk and SSE readers, not for the processor: few threads serve many.
const WORKERS: usize = 2;
/// Connections beside those of readers of events; more wait at the door.
const MOST_OTHERS: usize = 4096;
/// How long an idle connection is kept, in times of what a client may take to go on: 75 s with the default of 30 s.
const KEEP_ALIVE: f32 = 2.5;
/// How long open connections may take to end when the server stops.
const STOP_SECONDS: u64 = 5;

/// Binds, so that the address is known before anything is served.
pub fn bind(host: &str, port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((host, port))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The server, not yet running; it ends when its handle stops it, signals are the caller's.
pub fn server(listener: TcpListener, state: web::Data<State>) -> std::io::Result<Server> {
    let client = state.limits.client_timeout;
    let keep_alive = client.mul_f32(KEEP_ALIVE);
    let most_readers = state.seats.most();
    let app =
        move || App::new().app_data(state.clone()).wrap(from_fn(guard)).wrap(from_fn(trace)).wrap(from_fn(line::attend)).configure(routes);
    let server = HttpServer::new(app)
        .on_connect(line::watch(Patience { client, between: keep_alive + client }))
        .workers(WORKERS)
        .max_connections((most_readers + MOST_OTHERS).div_ceil(WORKERS))
        .client_request_timeout(client)
        .keep_alive(keep_alive)
        .shutdown_timeout(STOP_SECONDS)
        // Else a reader of events who has gone is kept for ever: its half-closed connection looks alive.
        .h1_allow_half_closed(false)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}
