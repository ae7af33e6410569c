//! The one list of error codes, the same over HTTP, SSE and WebSocket.

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($name:ident $text:literal $status:literal $title:literal;)+) => {
        /// A stable name for what went wrong; the sentence beside it may change, this may not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($name),+ }

        impl ErrorCode {
            pub const ALL: &'static [ErrorCode] = &[$(Self::$name),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The HTTP status that goes with the code.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status),+ }
            }

            /// What the code means, in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

codes! {
    InvalidField "INVALID_FIELD" 400 "A field is missing or out of its range";
    InvalidSessionId "INVALID_SESSION_ID" 400 "The session id is not acceptable";
    InvalidRequest "INVALID_REQUEST" 400 "The request could not be read";
    DigestInvalid "DIGEST_INVALID" 400 "The digest cannot be read";
    DigestUnsupported "DIGEST_UNSUPPORTED" 400 "The digest's algorithm is not offered here";
    DigestMismatch "DIGEST_MISMATCH" 400 "The bytes do not match their digest";
    UnsupportedExtension "UNSUPPORTED_EXTENSION" 400 "This kind of file is not accepted";
    ForbiddenOrigin "FORBIDDEN_ORIGIN" 403 "Requests from this site are not accepted";
    UploadFinal "UPLOAD_FINAL" 403 "The upload is put together from others";
    NotFound "NOT_FOUND" 404 "There is nothing here";
    SessionNotFound "SESSION_NOT_FOUND" 404 "There is no such session";
    ResultNotFound "RESULT_NOT_FOUND" 404 "There is no such result";
    MethodNotAllowed "METHOD_NOT_ALLOWED" 405 "This address takes another method";
    NotAcceptable "NOT_ACCEPTABLE" 406 "This address gives nothing of the kind that is accepted";
    RequestTimeout "REQUEST_TIMEOUT" 408 "The request took too long to arrive";
    SessionConflict "SESSION_CONFLICT" 409 "The session was begun with other values";
    ChunkConflict "CHUNK_CONFLICT" 409 "The chunk was sent before with other bytes";
    OffsetConflict "OFFSET_CONFLICT" 409 "The upload is at another offset";
    ResultNotReady "RESULT_NOT_READY" 409 "The result is not ready yet";
    UnsupportedTusVersion "UNSUPPORTED_TUS_VERSION" 412 "This version of tus is not spoken here";
    ChunkTooLarge "CHUNK_TOO_LARGE" 413 "The chunk is too large";
    FileTooLarge "FILE_TOO_LARGE" 413 "The file is too large";
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE" 415 "The request's content type is not accepted";
    UnsupportedContainer "UNSUPPORTED_CONTAINER" 415 "This is not a video file Sightline can read";
    RangeNotSatisfiable "RANGE_NOT_SATISFIABLE" 416 "The file ends before the range";
    ChecksumMismatch "CHECKSUM_MISMATCH" 422 "The bytes do not match their checksum";
    UploadLocked "UPLOAD_LOCKED" 423 "Another request is sending this upload";
    UploadChecksumMismatch "UPLOAD_CHECKSUM_MISMATCH" 460 "The bytes do not match their checksum";
    Integrity "INTEGRITY" 422 "The file does not match its digest";
    EmptyInput "EMPTY_INPUT" 422 "The file is empty";
    NoVideoStream "NO_VIDEO_STREAM" 422 "The file has no video";
    NoFrames "NO_FRAMES" 422 "No frame could be decoded";
    DimensionsExceedLimit "DIMENSIONS_EXCEED_LIMIT" 422 "The picture is too large";
    UnknownModel "UNKNOWN_MODEL" 422 "There is no such model";
    VideoTruncated "VIDEO_TRUNCATED" 422 "The video ends early";
    VideoDamaged "VIDEO_DAMAGED" 422 "Parts of the video are damaged";
    AudioLost "AUDIO_LOST" 422 "The sound is left out";
    RateLimited "RATE_LIMITED" 429 "Too many new sessions in a short time";
    TooManySessions "TOO_MANY_SESSIONS" 503 "All places are taken";
    TooManyBytes "TOO_MANY_BYTES" 503 "Too many bytes of chunks are in memory";
    TooManyReaders "TOO_MANY_READERS" 503 "Too many connections read events";
    ShuttingDown "SHUTTING_DOWN" 503 "The server is stopping";
    NotReady "NOT_READY" 503 "The server is not ready yet";
    DecoderMissing "DECODER_MISSING" 503 "FFmpeg is missing";
    NotRemoved "NOT_REMOVED" 500 "Not all files could be removed";
    DecoderCrashed "DECODER_CRASHED" 500 "FFmpeg ended unexpectedly";
    DecoderTimeout "DECODER_TIMEOUT" 500 "FFmpeg made no progress";
    EncoderFailed "ENCODER_FAILED" 500 "The annotated video could not be written";
    InferenceFailed "INFERENCE_FAILED" 500 "The model could not be run";
    Cancelled "CANCELLED" 409 "The analysis was cancelled";
    SessionLost "SESSION_LOST" 410 "The session was lost";
    SessionExpired "SESSION_EXPIRED" 410 "The session was idle for too long";
    ResultGone "RESULT_GONE" 410 "The result was removed";
    UploadExpired "UPLOAD_EXPIRED" 410 "The upload was idle for too long";
    SessionDeleted "SESSION_DELETED" 410 "The session was deleted";
    DiskFull "DISK_FULL" 507 "The disk is full";
    Internal "INTERNAL_ERROR" 500 "Something went wrong in the server";
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An error or warning as its reader gets it: a code for programs, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    pub detail: String,
    pub code: ErrorCode,
}

impl Problem {
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_distinct_screaming_and_have_error_statuses() {
        let texts: HashSet<_> = ErrorCode::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert!(code.as_str().bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
            assert!((400..600).contains(&code.status()));
        }
    }
}
