//! `Upload-Concat`: uploads that are parts of a file, and the file of parts.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use sha2::{Digest as _, Sha256};

use super::creation::{Wish, created, end, known, session_of};
use super::{allowed, body, expect};
use crate::error_code::{ErrorCode, Problem};
use crate::http::problem::ApiError;
use crate::http::request;
use crate::http::state::State;
use crate::http::trace::Caller;
use crate::ids::SessionId;
use crate::processing::session_run::Analyses;
use crate::sessions::session::Session;
use crate::sessions::tus::concatenation::Concatenation;
use crate::sessions::tus::writer::Writer;

/// `partial`, or `final;` and the addresses of the parts.
pub fn parse(header: &str) -> Result<Concatenation, ApiError> {
    match header.split_once(';') {
        None if header == "partial" => Ok(Concatenation::Part),
        Some(("final", parts)) if !parts.trim().is_empty() => Ok(Concatenation::Final(parts.trim().to_owned())),
        _ => Err(ApiError::field("Upload-Concat must be partial, or final; with the addresses of the parts.")),
    }
}

/// As `parse` took it.
pub fn header(concatenation: &Concatenation) -> String {
    match concatenation {
        Concatenation::Part => "partial".to_owned(),
        Concatenation::Final(parts) => format!("final;{parts}"),
    }
}

/// Creates the file of these parts. They go with it: their bytes are in it now.
pub async fn create_final(state: &State, caller: &Caller, mut wish: Wish, parts: &str) -> Result<HttpResponse, ApiError> {
    let analyses = state.admit()?.clone();
    wish.id.get_or_insert(name_of(parts)?);
    // A creation whose answer got lost is told again. Its parts are gone by now, or about to be.
    if let Some(session) = known(state, &wish)?.filter(|session| session.upload.received().assembled) {
        return if has_younger(state, parts, &session)? { Err(names_used_again(&session.id)) } else { Ok(created(state, &session)) };
    }
    let parts: Vec<_> = parts.split_whitespace().map(|address| part(state, address)).collect::<Result<_, _>>()?;
    let length = parts.iter().map(|part| part.upload.spool().received()).sum();
    allowed(state, length)?;
    state.room_for(length)?;
    (wish.length, wish.replaces) = (Some(length), parts.len());
    let digests = std::mem::take(&mut wish.digests);
    let (session, is_new) = session_of(state, caller, wish)?;
    let outcome = match expect(&session, digests) {
        Ok(()) => fill(state, &session, parts, analyses).await,
        refused => refused,
    };
    match outcome {
        Ok(()) => Ok(created(state, &session)),
        Err(error) => {
            if is_new {
                end(state, session, error.0.clone()).await;
            }
            Err(error)
        }
    }
}

/// Moves the parts' bytes and begins the analysis, on a thread that does not mind whether the client still waits.
async fn fill(state: &State, session: &Arc<Session>, parts: Vec<Arc<Session>>, analyses: Analyses) -> Result<(), ApiError> {
    let there = session.upload.spool().received();
    let Some(writer) = Writer::begin(session, there) else { return Ok(()) };
    let writer = writer.map_err(|error| body::ended_or(state, error))?;
    let registry = Arc::clone(&state.registry);
    let filled = web::block(move || {
        writer.put_together(&parts)?;
        for part in parts {
            // Files that are left now are removed later; the whole does not need them.
            let _ = registry.end(&part, Problem::new(ErrorCode::Cancelled, "The part's bytes are in its file now."));
        }
        Ok(analyses.start(writer.session()))
    });
    filled.await.map_err(|_| body::too_busy())?.map_err(|error| body::ended_or(state, error))??;
    Ok(())
}

/// Whether one of these parts was begun after their file: then it is a part of another one.
fn has_younger(state: &State, parts: &str, file: &Session) -> Result<bool, ApiError> {
    let ids: Vec<_> = parts.split_whitespace().map(id_of).collect::<Result<_, _>>()?;
    Ok(ids.iter().filter_map(|id| state.registry.get(id)).any(|part| part.created_at > file.created_at))
}

fn names_used_again(file: &SessionId) -> ApiError {
    let detail =
        format!("Parts of these names have become the file {file} before. Delete that, or give the parts of another file other names.");
    ApiError::new(ErrorCode::SessionConflict, detail)
}

/// The name in a part's path or URL.
fn id_of(address: &str) -> Result<SessionId, ApiError> {
    request::session_id(address.rsplit_once('/').map_or(address, |(_, id)| id))
}

/// A whole part, by its path or its URL.
fn part(state: &State, address: &str) -> Result<Arc<Session>, ApiError> {
    let id = id_of(address)?;
    let part = state.session(&id)?;
    let Some(tus) = part.upload.tus().filter(|tus| tus.is_part()) else {
        return Err(ApiError::field(format!("Upload-Concat names {id}, which was not created with Upload-Concat: partial.")));
    };
    let received = part.upload.spool().received();
    if tus.length() != Some(received) {
        return Err(ApiError::field(format!("Upload-Concat names {id}, of which only {received} bytes are there. Send the rest first.")));
    }
    part.activity.touch();
    Ok(part)
}

/// The same for the same parts, so that who asks again finds what came of the first time.
fn name_of(parts: &str) -> Result<SessionId, ApiError> {
    let digest = Sha256::digest(parts.as_bytes());
    request::session_id(&digest[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_and_written_alike() {
        for good in ["partial", "final;/files/a", "final;http://x/files/a /files/b"] {
            assert_eq!(parse(good).map(|c| header(&c)).map_err(|e| e.0.detail), Ok(good.to_owned()));
        }
        for bad in ["", "Partial", "final", "final;", "final; ", "partial;/files/a", "whole"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(parse("final; /files/a").ok(), Some(Concatenation::Final("/files/a".to_owned())), "as the protocol's text has it");
    }
}
