//! `POST /files/`: a new upload, with or without its first bytes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{UPLOAD_OFFSET, allowed, answered, body, check_version, checksum, expires, has_bytes, metadata, number, text};
use crate::error_code::{ErrorCode, Problem};
use crate::http::problem::ApiError;
use crate::http::request;
use crate::http::state::State;
use crate::http::upload::display_name;
use crate::ids::SessionId;
use crate::options::AnalysisOptions;
use crate::sessions::journal::{Description, TusDescription};
use crate::sessions::session::Session;
use crate::sessions::tus::{TusError, Writer};
use crate::video::{Extension, UnsupportedExtension};

/// What a creation asks for.
struct Wish {
    /// A name that the client chose.
    id: Option<SessionId>,
    extension: Extension,
    filename: Option<String>,
    /// None where it is told later.
    length: Option<u64>,
    metadata: Option<String>,
    options: AnalysisOptions,
}

/// `POST /files/`
pub async fn create(state: web::Data<State>, request: HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let outcome = try_create(&state, &request, &mut payload).await;
    if outcome.is_err() {
        body::drain(&mut payload).await;
    }
    answered(outcome)
}

async fn try_create(state: &State, request: &HttpRequest, payload: &mut web::Payload) -> Result<HttpResponse, ApiError> {
    check_version(request)?;
    let analyses = state.admit()?;
    let wish = Wish::read(request)?;
    allowed(state, wish.length.unwrap_or(0))?;
    analyses.check(&wish.options)?;
    let checksum = text(request, "Upload-Checksum")?.map(checksum::parse).transpose()?;
    state.room_for(wish.length.unwrap_or(0))?;
    let (session, is_new) = session_of(state, wish)?;
    session.activity.touch();
    // A session that is there already is one whose creation's answer got lost: it is told again, with what there is of it.
    let empty = session.upload.tus().is_some_and(|tus| tus.length() == Some(0));
    if is_new || session.upload.spool().received() == 0 {
        let stored = match Writer::begin(&session, 0) {
            Some(Ok(writer)) if has_bytes(request) || empty => body::receive(state, writer, checksum, payload).await,
            Some(Err(TusError::Io(error))) => Err(TusError::Io(error).into()),
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
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/files/{}", session.id)));
    response.insert_header((UPLOAD_OFFSET, session.upload.spool().received().to_string()));
    if let Some(expires) = expires(state, &session) {
        response.insert_header(expires);
    }
    Ok(response.finish())
}

impl Wish {
    fn read(request: &HttpRequest) -> Result<Self, ApiError> {
        if text(request, "Upload-Concat")?.is_some() {
            return Err(ApiError::field("Upload-Concat is not offered here. Send the file as one upload."));
        }
        let length = match (number(request, "Upload-Length")?, text(request, "Upload-Defer-Length")?) {
            (Some(length), None) => Some(length),
            (None, Some("1")) => None,
            (None, None) => return Err(ApiError::field("Upload-Length is missing.")),
            (None, Some(_)) => return Err(ApiError::field("Upload-Defer-Length must be 1.")),
            (Some(_), Some(_)) => return Err(ApiError::field("Upload-Length and Upload-Defer-Length exclude each other.")),
        };
        let metadata = text(request, "Upload-Metadata")?;
        let fields = metadata::parse(metadata.unwrap_or_default())?;
        let get = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let filename = get("filename").map(display_name).filter(|n| !n.is_empty());
        let extension = match (get("ext"), &filename) {
            (Some(ext), _) => ext.parse(),
            (None, Some(filename)) => Extension::of_filename(filename),
            (None, None) => return Err(ApiError::field("Upload-Metadata needs a filename or ext.")),
        };
        Ok(Self {
            id: get("session_id").map(request::session_id).transpose()?,
            extension: extension.map_err(|e: UnsupportedExtension| ApiError::new(ErrorCode::UnsupportedExtension, format!("{e}.")))?,
            filename,
            length,
            metadata: metadata.map(str::to_owned),
            options: request::options(AnalysisOptions::default(), &fields)?,
        })
    }
}

/// The wished session, and whether it is new. One of the same name is the same if it was wished for in the same words.
fn session_of(state: &State, wish: Wish) -> Result<(Arc<Session>, bool), ApiError> {
    let id = wish.id.unwrap_or_else(SessionId::random);
    let (length, metadata) = (wish.length, wish.metadata.clone());
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
            tus: Some(TusDescription { metadata: wish.metadata }),
            options: wish.options,
            created_at_ms: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64,
        };
        Session::create(id.clone(), folder, description)
    };
    let session = state.registry.get_or_create(&id, Some(Instant::now()), make)?;
    let same = session.upload.tus().is_some_and(|t| t.metadata() == metadata.as_deref() && (length.is_none() || t.length() == length));
    if !is_new && !same {
        return Err(ApiError::new(ErrorCode::SessionConflict, "There is another session of this name. Choose another one."));
    }
    Ok((session, is_new))
}

async fn end(state: &State, session: Arc<Session>, reason: Problem) {
    let registry = Arc::clone(&state.registry);
    let _ = web::block(move || registry.end(&session, reason)).await;
}
