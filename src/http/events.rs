//! A session's events as Server-Sent Events (WHATWG HTML, 9.2).

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::problem::ApiError;
use super::request;
use super::state::{State, shutting_down};
use crate::error_code::{ErrorCode, Problem};
use crate::ids::SessionId;
use crate::sessions::activity::Reader;
use crate::sessions::events::Event;
use crate::sessions::session::Session;

/// How long a reader may be ahead of the session it asks for.
const APPEARANCE: Duration = Duration::from_secs(30);
/// Silence after which a comment shows that the connection is alive.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// `GET /api/stream-progress/{session_id}`
pub async fn stream_progress(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let id = request::path_session_id(&request)?;
    let seen = request::last_event_id(&request);
    if let Some(session) = state.registry.get(&id) {
        return Ok(follow(session, seen));
    }
    Ok(event_stream(stream::unfold(Waiting::Opened { state, id }, Waiting::step)))
}

/// The session's events from now on, or those after the one a reader has seen. `204` tells a reader who has seen the end
/// not to come back.
pub fn follow(session: Arc<Session>, seen: Option<u64>) -> HttpResponse {
    let newest = session.events.newest();
    if newest.is_some_and(|e| e.kind.is_terminal() && seen == Some(e.id)) {
        return HttpResponse::NoContent().finish();
    }
    event_stream(stream::unfold(Following::new(session, seen, true), Following::step))
}

/// All events of a session from its first on.
pub fn follow_from_start(session: Arc<Session>) -> HttpResponse {
    event_stream(stream::unfold(Following::new(session, Some(0), true), Following::step))
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
    /// The last event that was sent.
    seen: u64,
    /// The connection's first bytes are still to be sent.
    fresh: bool,
    ended: bool,
    _reader: Reader,
}

impl Following {
    fn new(session: Arc<Session>, seen: Option<u64>, fresh: bool) -> Self {
        let newest = session.events.subscribe();
        let newest_id = session.events.newest().map_or(0, |e| e.id);
        // Without a last id, a reader gets the newest state, not its history; so does one who has read along with an
        // earlier session of this name, whose ids went further.
        let seen = seen.filter(|seen| *seen <= newest_id).unwrap_or(newest_id.saturating_sub(1));
        let reader = session.activity.reader();
        Self { session, newest, seen, fresh, ended: false, _reader: reader }
    }

    async fn step(mut self) -> Step<Self> {
        if self.ended {
            return None;
        }
        if std::mem::take(&mut self.fresh) {
            return Some((Ok(opening()), self));
        }
        loop {
            // Marked as seen before looking, so that an event in between wakes the wait.
            self.newest.borrow_and_update();
            if let Some(event) = self.session.events.after(self.seen).into_iter().next() {
                self.seen = event.id;
                self.ended = event.kind.is_terminal();
                return Some((Ok(text(&event)), self));
            }
            if self.session.events.is_suspended() {
                self.ended = true;
                return Some((Ok(farewell()), self));
            }
            if tokio::time::timeout(KEEPALIVE, self.newest.changed()).await.is_err() {
                return Some((Ok(Bytes::from_static(b": keepalive\n\n")), self));
            }
        }
    }
}

/// A reader of a session that may still come.
enum Waiting {
    Opened { state: web::Data<State>, id: SessionId },
    ForSession { state: web::Data<State>, id: SessionId, left: Duration },
    Following(Box<Following>),
    Over,
}

impl Waiting {
    async fn step(self) -> Step<Self> {
        match self {
            Self::Opened { state, id } => Some((Ok(opening()), Self::ForSession { state, id, left: APPEARANCE })),
            Self::ForSession { state, id, left } => {
                let patience = left.min(KEEPALIVE);
                let appeared = tokio::select! {
                    appeared = state.registry.appear(&id, patience) => appeared,
                    // Else those who wait here would hold up the server's end.
                    () = state.drained() => return Some((Ok(error_text(&shutting_down())), Self::Over)),
                };
                if let Some(session) = appeared {
                    // It is new: whatever the reader has seen was of another one.
                    let following = Following::new(session, Some(0), false);
                    return following.step().await.map(|(bytes, next)| (bytes, Self::Following(Box::new(next))));
                }
                let left = left.saturating_sub(patience);
                if left.is_zero() {
                    let problem = Problem::new(ErrorCode::SessionNotFound, "Session not found or creation timed out");
                    return Some((Ok(error_text(&problem)), Self::Over));
                }
                Some((Ok(Bytes::from_static(b": keepalive\n\n")), Self::ForSession { state, id, left }))
            }
            Self::Following(following) => following.step().await.map(|(bytes, next)| (bytes, Self::Following(Box::new(next)))),
            Self::Over => None,
        }
    }
}

fn opening() -> Bytes {
    Bytes::from_static(b"retry: 2000\n\n")
}

/// The server stops, the session goes on later. Readers who know the event may say so; to others the connection is lost,
/// and they come back by themselves.
fn farewell() -> Bytes {
    Bytes::from_static(b"event: retry\ndata: {\"detail\":\"The server is being restarted; the analysis goes on when it is back.\"}\n\n")
}

fn text(event: &Event) -> Bytes {
    format!("id: {}\nevent: {}\ndata: {}\n\n", event.id, event.kind.as_str(), event.data).into()
}

fn error_text(problem: &Problem) -> Bytes {
    let data = serde_json::to_string(problem).unwrap_or_default();
    // An id that no session's event has: the reader may come back when the session is there.
    format!("id: 0\nevent: error\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::events::EventKind;

    #[test]
    fn an_event_is_written_as_the_standard_says() {
        let event = Event { id: 7, kind: EventKind::Progress, data: r#"{"frame_index":1}"#.into() };
        assert_eq!(text(&event), "id: 7\nevent: progress\ndata: {\"frame_index\":1}\n\n");
    }
}
