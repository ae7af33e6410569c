//! A client's connection, watched: one that takes nothing of what it is sent, or begins a request and does not go on, is cut.
//! The server library has a clock for the first request's head only.

use std::any::Any;
use std::cell::Cell;
use std::os::fd::{AsRawFd, RawFd};
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::rt::task::JoinHandle;
use actix_web::rt::time::{Instant, sleep_until};
use bytes::Bytes;
use nix::sys::socket::{Shutdown, shutdown};

use super::pace::Paced;

/// Given on at once, so that one who is slow, but takes some of a large answer in its time, is not cut.
const LARGEST_PART: usize = 64 << 10;

/// What a client is waited for, and since when that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// For its next request, whose head may have come in part.
    Between,
    /// For nothing: it is the server's turn.
    Working,
    /// To take what it is sent.
    Sending,
}

/// Bounds of both waits.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a body's next bytes, or for an answer's to be taken.
    pub client: Duration,
    /// From one answer's end to the next request's head.
    pub between: Duration,
}

struct Line {
    phase: Cell<(Phase, Instant)>,
    patience: Patience,
    watch: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl Line {
    fn enter(&self, phase: Phase) {
        self.phase.set((phase, Instant::now()));
    }

    /// When this phase has lasted too long; none while it may go on.
    fn due(&self) -> Option<Instant> {
        let (phase, since) = self.phase.get();
        match phase {
            Phase::Between => Some(since + self.patience.between),
            Phase::Working => None,
            Phase::Sending => Some(since + self.patience.client),
        }
    }
}

/// Begins to watch each connection; for `HttpServer::on_connect`.
pub fn watch(patience: Patience) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static {
    move |io, data| {
        let Some(stream) = io.downcast_ref::<TcpStream>() else { return };
        let socket = stream.as_raw_fd();
        let Some(name) = name_of(socket) else { return };
        data.insert(Rc::new_cyclic(|line| Line {
            phase: Cell::new((Phase::Between, Instant::now())),
            patience,
            watch: actix_web::rt::spawn(cut_when_due(Weak::clone(line), patience.client, socket, name)),
        }));
    }
}

/// What tells a socket from all others, past and to come.
fn name_of(socket: RawFd) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{socket}")).ok()
}

async fn cut_when_due(line: Weak<Line>, step: Duration, socket: RawFd, name: PathBuf) {
    // The first look is taken when the line exists: it is made around this task.
    let mut look = Instant::now();
    loop {
        sleep_until(look).await;
        let Some(due) = line.upgrade().map(|line| line.due()) else { return };
        let now = Instant::now();
        look = due.unwrap_or(now + step).min(now + step);
        if due.is_some_and(|due| due <= now) {
            // The number may be another connection's by now. If it is not, it stays: only this thread closes it.
            if name_of(socket) == Some(name) {
                tracing::debug!("a connection that does not go on is cut");
                let _ = shutdown(socket, Shutdown::Both);
            }
            return;
        }
    }
}

/// Gives a request's body its pace, and tells the connection where it stands.
pub async fn attend(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let Some(line) = request.conn_data::<Rc<Line>>().cloned() else { return Ok(next.call(request).await?.map_into_left_body()) };
    let body = request.take_payload();
    request.set_payload(Paced::body(body, line.patience.client));
    line.enter(Phase::Working);
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| Attended { body: body.boxed(), rest: Bytes::new(), line }).map_into_right_body())
}

/// An answer's body on its way out.
struct Attended {
    body: BoxBody,
    /// What of it is still to be given on.
    rest: Bytes,
    line: Rc<Line>,
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.line.enter(Phase::Between);
    }
}

impl MessageBody for Attended {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    /// The next part is asked for when there is room for it: that is how taking shows.
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            let next = Pin::new(&mut this.body).poll_next(context);
            let Poll::Ready(Some(Ok(bytes))) = next else {
                this.line.enter(Phase::Working);
                return next;
            };
            this.rest = bytes;
        }
        this.line.enter(Phase::Sending);
        let part = this.rest.split_to(this.rest.len().min(LARGEST_PART));
        Poll::Ready(Some(Ok(part)))
    }
}
