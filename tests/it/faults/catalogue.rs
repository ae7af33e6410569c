//! The table of faults: what may happen, and what is left of it. Each row is held by tests whose names begin with its id.

use std::path::Path;

use crate::scratch::files_below;

/// A row: its id, what happens, what must come of it.
type Row = (&'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Upload
    ("A01", "a file goes up by tus in pieces", "every offset is exact, the bytes are equal"),
    ("A02", "tus: paused, gone on with by URL, 50 MiB, deferred length, ended", "bytes equal; 204, then 410"),
    ("A04", "tus: bytes for another offset", "409 with the expected offset, nothing changes"),
    ("A07", "chunks in any order and at once", "the result of the ordered upload"),
    ("A09", "chunk 5 comes, chunk 0 does not", "the session waits and leaves nothing"),
    ("A10", "another total_chunks or ext", "409 SESSION_CONFLICT, the session goes on"),
    ("A11", "a chunk_index that cannot be", "400 naming the field"),
    ("A12", "a total_chunks that cannot be", "400, or 413 where the file would be too large"),
    ("A13", "an empty file", "EMPTY_INPUT, no FFmpeg"),
    ("A15", "the connection breaks in the middle of a body", "what came is kept, the next request goes on"),
    ("A17", "a body beyond the file's length or the limit", "413 at once"),
    ("A18", "two send the same bytes of a file at once, 200 times", "one succeeds, nothing is mixed"),
    ("A20", "DELETE during PATCH, PATCH after DELETE", "aborted, then 410; nothing is left"),
    ("A21", "an upload that has expired", "410 UPLOAD_EXPIRED; Upload-Expires holds till then"),
    ("A22", "OPTIONS", "what the server can do"),
    ("A23", "another version of tus", "412, not processed"),
    // Integrity
    ("B01", "Content-Digest or Upload-Checksum, right and wrong", "taken, or 400 / 460 with the offset unchanged"),
    ("B02", "digests that cannot be checked", "400 by their reason"),
    ("B04", "the whole file is not the one that was meant", "INTEGRITY, no result"),
    ("B05", "any chunking", "the same file"),
    ("B07", "a result in one piece and in ranges", "the same bytes, the same ETag"),
    // Crash, restart, disk
    ("C01", "kill -9 at any moment of many uploads", "what was answered for is there, the result is the same"),
    ("C03", "a session's record is damaged", "the server starts, the session is 410, the others go on"),
    ("C04", "kill -9 of the server", "no FFmpeg a second later"),
    ("C05", "a restart during an analysis", "begun again, and its readers are told"),
    ("C06", "SIGTERM under load", "503 for new work, events end with retry, exit 0 in time"),
    ("C08", "the disk fills under the upload or the output", "507 or DISK_FULL, offsets stay true, space comes back"),
    ("C10", "the disk fails, turns read-only, or keeps its files", "told once, the server lives and recovers"),
    ("C12", "64 descriptors", "503, waits without running in circles, recovers"),
    ("C13", "64 uploads in little memory; a stalled analysis", "nobody is ended; memory stays flat"),
    ("C14", "the upload folder goes away", "503 with the reason until it is back"),
    // FFmpeg
    ("D01", "FFmpeg is killed", "DECODER_CRASHED with its last words, nothing is left"),
    ("D02", "FFmpeg hangs", "DECODER_TIMEOUT, it is ended with all it started"),
    ("D03", "a gigabyte of log", "no memory, nothing blocks"),
    ("D07", "FFmpeg closes its input", "the upload goes on, the job completes"),
    ("D08", "FFmpeg ends before any input", "NO_FRAMES, the upload goes on"),
    ("D09", "a slow FFmpeg, a fast upload", "the session stays, the server stays small"),
    ("D10", "30 MB with the index last, in order", "every frame"),
    ("D11", "five kinds of streams", "frames before the last chunk"),
    ("D14", "sound alone, covers, two videos, subtitles", "NO_VIDEO_STREAM, or the first real video"),
    ("D15", "cut files, wrong bits", "what is decodable, never without a word"),
    ("D17", "FFmpeg is missing, old, or something else", "503 DECODER_MISSING, never 500"),
    // Hostile input
    ("E01", "playlists and scripts named .mp4", "refused, and nothing is reached"),
    ("E03", "what is no video", "415"),
    ("E04", "endings that are parts of paths", "400; capitals are fine"),
    ("E05", "an MP4 named .mkv", "read by its content"),
    ("E06", "session ids that are paths", "400, no file outside"),
    ("E08", "pictures beyond the limit", "DIMENSIONS_EXCEED_LIMIT in little memory"),
    ("E11", "hostile forms", "400 or 413 in little memory"),
    ("E12", "a form on another site", "403, no effect"),
    ("E13", "other origins", "no CORS headers"),
    ("E14", "slow heads, bodies and readers by the hundred", "408 or closed; others are served"),
    ("E16", "names with markup and line ends", "they stay data"),
    // Events
    ("F01", "the stream's headers", "as proxies need them"),
    ("F02", "the stream's text", "passes a strict parser"),
    ("F03", "silence", "a comment within the time that is set"),
    ("F04", "a reader comes back", "no gap, nothing twice, or a reset"),
    ("F06", "a reader comes late", "the end, then 204; never there: told after a wait"),
    ("F07", "a reader stalls", "it is cut, the others get all"),
    ("F09", "readers leave", "nothing ends"),
    ("F10", "many tabs", "the state can be asked for without a stream"),
    ("F11", "any schedule", "progress, then exactly one end"),
    // The API
    ("H02", "any error", "one shape, and nothing of the machine in it"),
    ("H03", "wrong addresses, methods, bodies, wishes", "404, 405, 400, 415, 406 in that shape"),
    ("H04", "numbers out of their range", "400 naming field and range"),
    ("H05", "downloads in every way", "ranges, validators, names"),
    ("H07", "a result before its time, and after", "409, 410, 404"),
    ("H08", "a client that begins too much", "429, by client"),
    ("H09", "all places, or all memory for chunks, taken", "503, and it passes"),
    ("H10", "health under load", "the server says that it lives"),
    ("H11", "metrics", "can be parsed, do not grow with sessions"),
    ("H13", "one request id", "in the answer, the log and the events"),
    ("H14", "sessions idle and not", "only what is idle ends"),
    ("H15", "a wrong configuration", "refused by name"),
];

#[test]
fn every_row_has_a_test_of_its_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["tests/it", "src"].into_iter().flat_map(|below| files_below(&root.join(below)).into_iter().map(move |f| (below, f)));
    let code: String = sources.map(|(below, file)| std::fs::read_to_string(root.join(below).join(file)).unwrap_or_default()).collect();
    for (id, what, outcome) in ROWS {
        assert!(code.contains(&format!("fn {}_", id.to_lowercase())), "{id} ({what}: {outcome}) has no test");
    }
    let mut ids: Vec<_> = ROWS.iter().map(|(id, ..)| id).collect();
    ids.dedup();
    assert!(ids.is_sorted() && ids.len() == ROWS.len(), "each once, in order");
}
