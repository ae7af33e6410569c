//! Multipart forms with bounds: how many parts, how long a field.

use actix_multipart::{Field, Multipart, MultipartError};
use futures_util::StreamExt;

use super::pace;
use super::problem::ApiError;
use crate::error_code::ErrorCode;
use crate::options::AnalysisOptions;
use crate::processing::verdict;

/// Parts of a form; ours has at most 20.
const MAX_PARTS: usize = 64;
const MAX_FIELD_BYTES: usize = 4096;
/// Fields beside the analysis' options. A name that is none of these is a slip of the pen, which would else go unnoticed.
const FIELDS: [&str; 10] = [
    "session_id",
    "chunk_index",
    "total_chunks",
    "ext",
    "file_size",
    "chunk_size",
    "filename",
    "sha256",
    "file_sha256",
    // Of the contract, without effect so far.
    "detect_every",
];

/// A chunk's form: text fields in order and the part named `file`.
#[derive(Debug, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    pub file: Option<Vec<u8>>,
}

impl Form {
    /// Reads the whole form; its file may have `max_file` bytes.
    pub async fn read(mut multipart: Multipart, max_file: usize) -> Result<Self, ApiError> {
        let mut form = Self::default();
        let mut too_large = false;
        while let Some(mut part) = next_part(&mut multipart, form.parts()).await? {
            if part.name() == Some("file") {
                if form.file.is_some() {
                    return Err(second_file());
                }
                let mut bytes = Vec::new();
                while let Some(data) = next_bytes(&mut part).await? {
                    // The rest of a file that is too large is read and dropped, so that the client gets to read why.
                    too_large |= bytes.len() + data.len() > max_file;
                    if !too_large {
                        bytes.try_reserve(data.len()).map_err(|_| verdict::busy())?;
                        bytes.extend_from_slice(&data);
                    }
                }
                form.file = Some(bytes);
            } else {
                form.read_field(&mut part).await?;
            }
        }
        if too_large {
            let detail = format!("The chunk is larger than {max_file} bytes. Cut the file into smaller chunks.");
            return Err(ApiError::new(ErrorCode::ChunkTooLarge, detail));
        }
        Ok(form)
    }

    /// Reads up to the part named `file` and gives it unread, for a file that is larger than memory should hold.
    pub async fn read_until_file(multipart: &mut Multipart) -> Result<(Self, Field), ApiError> {
        let mut form = Self::default();
        while let Some(mut part) = next_part(multipart, form.parts()).await? {
            if part.name() == Some("file") {
                return Ok((form, part));
            }
            form.read_field(&mut part).await?;
        }
        Err(ApiError::field("file is missing."))
    }

    /// Takes another part; a second file is refused.
    pub async fn read_more(&mut self, mut part: Field) -> Result<(), ApiError> {
        if part.name() == Some("file") {
            return Err(second_file());
        }
        if self.parts() >= MAX_PARTS {
            return Err(ApiError::new(ErrorCode::InvalidRequest, format!("The form has more than {MAX_PARTS} parts.")));
        }
        self.read_field(&mut part).await
    }

    async fn read_field(&mut self, part: &mut Field) -> Result<(), ApiError> {
        let name = part.name().unwrap_or_default().to_owned();
        if name.len() > 64 {
            return Err(ApiError::new(ErrorCode::InvalidRequest, "The form has a field with a very long name."));
        }
        if !FIELDS.contains(&name.as_str()) && !AnalysisOptions::has(&name) {
            return Err(ApiError::field(format!("{name:?} is not a field of this form.")));
        }
        let mut bytes = Vec::new();
        while let Some(data) = next_bytes(part).await? {
            if bytes.len() + data.len() > MAX_FIELD_BYTES {
                return Err(ApiError::field(format!("{name} is longer than {MAX_FIELD_BYTES} bytes.")));
            }
            bytes.extend_from_slice(&data);
        }
        let text = String::from_utf8(bytes).map_err(|_| ApiError::field(format!("{name} is not UTF-8 text.")))?;
        if self.fields.iter().any(|(n, _)| *n == name) {
            return Err(ApiError::field(format!("{name} is given twice.")));
        }
        self.fields.push((name, text));
        Ok(())
    }

    fn parts(&self) -> usize {
        self.fields.len() + usize::from(self.file.is_some())
    }

    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn require(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| ApiError::field(format!("{name} is missing.")))
    }
}

/// The next part of a form that has had `parts` so far.
pub async fn next_part(multipart: &mut Multipart, parts: usize) -> Result<Option<Field>, ApiError> {
    if parts >= MAX_PARTS {
        return Err(ApiError::new(ErrorCode::InvalidRequest, format!("The form has more than {MAX_PARTS} parts.")));
    }
    multipart.next().await.transpose().map_err(|e| unreadable(&e))
}

/// The next bytes of a part.
pub async fn next_bytes(part: &mut Field) -> Result<Option<bytes::Bytes>, ApiError> {
    part.next().await.transpose().map_err(|e| unreadable(&e))
}

fn second_file() -> ApiError {
    ApiError::field("file is given twice.")
}

fn unreadable(error: &MultipartError) -> ApiError {
    match error {
        MultipartError::ContentTypeMissing | MultipartError::ContentTypeParse | MultipartError::ContentTypeIncompatible => {
            ApiError::new(ErrorCode::UnsupportedMediaType, "Send the request as multipart/form-data.")
        }
        MultipartError::Payload(error) => pace::ended_early("The form did not arrive", error),
        other => ApiError::new(ErrorCode::InvalidRequest, format!("The form could not be read: {other}.")),
    }
}
