//! `POST /files/`: a new upload, with or without its first bytes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::checksum::Checks;
use super::{UPLOAD_OFFSET, allowed, answered, body, check_version, concatenation, expect, expires, has_bytes, metadata, number, text};
use crate::error_code::{ErrorCode, Problem};
use crate::http::digest;
use crate::http::problem::ApiError;
use crate::http::request;
use crate::http::state::State;
use crate::http::trace::Caller;
use crate::http::upload::display_name;
use crate::ids::SessionId;
use crate::ingest::checksum::Checksum;
use crate::options::AnalysisOptions;
use crate::sessions::journal::{Description, TusDescription};
use crate::sessions::registry::Claim;
use crate::sessions::session::Session;
use crate::sessions::tus::TusError;
use crate::sessions::tus::concatenation::Concatenation;
use crate::sessions::tus::writer::Writer;
use crate::video::{Extension, UnsupportedExtension};

/// What a creation asks for.
pub struct Wish {
    /// A name that the client chose.
    pub id: Option<SessionId>,
    extension: Extension,
    filename: Option<String>,
    /// None where it is told later, or by the parts.
    pub length: Option<u64>,
    /// What the whole file should be.
    pub digests: Vec<Checksum>,
    /// How many sessions will make room for it.
    pub replaces: usize,
    tus: TusDescription,
    options: AnalysisOptions,
}

/// `POST /files/`
pub async fn create(state: web::Data<State>, caller: Caller, request: HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let outcome = try_create(&state, &caller, &request, &mut payload).await;
    if outcome.is_err() {
        body::drain(&mut payload).await;
    }
    answered(outcome)
}

async fn try_create(state: &State, caller: &Caller, request: &HttpRequest, payload: &mut web::Payload) -> Result<HttpResponse, ApiError> {
    check_version(request)?;
    let analyses = state.admit()?;
    let mut wish = Wish::read(request)?;
    analyses.check(&wish.options)?;
    if let Some(Concatenation::Final(parts)) = &wish.tus.concatenation {
        let parts = parts.clone();
        return concatenation::create_final(state, caller, wish, &parts).await;
    }
    allowed(state, wish.length.unwrap_or(0))?;
    let checks = Checks::read(request)?;
    state.room_for(wish.length.unwrap_or(0))?;
    let digests = std::mem::take(&mut wish.digests);
    let (session, is_new) = session_of(state, caller, wish)?;
    session.activity.touch();
    // A session that is there already is one whose creation's answer got lost: it is told again, with what there is of it.
    let empty = session.upload.tus().is_some_and(|tus| tus.length() == Some(0));
    if is_new || session.upload.spool().received() == 0 {
        let stored = match (expect(&session, digests), Writer::begin(&session, 0)) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(Ok(writer))) if has_bytes(request) || empty => body::receive(state, writer, checks, payload).await,
            (Ok(()), Some(Err(TusError::Io(error)))) => Err(TusError::Io(error).into()),
            _ => Ok(()),
        };
        if let Err(error) = stored {
            // What was broken off can be gone on with by who chose its name; nobody would come back to what was refused.
            let broken = matches!(error.0.code, ErrorCode::InvalidRequest | ErrorCode::RequestTimeout | ErrorCode::ShuttingDown);
            if is_new && !broken {
                end(state, session, error.0.clone()).await;
            }
            return Err(error);
        }
    }
    Ok(created(state, &session))
}

/// What the creator of a session is told.
pub fn created(state: &State, session: &Session) -> HttpResponse {
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/files/{}", session.id)));
    response.insert_header((UPLOAD_OFFSET, session.upload.spool().received().to_string()));
    if let Some(expires) = expires(state, session) {
        response.insert_header(expires);
    }
    response.finish()
}

