//! Judges how decoding ended: an error, a warning, or nothing to say. Pure; the sentences a user reads are here.

use crate::error_code::{ErrorCode, Problem};
use crate::media::decoder::DecodeEnd;
use crate::media::ppm::PpmError;

/// A container's length is that of its longest stream: more must be missing from the picture before it is called short.
const MISSING_SECONDS: f64 = 0.25;
/// The same where the file is known to end early: less than this is rounding.
const MISSING_FRAMES: f64 = 1.5;

/// The error that leaves nothing to show, if there is one. `cut` says that the file ends before its container does.
pub fn fatal(end: &DecodeEnd, cut: bool) -> Result<(), Problem> {
    let too_large = matches!(end.error, Some(PpmError::TooLarge(_))) || end.complaints.oversize;
    if let Some(signal) = end.exit.signal() {
        return Err(Problem::new(
            ErrorCode::DecoderCrashed,
            format!("FFmpeg was ended by signal {signal} after {} frames: {}.", end.frames, end.exit.reason()),
        ));
    }
    if end.frames > 0 {
        return Ok(());
    }
    Err(if too_large {
        Problem::new(ErrorCode::DimensionsExceedLimit, "The picture is larger than this server takes. Scale the video down first.")
    } else if end.complaints.no_video && !cut {
        Problem::new(ErrorCode::NoVideoStream, "The file has no video, only sound or other data.")
    } else if end.complaints.no_index || end.complaints.no_video {
        Problem::new(
            ErrorCode::NoFrames,
            "The file ends before what tells where its pictures are (in an MP4 the index, moov). It was not recorded or copied to its end.",
        )
    } else if end.exit.status.success() && end.exit.first_error.is_none() {
        Problem::new(ErrorCode::NoFrames, "The file has a video, but not one picture in it.")
    } else if end.exit.reason().contains("encryption") {
        Problem::new(ErrorCode::NoFrames, "The video is encrypted. Upload a copy without protection.")
    } else {
        Problem::new(ErrorCode::NoFrames, format!("No frame could be decoded: {}.", sentence_part(&end.exit.reason())))
    })
}

pub struct Evidence<'a> {
    pub end: &'a DecodeEnd,
    /// The container's outline reaches beyond the file's end.
    pub cut: bool,
    pub lost_sound: bool,
    /// Decoded, and as the container says.
    pub duration_seconds: f64,
    pub declared: Option<f64>,
    /// Frames that the file's index lists.
    pub listed: Option<u64>,
}

/// What a user should know about a result that is there.
pub fn warnings(evidence: &Evidence<'_>) -> Vec<Problem> {
    let Evidence { end, cut, lost_sound, duration_seconds, declared, .. } = *evidence;
    let mut warnings = Vec::new();
    if (cut || end.complaints.truncated) && is_short(evidence) {
        let of = declared.map_or(String::new(), |d| format!(" of {d:.1}"));
        let detail = format!("The file ends early: {duration_seconds:.1}{of} seconds could be analysed.");
        warnings.push(Problem::new(ErrorCode::VideoTruncated, detail));
    } else if end.complaints.errors > 0 || !end.exit.status.success() || end.error.is_some() {
        let detail = format!("Parts of the video are damaged: {}.", sentence_part(&end.exit.reason()));
        warnings.push(Problem::new(ErrorCode::VideoDamaged, detail));
    }
    if lost_sound {
        warnings.push(Problem::new(ErrorCode::AudioLost, "The sound could not be read and is left out."));
    }
    warnings
}

fn is_short(evidence: &Evidence<'_>) -> bool {
    let Evidence { end, cut, duration_seconds, declared, listed, .. } = *evidence;
    // With more frames than it lists, the index is of another stream, such as a cover.
    if let Some(listed) = listed.filter(|listed| *listed >= end.frames) {
        return end.frames < listed;
    }
    let tolerated = if cut { MISSING_FRAMES * duration_seconds / end.frames.max(1) as f64 } else { MISSING_SECONDS };
    match declared {
        // Of a fragmented file FFmpeg knows only its first fragments' length: what it complains of must tell.
        Some(declared) if declared <= duration_seconds => cut && end.complaints.errors > 0,
        Some(declared) => declared - duration_seconds > tolerated,
        None => true,
    }
}

/// An encoder's failure; a full disk is told apart.
pub fn encoder(reason: &str) -> Problem {
    if reason.contains("No space left") {
        return Problem::new(ErrorCode::DiskFull, "The server's disk is full. Free some space and try again.");
    }
    Problem::new(ErrorCode::EncoderFailed, format!("The annotated video could not be written: {}.", sentence_part(reason)))
}

