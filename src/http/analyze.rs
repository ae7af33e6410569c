//! Analyses asked for in one request: of an upload that is complete, or of a file in the request itself.

use std::sync::Arc;

use actix_multipart::{Field, Multipart};
use actix_web::{HttpRequest, HttpResponse, web};

use super::events;
use super::form::{Form, next_bytes, next_part};
use super::problem::{self, ApiError};
use super::request;
use super::state::State;
use super::trace::Caller;
use super::upload::display_name;
use crate::error_code::{ErrorCode, Problem};
use crate::ids::SessionId;
use crate::ingest::chunks::ChunkLedger;
use crate::ingest::spool::Spool;
use crate::options::AnalysisOptions;
use crate::processing::verdict;
use crate::sessions::events::{Event, EventKind};
use crate::sessions::registry::Claim;
use crate::sessions::session::Session;
use crate::sessions::upload::Upload;
use crate::video::Extension;

/// A file of up to this size is read to its end before its analysis starts, so that fields behind it are heard, too.
const PATIENT_BYTES: u64 = 1 << 20;

/// `POST /api/analyze-assembled/{session_id}`
pub async fn analyze_assembled(state: web::Data<State>, caller: Caller, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let id = request::path_session_id(&request)?;
    let session = state.session(&id)?;
    if !session.upload.received().assembled {
        return Err(ApiError::new(ErrorCode::SessionNotFound, "The upload is not complete yet: there is nothing to analyse as a whole."));
    }
    let analyses = state.admit()?.clone();
    let current = session.options();
    let options = request::options(current.clone(), &request::query(&request)?)?;
    analyses.check(&options)?;
    session.activity.touch();
    if options != current {
        let taken = "The session is being analysed with other options. Wait for its end, or delete it.";
        if !session.state().is_over() {
            return Err(ApiError::new(ErrorCode::SessionConflict, taken));
        }
        state.admit_from(caller.address)?;
        let (again, wanted) = (Arc::clone(&session), options.clone());
        let begun = web::block(move || analyses.repeat(&again, wanted)).await;
        let begun = begun.map_err(|_| ApiError::new(ErrorCode::Internal, "The server is too busy. Try again."))??;
        // Somebody else was quicker; what failed is told as it is.
        if !begun && session.failure().is_none() && session.options() != options {
            return Err(ApiError::new(ErrorCode::SessionConflict, taken));
        }
    }
    events::follow(&state, session, request::last_event_id(&request))
}

/// `POST /api/analyze-stream`: the file in the request, its events in the answer, while it arrives.
pub async fn analyze_stream(state: web::Data<State>, request: HttpRequest, multipart: Multipart) -> Result<HttpResponse, ApiError> {
    let seat = state.seats.take()?;
    let session = receive(state.clone(), &request, multipart).await?;
    let id = session.id.to_string();
    let mut response = events::follow_from_start(&state, seat, session)?;
    if let Ok(value) = id.parse() {
        response.headers_mut().insert(actix_web::http::header::HeaderName::from_static("x-session-id"), value);
    }
    Ok(response)
}

/// `POST /api/analyze`: the same, answered once.
pub async fn analyze(state: web::Data<State>, request: HttpRequest, multipart: Multipart) -> Result<HttpResponse, ApiError> {
    let session = receive(state, &request, multipart).await?;
    let _reader = session.activity.reader();
    let event = end_of(&session).await;
    if event.kind == EventKind::Complete {
        return Ok(HttpResponse::Ok().content_type("application/json").body(event.data.to_string()));
    }
    let failure = session.failure();
    let failure = failure.unwrap_or_else(|| Problem::new(ErrorCode::Internal, "The analysis failed."));
    Ok(problem::response(&failure))
}

async fn end_of(session: &Session) -> Event {
    let mut newest = session.events.subscribe();
    loop {
        newest.borrow_and_update();
        if let Some(event) = session.events.newest().filter(|e| e.kind.is_terminal()) {
            return event;
        }
        // The sender lives as long as the session that is borrowed here.
        let _ = newest.changed().await;
    }
}

/// A session for the file of a form. The file goes on arriving after this returns.
async fn receive(state: web::Data<State>, request: &HttpRequest, mut multipart: Multipart) -> Result<Arc<Session>, ApiError> {
    state.admit()?;
    state.room_for(0)?;
    let query = request::query(request)?;
    let (form, file) = Form::read_until_file(&mut multipart).await?;
    let options = request::options(request::options(AnalysisOptions::default(), &query)?, form.fields())?;
    state.admit()?.check(&options)?;
    let sent_name = file.content_disposition().and_then(|d| d.get_filename()).map(display_name);
    let extension =
        extension(form.get("ext").or_else(|| query.iter().find(|(n, _)| n == "ext").map(|(_, v)| v.as_str())), sent_name.as_deref())?;
    let filename = form.get("filename").map(display_name).or(sent_name).filter(|n| !n.is_empty());
    let (id, caller) = (SessionId::random(), Caller::of(request));
    let session = state.session_or_new(&id, caller.address, Claim::default(), |folder| {
        state.counters.sessions.inc();
        let spool = Arc::new(Spool::create(&folder.join("source"))?);
        let upload = Upload::new(spool, ChunkLedger::new(1, None, None), None);
        let session = Session::new(id.clone(), extension, filename, folder, upload, options);
        Ok(session.asked_for_by(Some(caller.request_id.clone())))
    })?;
    // Until here or in a moment nobody but this request knows of the session: what fails ends it.
    let received = receive_first(&state, &session, &mut multipart, file).await;
    match received.and_then(|rest| Ok((rest, state.admit()?.start(&session)?))) {
        Ok((None, ())) => {}
        Ok((Some(rest), ())) => {
            let session = Arc::clone(&session);
            actix_web::rt::spawn(async move { receive_rest(&state, &session, multipart, rest).await });
        }
        Err(error) => {
            end(&state, &session, error.0.clone()).await;
            return Err(error);
        }
    }
    Ok(session)
}

