//! Finished files, with ranges, validators and a name to save them under.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::body::SizedStream;
use actix_web::http::header::{self, Charset, ContentDisposition, DispositionParam, DispositionType, EntityTag, ExtendedValue, HttpDate};
use actix_web::http::{StatusCode, header::HeaderMap};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;

use super::problem::{self, ApiError};
use super::range::{Asked, asked};
use super::request;
use super::state::State;
use crate::error_code::{ErrorCode, Problem};
use crate::ids::ResultId;
use crate::processing::outputs::OutputKind;
use crate::processing::{archive, verdict};

/// Read at a time.
const BLOCK: u64 = 64 * 1024;

/// `GET` and `HEAD /uploads/results/{file}`
pub async fn get(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let (id, ending) = request.match_info().query("file").split_once('.').ok_or_else(not_found)?;
    let id = id.parse().map_err(|_| not_found())?;
    send(&state, &request, id, ending).await
}

/// `GET` and `HEAD /api/sessions/{session_id}/result.{ending}`: the newest result, for clients that follow no events.
pub async fn of_session(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let session = state.session(&request::path_session_id(&request)?)?;
    session.activity.touch();
    match (session.result().filter(|_| session.state().is_over()), session.failure()) {
        (Some(id), _) => send(&state, &request, id, request.match_info().query("ending")).await,
        (None, Some(failure)) => Err(failure.into()),
        (None, None) => Err(ApiError::new(ErrorCode::ResultNotReady, "The video is still being analysed. Try again in a moment.")),
    }
}

fn not_found() -> ApiError {
    ApiError::new(ErrorCode::ResultNotFound, "There is no such result. Results are removed after a while; analyse the video again.")
}

async fn send(state: &State, request: &HttpRequest, id: ResultId, ending: &str) -> Result<HttpResponse, ApiError> {
    if state.was_removed(&id) {
        return Err(ApiError::new(ErrorCode::ResultGone, "The result was removed with its session. Analyse the video again."));
    }
    let kind = OutputKind::ALL.into_iter().find(|kind| kind.ending() == ending).ok_or_else(not_found)?;
    let session = state.registry.list().into_iter().find(|s| s.results().contains(&id));
    if let Some(session) = &session {
        session.activity.touch();
    }
    let stem = session.and_then(|s| s.filename.clone()).map(|n| n.rsplit_once('.').map_or(n.clone(), |(stem, _)| stem.to_owned()));
    let saved_as = format!("{}.annotated.{ending}", stem.unwrap_or_else(|| format!("sightline-{id}")));
    let file = match File::open(state.results.join(kind.file_name(&id))) {
        Err(_) if kind == OutputKind::Archive => archive(state, id.clone()).await?,
        file => file.map_err(|_| not_found())?,
    };
    let version = Version::of(&id, &file).map_err(|_| not_found())?;
    let mut answer = match version.judge(request) {
        Verdict::Send(status, range) => {
            let mut answer = HttpResponse::build(status);
            answer.content_type(kind.media_type()).insert_header(attachment(saved_as));
            if status == StatusCode::PARTIAL_CONTENT {
                let range = format!("bytes {}-{}/{}", range.start, range.end - 1, version.length);
                answer.insert_header((header::CONTENT_RANGE, range));
            }
            answer.body(SizedStream::new(range.end - range.start, blocks(file, range)))
        }
        Verdict::NotModified => HttpResponse::NotModified().finish(),
        Verdict::Unsatisfiable => {
            let detail = format!("The file has {} bytes; the range lies beyond.", version.length);
            let mut answer = problem::response(&Problem::new(ErrorCode::RangeNotSatisfiable, detail));
            insert(answer.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", version.length));
            answer
        }
    };
    let headers = answer.headers_mut();
    insert(headers, header::ETAG, &version.tag.to_string());
    insert(headers, header::LAST_MODIFIED, &version.modified.to_string());
    insert(headers, header::ACCEPT_RANGES, "bytes");
    Ok(answer)
}

/// Packs the archive, one at a time: it is as large as the video.
async fn archive(state: &State, id: ResultId) -> Result<File, ApiError> {
    let _turn = state.packing.lock().await;
    let folder = state.results.clone();
    let packed = web::block(move || {
        let path = folder.join(OutputKind::Archive.file_name(&id));
        File::open(&path).or_else(|_| archive::build(&folder, &id).and_then(|()| File::open(&path)))
    });
    match packed.await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(verdict::storage("The archive could not be made", &error).into()),
        _ => Err(not_found()),
    }
}

/// What tells this content of a file from any other.
struct Version {
    length: u64,
    modified: HttpDate,
    tag: EntityTag,
}

enum Verdict {
    Send(StatusCode, Range<u64>),
    NotModified,
    Unsatisfiable,
}

impl Version {
    fn of(id: &ResultId, file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let modified = metadata.modified()?;
        let nanos = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let tag = EntityTag::new_strong(format!("{id}-{:x}-{nanos:x}", metadata.len()));
        Ok(Self { length: metadata.len(), modified: modified.into(), tag })
    }

    /// What a request's validators and range ask for (RFC 9110, 13.2.2).
    fn judge(&self, request: &HttpRequest) -> Verdict {
        let unchanged = match request.get_header::<header::IfNoneMatch>() {
            Some(header::IfNoneMatch::Any) => true,
            Some(header::IfNoneMatch::Items(tags)) => tags.iter().any(|t| t.weak_eq(&self.tag)),
            None => request.get_header::<header::IfModifiedSince>().is_some_and(|since| self.not_after(since.0)),
        };
        if unchanged {
            return Verdict::NotModified;
        }
        let text = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
        // A range of another version than the reader's would not fit to what the reader has.
        let same = text(header::IF_RANGE).is_none_or(|v| v == self.tag.to_string() || v == self.modified.to_string());
        match text(header::RANGE).filter(|_| same).map_or(Asked::Whole, |value| asked(value, self.length)) {
            Asked::Whole => Verdict::Send(StatusCode::OK, 0..self.length),
            Asked::Part(range) => Verdict::Send(StatusCode::PARTIAL_CONTENT, range),
            Asked::Unsatisfiable => Verdict::Unsatisfiable,
        }
    }

    /// By whole seconds, which is all that such dates can tell.
    fn not_after(&self, since: HttpDate) -> bool {
        let seconds = |date: HttpDate| SystemTime::from(date).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        seconds(self.modified) <= seconds(since)
    }
}

/// A part of a file, read as the connection takes it.
pub fn blocks(file: File, range: Range<u64>) -> impl stream::Stream<Item = Result<Bytes, io::Error>> {
    stream::try_unfold((file, range), |(file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let read = move || {
            let mut block = vec![0; (range.end - range.start).min(BLOCK) as usize];
            file.read_exact_at(&mut block, range.start)?;
            let rest = range.start + block.len() as u64..range.end;
            Ok(Some((Bytes::from(block), (file, rest))))
        };
        web::block(read).await.map_err(io::Error::other)?
    })
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = header::HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// An ASCII name for old clients, and the real one (RFC 6266, RFC 8187).
fn attachment(name: String) -> ContentDisposition {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || " -_.()".contains(c) { c } else { '_' }).collect();
    let real = ExtendedValue { charset: Charset::Ext("UTF-8".to_owned()), language_tag: None, value: name.into_bytes() };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(plain), DispositionParam::FilenameExt(real)],
    }
}
