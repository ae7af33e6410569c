//! The playlist of a video that is being written (HTTP Live Streaming, RFC 8216): one segment a fragment, in fragmented MP4.

use std::fmt::Write;

use super::command::{CLOCK_HZ, SEGMENT_SECONDS};
use super::fragments::Fragments;

/// The names that the playlist gives, relative to itself.
pub const PLAYLIST: &str = "index.m3u8";
pub const HEAD: &str = "init.mp4";

pub fn segment_name(index: usize) -> String {
    format!("{index}.m4s")
}

/// The index of the segment with this name.
pub fn segment_index(name: &str) -> Option<usize> {
    let number = name.strip_suffix(".m4s")?;
    number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok())?
}

/// What there is to be played by now. As long as there will be more, players come back for it (`EVENT`); then it is a
/// video like any other (`VOD`).
pub fn playlist(fragments: &Fragments, ended: bool) -> String {
    let seconds = |ticks: u64| ticks as f64 / f64::from(CLOCK_HZ);
    let longest = fragments.segments.iter().map(|s| seconds(s.duration).round() as u64).max().unwrap_or(0);
    // It must not change while the playlist grows, and does so only where frames lie further apart than it.
    let target = longest.max(2 * u64::from(SEGMENT_SECONDS));
    let kind = if ended { "VOD" } else { "EVENT" };
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-PLAYLIST-TYPE:{kind}\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"{HEAD}\"\n"
    );
    for (index, segment) in fragments.segments.iter().enumerate() {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "#EXTINF:{:.6},\n{}", seconds(segment.duration), segment_name(index));
    }
    if ended {
        text += "#EXT-X-ENDLIST\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::fragments::Segment;

    #[test]
    fn a_playlist_grows_and_ends() {
        let segment = |bytes, duration| Segment { bytes, duration };
        let mut fragments = Fragments { head: 0..700, segments: vec![segment(700..900, 180_180)] };
        let live = playlist(&fragments, false);
        let head = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-SEQUENCE:0\n\
                    #EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"init.mp4\"\n";
        assert_eq!(live, format!("{head}#EXTINF:2.002000,\n0.m4s\n"));
        fragments.segments.push(segment(900..950, 45_000));
        let ended = playlist(&fragments, true);
        assert!(ended.contains("TYPE:VOD") && ended.ends_with("0.m4s\n#EXTINF:0.500000,\n1.m4s\n#EXT-X-ENDLIST\n"), "{ended}");
    }

    #[test]
    fn segments_are_found_by_their_names_and_nothing_else_is() {
        assert_eq!(segment_index(&segment_name(17)), Some(17));
        for name in ["", ".m4s", "-1.m4s", "+1.m4s", "1.mp4", "99999999999999999999999.m4s", "../1.m4s"] {
            assert_eq!(segment_index(name), None, "{name}");
        }
    }
}