/// Reads the whole file, or as much of it as one should wait for; then the rest is given back unread.
async fn receive_first(
    state: &State,
    session: &Arc<Session>,
    multipart: &mut Multipart,
    mut file: Field,
) -> Result<Option<Field>, ApiError> {
    while let Some(data) = next_bytes(&mut file).await? {
        append(state, session, &data)?;
        if session.upload.spool().received() > PATIENT_BYTES {
            return Ok(Some(file));
        }
    }
    // The form gives its next part only when the last one is gone.
    drop(file);
    session.set_options(options_behind(session, multipart).await?);
    session.upload.finish_append();
    Ok(None)
}

/// The session's options with those of the fields behind the file.
async fn options_behind(session: &Session, multipart: &mut Multipart) -> Result<AnalysisOptions, ApiError> {
    let mut late = Form::default();
    while let Some(part) = next_part(multipart, 0).await? {
        late.read_more(part).await?;
    }
    agree_on_extension(session.extension, late.get("ext"))?;
    request::options(session.options(), late.fields())
}

/// Receives what is left of a large file beside its analysis. That ends only when the file is whole, so that nothing is published
/// before the fields behind the file are heard.
async fn receive_rest(state: &State, session: &Arc<Session>, mut multipart: Multipart, file: Field) {
    match read_rest(state, session, &mut multipart, file).await {
        Ok(()) => session.upload.finish_append(),
        // Nobody can send the rest: a session of this kind has no name to come back to.
        Err(error) => session.cancel(error.0),
    }
}

async fn read_rest(state: &State, session: &Session, multipart: &mut Multipart, mut file: Field) -> Result<(), ApiError> {
    while let Some(data) = next_bytes(&mut file).await? {
        append(state, session, &data)?;
    }
    drop(file);
    if options_behind(session, multipart).await? != session.options() {
        return Err(ApiError::field("Options behind a file come too late for its analysis. Put them before the file."));
    }
    Ok(())
}

fn append(state: &State, session: &Session, data: &[u8]) -> Result<(), ApiError> {
    if session.upload.spool().received() + data.len() as u64 > state.limits.file_bytes {
        let detail = format!("The file is larger than {} bytes, the most this server takes.", state.limits.file_bytes);
        return Err(ApiError::new(ErrorCode::FileTooLarge, detail));
    }
    session.activity.touch();
    state.counters.bytes.inc_by(data.len() as u64);
    // A page cache write of a network read's size; a thread hop would cost more.
    session.upload.append(data).map_err(|e| ApiError(verdict::storage("The file could not be stored", &e)))
}

async fn end(state: &State, session: &Arc<Session>, reason: Problem) {
    let (registry, session) = (Arc::clone(&state.registry), Arc::clone(session));
    let _ = web::block(move || registry.end(&session, reason)).await;
}

/// The ending that was named, or that of the file's name.
fn extension(named: Option<&str>, filename: Option<&str>) -> Result<Extension, ApiError> {
    let found = match (named, filename) {
        (Some(named), _) => named.parse(),
        (None, Some(filename)) => Extension::of_filename(filename),
        (None, None) => return Err(ApiError::field("file needs a filename, or the form a field ext before it.")),
    };
    found.map_err(|e: crate::video::UnsupportedExtension| ApiError::new(ErrorCode::UnsupportedExtension, format!("{e}.")))
}

/// A field behind the file comes too late to choose, but not to be wrong.
fn agree_on_extension(taken: Extension, late: Option<&str>) -> Result<(), ApiError> {
    match late {
        Some(late) if extension(Some(late), None)? != taken => {
            Err(ApiError::field("ext must come before file, or be that of its filename."))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_ext_is_not_passed_over() {
        let code = |late| agree_on_extension(Extension::Mp4, late).map_err(|e| e.0.code);
        assert_eq!((code(None), code(Some(".MP4"))), (Ok(()), Ok(())));
        assert_eq!(code(Some(".mkv")), Err(ErrorCode::InvalidField));
        assert_eq!(code(Some(".exe")), Err(ErrorCode::UnsupportedExtension));
        assert_eq!(extension(None, None).unwrap_err().0.code, ErrorCode::InvalidField);
    }
}
