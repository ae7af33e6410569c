//! A session's events as Server-Sent Events (WHATWG HTML, 9.2).

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::ready;
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::problem::ApiError;
use super::request;
use super::seats::Seat;
use super::state::{State, shutting_down};
use crate::error_code::{ErrorCode, Problem};
use crate::ids::SessionId;
use crate::sessions::activity::Reader;
use crate::sessions::events::{Bookmark, Event, NOTHING, Next};
use crate::sessions::session::Session;

/// `GET /api/stream-progress/{session_id}`
pub async fn stream_progress(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let id = request::path_session_id(&request)?;
    let seen = request::last_event_id(&request);
    if let Some(session) = state.registry.get(&id) {
        return follow(&state, session, seen);
    }
    let seat = state.seats.take()?;
    Ok(event_stream(stream::unfold(Waiting::Opened { state, seat, id }, Waiting::step)))
}

/// The session's events from now on, or those after the one a reader has seen. `204` tells a reader who has seen the end
/// not to come back.
pub fn follow(state: &State, session: Arc<Session>, seen: Option<u64>) -> Result<HttpResponse, ApiError> {
    let newest = session.events.newest();
    if newest.is_some_and(|e| e.kind.is_terminal() && seen == Some(e.id)) {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(answer(Following::new(state, state.seats.take()?, session, seen)?))
}

/// All events of a session from its first on.
pub fn follow_from_start(state: &State, seat: Seat, session: Arc<Session>) -> Result<HttpResponse, ApiError> {
    Ok(answer(Following::new(state, seat, session, Some(NOTHING))?))
}

fn answer(following: Following) -> HttpResponse {
    event_stream(stream::once(ready(Ok(opening()))).chain(stream::unfold(following, Following::step)))
}

fn event_stream(events: impl Stream<Item = Result<Bytes, std::convert::Infallible>> + 'static) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-cache, no-transform"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(events)
}

type Step<S> = Option<(Result<Bytes, std::convert::Infallible>, S)>;

/// A reader of a session that is there.
struct Following {
    session: Arc<Session>,
    newest: watch::Receiver<u64>,
    place: Bookmark,
    /// Silence after which a comment shows that the connection is alive.
    keepalive: Duration,
    _seat: (Seat, Reader),
}

impl Following {
    fn new(state: &State, seat: Seat, session: Arc<Session>, seen: Option<u64>) -> Result<Self, Problem> {
        let reader = state.seats.at(&session)?;
        let (newest, place) = (session.events.subscribe(), session.events.bookmark(seen));
        Ok(Self { session, newest, place, keepalive: state.limits.keepalive, _seat: (seat, reader) })
    }

    async fn step(mut self) -> Step<Self> {
        loop {
            // Marked as seen before looking, so that an event in between wakes the wait.
            self.newest.borrow_and_update();
            let bytes = match self.session.events.next(&mut self.place) {
                Next::Event(event) => text(&event),
                Next::Reset => reset(),
                Next::Suspended => farewell(),
                Next::Over => return None,
                Next::Nothing => match tokio::time::timeout(self.keepalive, self.newest.changed()).await {
                    Ok(_) => continue,
                    Err(_) => keepalive(),
                },
            };
            return Some((Ok(bytes), self));
        }
    }
}

/// A reader of a session that may still come.
enum Waiting {
    Opened { state: web::Data<State>, seat: Seat, id: SessionId },
    ForSession { state: web::Data<State>, seat: Seat, id: SessionId, left: Duration },
    Following(Box<Following>),
    Over,
}

impl Waiting {
    async fn step(self) -> Step<Self> {
        match self {
            Self::Opened { state, seat, id } => {
                let left = state.limits.appearance;
                Some((Ok(opening()), Self::ForSession { state, seat, id, left }))
            }
            Self::ForSession { state, seat, id, left } => {
                let patience = left.min(state.limits.keepalive);
                let appeared = tokio::select! {
                    appeared = state.registry.appear(&id, patience) => appeared,
                    // Else those who wait here would hold up the server's end.
                    () = state.drained() => return Self::refused(&shutting_down()),
                };
                if let Some(session) = appeared {
                    // It is new: whatever the reader has seen was of another one.
                    return match Following::new(&state, seat, session, Some(NOTHING)) {
                        Ok(following) => Self::follow(following).await,
                        Err(problem) => Self::refused(&problem),
                    };
                }
                let left = left.saturating_sub(patience);
                if left.is_zero() {
                    return Self::refused(&Problem::new(ErrorCode::SessionNotFound, "Session not found or creation timed out"));
                }
                Some((Ok(keepalive()), Self::ForSession { state, seat, id, left }))
            }
            Self::Following(following) => Self::follow(*following).await,
            Self::Over => None,
        }
    }

    async fn follow(following: Following) -> Step<Self> {
        following.step().await.map(|(bytes, next)| (bytes, Self::Following(Box::new(next))))
    }

    fn refused(problem: &Problem) -> Step<Self> {
        Some((Ok(error_text(problem)), Self::Over))
    }
}

fn opening() -> Bytes {
    Bytes::from_static(b"retry: 2000\n\n")
}

fn keepalive() -> Bytes {
    Bytes::from_static(b": keepalive\n\n")
}

/// Tells a reader who was away, or slow, for too long that something is missing.
fn reset() -> Bytes {
    Bytes::from_static(b"event: reset\ndata: {\"detail\":\"Events in between are no longer kept; the newest state follows.\"}\n\n")
}

/// The server stops, the session goes on later. Readers who know the event may say so; to others the connection is lost,
/// and they come back by themselves.
fn farewell() -> Bytes {
    Bytes::from_static(b"event: retry\ndata: {\"detail\":\"The server is being restarted; the analysis goes on when it is back.\"}\n\n")
}

fn text(event: &Event) -> Bytes {
    let written = || format!("id: {}\nevent: {}\ndata: {}\n\n", event.id, event.kind.as_str(), event.data).into();
    event.wire.get_or_init(written).clone()
}

fn error_text(problem: &Problem) -> Bytes {
    let data = serde_json::to_string(problem).unwrap_or_default();
    // The reader may come back when the session is there.
    format!("id: {NOTHING}\nevent: error\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::events::EventKind;

    #[test]
    fn an_event_is_written_as_the_standard_says() {
        let event = Event { id: 7, kind: EventKind::Progress, data: r#"{"frame_index":1}"#.into(), wire: Arc::default() };
        assert_eq!(text(&event), "id: 7\nevent: progress\ndata: {\"frame_index\":1}\n\n");
    }
}