impl Wish {
    fn read(request: &HttpRequest) -> Result<Self, ApiError> {
        let concatenation = text(request, "Upload-Concat")?.map(concatenation::parse).transpose()?;
        let length = length(request, concatenation.as_ref())?;
        let metadata = text(request, "Upload-Metadata")?;
        let fields = metadata::parse(metadata.unwrap_or_default())?;
        let get = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let filename = get("filename").map(display_name).filter(|n| !n.is_empty());
        let extension = match (get("ext"), &filename) {
            (Some(ext), _) => ext.parse(),
            (None, Some(filename)) => Extension::of_filename(filename),
            // A part is no file, so that its ending means nothing.
            (None, None) if concatenation == Some(Concatenation::Part) => Ok(Extension::Mp4),
            (None, None) => return Err(ApiError::field("Upload-Metadata needs a filename or ext.")),
        };
        Ok(Self {
            id: get("session_id").map(request::session_id).transpose()?,
            extension: extension.map_err(|e: UnsupportedExtension| ApiError::new(ErrorCode::UnsupportedExtension, format!("{e}.")))?,
            filename,
            length,
            digests: digest::read(request, "Repr-Digest")?,
            replaces: 0,
            tus: TusDescription { metadata: metadata.map(str::to_owned), concatenation },
            options: request::options(AnalysisOptions::default(), &fields)?,
        })
    }
}

/// The file's size as far as the creation tells it.
fn length(request: &HttpRequest, concatenation: Option<&Concatenation>) -> Result<Option<u64>, ApiError> {
    let is_final = matches!(concatenation, Some(Concatenation::Final(_)));
    match (number(request, "Upload-Length")?, text(request, "Upload-Defer-Length")?) {
        (None, None) if is_final => Ok(None),
        _ if is_final => Err(ApiError::field("The length of a file of parts is that of the parts. Leave it out.")),
        (Some(length), None) => Ok(Some(length)),
        (None, Some("1")) => Ok(None),
        (None, None) => Err(ApiError::field("Upload-Length is missing.")),
        (None, Some(_)) => Err(ApiError::field("Upload-Defer-Length must be 1.")),
        (Some(_), Some(_)) => Err(ApiError::field("Upload-Length and Upload-Defer-Length exclude each other.")),
    }
}

/// The session of the wished name, if it is there. It must have been wished for in the same words.
pub fn known(state: &State, wish: &Wish) -> Result<Option<Arc<Session>>, ApiError> {
    let found = wish.id.as_ref().and_then(|id| state.registry.get(id));
    found.map(|session| if is_meant(&session, &wish.tus, wish.length) { Ok(session) } else { Err(taken()) }).transpose()
}

/// The wished session, and whether it is new.
pub fn session_of(state: &State, caller: &Caller, wish: Wish) -> Result<(Arc<Session>, bool), ApiError> {
    let id = wish.id.unwrap_or_else(SessionId::random);
    let (length, tus) = (wish.length, wish.tus.clone());
    let claim = Claim { begun: Some(Instant::now()), replaces: wish.replaces };
    let mut is_new = false;
    let make = |folder: PathBuf| {
        is_new = true;
        state.counters.sessions.inc();
        let description = Description {
            version: Description::version(),
            extension: wish.extension,
            filename: wish.filename,
            total_chunks: 1,
            chunk_size: None,
            file_size: wish.length,
            tus: Some(wish.tus),
            options: wish.options,
            request_id: Some(caller.request_id.clone()),
            created_at_ms: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64,
        };
        Session::create(id.clone(), folder, description)
    };
    let session = state.session_or_new(&id, caller.address, claim, make)?;
    if is_meant(&session, &tus, length) { Ok((session, is_new)) } else { Err(taken()) }
}

/// Whether a session is what these words wish for.
fn is_meant(session: &Session, wish: &TusDescription, length: Option<u64>) -> bool {
    session.upload.tus().is_some_and(|tus| tus.description() == wish && (length.is_none() || tus.length() == length))
}

fn taken() -> ApiError {
    ApiError::new(ErrorCode::SessionConflict, "There is another session of this name. Choose another one.")
}

pub async fn end(state: &State, session: Arc<Session>, reason: Problem) {
    let registry = Arc::clone(&state.registry);
    let _ = web::block(move || registry.end(&session, reason)).await;
}