/// A failure of the disk or of the means to use it, told apart by what its reader can do.
pub fn storage(what: &str, error: &std::io::Error) -> Problem {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Problem::new(ErrorCode::DiskFull, "The server's disk is full. Free some space and try again.")
        }
        ErrorKind::ReadOnlyFilesystem => Problem::new(ErrorCode::NotReady, "The server's disk cannot be written to at the moment."),
        ErrorKind::NotFound => Problem::new(ErrorCode::SessionLost, "The server's files of this upload are gone. Upload the video again."),
        // A thread for which there is no room is told as `WouldBlock`.
        ErrorKind::OutOfMemory | ErrorKind::WouldBlock => busy(),
        _ if matches!(error.raw_os_error(), Some(EMFILE | ENFILE)) => busy(),
        _ => Problem::new(ErrorCode::Internal, format!("{what}: {error}.")),
    }
}

/// Too many files open, in this process or on this machine; `std` has no words for them.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

/// The process has no more files, threads or memory to give.
pub fn busy() -> Problem {
    Problem::new(ErrorCode::TooManySessions, "The server has as much open as it can have. Try again in a moment.")
}

fn sentence_part(text: &str) -> &str {
    text.trim().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::log::Complaints;
    use crate::media::process::Exit;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn end(frames: u64, raw_status: i32, complaints: Complaints) -> DecodeEnd {
        let status = ExitStatus::from_raw(raw_status);
        let exit = Exit { status, first_error: Some("stream 1, contradictionary STSC and STCO".into()), tail: Vec::new() };
        DecodeEnd { frames, exit, complaints, error: None }
    }

    fn codes(end: &DecodeEnd, cut: bool, duration_seconds: f64, declared: Option<f64>) -> Vec<ErrorCode> {
        let evidence = Evidence { end, cut, lost_sound: false, duration_seconds, declared, listed: None };
        warnings(&evidence).into_iter().map(|w| w.code).collect()
    }

    #[test]
    fn no_frame_has_a_reason() {
        let code = |end: DecodeEnd| fatal(&end, false).unwrap_err().code;
        assert_eq!(code(end(0, 256, Complaints::default())), ErrorCode::NoFrames);
        assert_eq!(code(end(0, 256, Complaints { no_video: true, ..Default::default() })), ErrorCode::NoVideoStream);
        let index_cut = fatal(&end(0, 256, Complaints { no_video: true, ..Default::default() }), true);
        assert_eq!(index_cut.unwrap_err().code, ErrorCode::NoFrames, "its tracks were behind the cut");
        assert_eq!(code(end(0, 256, Complaints { oversize: true, ..Default::default() })), ErrorCode::DimensionsExceedLimit);
        assert_eq!(code(end(7, 9, Complaints::default())), ErrorCode::DecoderCrashed);
        assert_eq!(fatal(&end(7, 256, Complaints::default()), false), Ok(()));
        let detail = fatal(&end(0, 256, Complaints::default()), false).unwrap_err().detail;
        assert_eq!(detail, "No frame could be decoded: stream 1, contradictionary STSC and STCO.");
    }

    #[test]
    fn failures_of_the_disk_are_told_by_what_helps() {
        let code = |number: i32| storage("what", &std::io::Error::from_raw_os_error(number)).code;
        // ENOSPC, EDQUOT, EROFS, ENOENT, EMFILE, ENFILE, ENOMEM, EAGAIN, EIO
        let codes = [28, 122, 30, 2, EMFILE, ENFILE, 12, 11, 5].map(code);
        use ErrorCode::{DiskFull, Internal, NotReady, SessionLost, TooManySessions as Busy};
        assert_eq!(codes, [DiskFull, DiskFull, NotReady, SessionLost, Busy, Busy, Busy, Busy, Internal]);
    }

    #[test]
    fn a_short_video_is_truncated_only_if_something_is_missing() {
        let whole = end(30, 0, Complaints::default());
        assert_eq!(codes(&whole, true, 0.6, Some(1.0)), [ErrorCode::VideoTruncated]);
        assert_eq!(codes(&whole, true, 0.6, None), [ErrorCode::VideoTruncated]);
        assert_eq!(codes(&whole, true, 0.99, Some(1.0)), [], "a box that is too long, but every frame is there");
        assert_eq!(codes(&whole, true, 0.93, Some(1.0)), [ErrorCode::VideoTruncated], "two frames");
        assert_eq!(codes(&whole, false, 0.6, Some(1.0)), [], "sound may be longer than the picture");
        let listed = |frames| {
            let evidence =
                Evidence { end: &whole, cut: true, lost_sound: false, duration_seconds: 0.9, declared: Some(1.0), listed: Some(frames) };
            warnings(&evidence).len()
        };
        assert_eq!((listed(30), listed(31)), (0, 1), "the index knows best");
        let noisy = end(30, 0, Complaints { errors: 3, ..Default::default() });
        assert_eq!(codes(&noisy, true, 1.0, Some(0.5)), [ErrorCode::VideoTruncated], "a cut fragment");
        assert_eq!(codes(&noisy, false, 1.0, Some(1.0)), [ErrorCode::VideoDamaged]);
    }
}
