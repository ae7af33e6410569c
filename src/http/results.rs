//! Finished files, with ranges, validators and a name to save them under.

use actix_files::NamedFile;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue};
use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::{self, ApiError};
use super::state::State;
use crate::error_code::{ErrorCode, Problem};
use crate::ids::ResultId;

const ENDINGS: [(&str, &str); 3] = [("mp4", "video/mp4"), ("jsonl", "application/jsonl"), ("csv", "text/csv; charset=utf-8")];

/// `GET` and `HEAD /uploads/results/{file}`
pub async fn get(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let not_found =
        || ApiError::new(ErrorCode::ResultNotFound, "There is no such result. Results are removed after a while; analyse the video again.");
    let (id, ending) = request.match_info().query("file").split_once('.').ok_or_else(not_found)?;
    let id: ResultId = id.parse().map_err(|_| not_found())?;
    let (ending, media_type) = ENDINGS.into_iter().find(|(e, _)| *e == ending).ok_or_else(not_found)?;
    let session = state.registry.list().into_iter().find(|s| s.result().as_ref() == Some(&id));
    if let Some(session) = &session {
        session.activity.touch();
    }
    let stem = session.and_then(|s| s.filename.clone()).map(|n| n.rsplit_once('.').map_or(n.clone(), |(stem, _)| stem.to_owned()));
    let saved_as = format!("{}.annotated.{ending}", stem.unwrap_or_else(|| format!("sightline-{id}")));
    let file = NamedFile::open_async(state.results.join(format!("{id}.{ending}"))).await.map_err(|_| not_found())?;
    let media_type = media_type.parse().unwrap_or(actix_web::mime::APPLICATION_OCTET_STREAM);
    let response = file.set_content_type(media_type).set_content_disposition(attachment(saved_as)).into_response(&request);
    Ok(if response.status() == StatusCode::RANGE_NOT_SATISFIABLE { no_such_part(&response) } else { response })
}

/// Tells as a problem what the file's own answer leaves empty.
fn no_such_part(response: &HttpResponse) -> HttpResponse {
    let mut told =
        problem::response(&Problem::new(ErrorCode::RangeNotSatisfiable, "The file has no such part; Content-Range tells its size."));
    if let Some(size) = response.headers().get(header::CONTENT_RANGE) {
        told.headers_mut().insert(header::CONTENT_RANGE, size.clone());
    }
    told
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

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[actix_web::test]
    async fn a_part_that_is_not_there_is_a_problem_with_the_size() {
        let bare = HttpResponse::RangeNotSatisfiable().insert_header((header::CONTENT_RANGE, "bytes */7")).finish();
        let told = no_such_part(&bare);
        assert_eq!(told.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(told.headers().get(header::CONTENT_RANGE).unwrap(), "bytes */7");
        assert_eq!(told.headers().get(header::CONTENT_TYPE).unwrap(), "application/problem+json");
        let body: serde_json::Value = serde_json::from_slice(&to_bytes(told.into_body()).await.unwrap()).unwrap();
        assert_eq!(body["code"], "RANGE_NOT_SATISFIABLE");
    }
}
