//! Bytes as an answer that can be asked for in ranges, compared by validators and saved under a name.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::body::{BoxBody, SizedStream};
use actix_web::http::header::{self, Charset, ContentDisposition, DispositionParam, DispositionType, EntityTag, ExtendedValue, HttpDate};
use actix_web::http::{Method, StatusCode, header::HeaderMap};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream;

use super::problem;
use super::range::{Asked, asked};
use crate::error_code::{ErrorCode, Problem};

/// Read at a time.
pub const BLOCK: u64 = 64 * 1024;

pub struct Download {
    pub content: Content,
    pub media_type: &'static str,
    /// Whether it is to be saved or shown, and the name for it.
    pub disposition: ContentDisposition,
    pub version: Version,
}

pub enum Content {
    /// A stretch of a file.
    File(File, Range<u64>),
    Text(Bytes),
}

/// What tells this content from any other under the same address.
pub struct Version {
    pub tag: EntityTag,
    pub modified: Option<HttpDate>,
}

enum Verdict {
    Send(StatusCode, Range<u64>),
    NotModified,
    Unsatisfiable,
}

impl Download {
    /// All of it, a part, or nothing new, as the request asks.
    pub fn answer(self, request: &HttpRequest) -> HttpResponse {
        let Self { content, media_type, disposition, version } = self;
        let length = content.length();
        let mut answer = match version.judge(request, length) {
            Verdict::Send(status, part) => {
                let mut answer = HttpResponse::build(status);
                answer.content_type(media_type).insert_header(disposition);
                if status == StatusCode::PARTIAL_CONTENT {
                    answer.insert_header((header::CONTENT_RANGE, format!("bytes {}-{}/{length}", part.start, part.end - 1)));
                }
                answer.body(content.part(part))
            }
            Verdict::NotModified => HttpResponse::NotModified().finish(),
            Verdict::Unsatisfiable => {
                let detail = format!("The file has {length} bytes; the range lies beyond.");
                let mut answer = problem::response(&Problem::new(ErrorCode::RangeNotSatisfiable, detail));
                insert(answer.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{length}"));
                answer
            }
        };
        let headers = answer.headers_mut();
        insert(headers, header::ETAG, &version.tag.to_string());
        if let Some(modified) = version.modified {
            insert(headers, header::LAST_MODIFIED, &modified.to_string());
        }
        insert(headers, header::ACCEPT_RANGES, "bytes");
        answer
    }
}

impl Content {
    pub fn length(&self) -> u64 {
        match self {
            Self::File(_, bytes) => bytes.end - bytes.start,
            Self::Text(text) => text.len() as u64,
        }
    }

    /// These bytes, counted from its beginning.
    fn part(self, part: Range<u64>) -> BoxBody {
        match self {
            Self::File(file, bytes) => {
                let part = bytes.start + part.start..bytes.start + part.end;
                BoxBody::new(SizedStream::new(part.end - part.start, blocks(file, part)))
            }
            Self::Text(text) => BoxBody::new(text.slice(part.start as usize..part.end as usize)),
        }
    }
}

impl Version {
    /// What a request's validators and range ask for (RFC 9110, 13.2.2) of this many bytes.
    fn judge(&self, request: &HttpRequest, length: u64) -> Verdict {
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
        let is_same = |told: &str| told == self.tag.to_string() || self.modified.is_some_and(|modified| told == modified.to_string());
        // Ranges are defined for GET alone (RFC 9110, 14.2).
        let range = text(header::RANGE).filter(|_| request.method() == Method::GET && text(header::IF_RANGE).is_none_or(is_same));
        match range.map_or(Asked::Whole, |value| asked(value, length)) {
            Asked::Whole => Verdict::Send(StatusCode::OK, 0..length),
            Asked::Part(range) => Verdict::Send(StatusCode::PARTIAL_CONTENT, range),
            Asked::Unsatisfiable => Verdict::Unsatisfiable,
        }
    }

    /// By whole seconds, which is all that such dates can tell.
    fn not_after(&self, since: HttpDate) -> bool {
        let seconds = |date: HttpDate| SystemTime::from(date).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.modified.is_some_and(|modified| seconds(modified) <= seconds(since))
    }
}

/// A part of a file, read as the connection takes it.
fn blocks(file: File, range: Range<u64>) -> impl stream::Stream<Item = Result<Bytes, io::Error>> {
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
pub fn named(disposition: DispositionType, name: String) -> ContentDisposition {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || " -_.()".contains(c) { c } else { '_' }).collect();
    let real = ExtendedValue { charset: Charset::Ext("UTF-8".to_owned()), language_tag: None, value: name.into_bytes() };
    ContentDisposition { disposition, parameters: vec![DispositionParam::Filename(plain), DispositionParam::FilenameExt(real)] }
}
