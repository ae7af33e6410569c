//! `Upload-Metadata`: names with values in base64, separated by commas.

use base64::Engine as _;

use crate::http::digest::BASE64;
use crate::http::problem::ApiError;

/// Longest header that is kept and given back.
/// Zones may be drawn with many points.
const MAX_BYTES: usize = 16 * 1024;

/// The pairs whose values are text, in their order. Others, say a thumbnail, are given back to who asks, but not understood.
pub fn parse(header: &str) -> Result<Vec<(String, String)>, ApiError> {
    if header.len() > MAX_BYTES {
        return Err(ApiError::field(format!("Upload-Metadata is longer than {MAX_BYTES} bytes.")));
    }
    let mut names = Vec::new();
    let mut pairs = Vec::new();
    for pair in header.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
        if names.contains(&name) {
            return Err(ApiError::field(format!("Upload-Metadata names {name:?} twice.")));
        }
        names.push(name);
        let value = BASE64.decode(value.trim()).map_err(|_| ApiError::field(format!("Upload-Metadata's {name:?} is not base64.")))?;
        if let Ok(value) = String::from_utf8(value) {
            pairs.push((name.to_owned(), value));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Option<Vec<(String, String)>> {
        parse(header).ok()
    }

    fn pairs(expected: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn names_come_with_their_values() {
        // The protocol's own example.
        let example = "filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential";
        assert_eq!(read(example), pairs(&[("filename", "world_domination_plan.pdf"), ("is_confidential", "")]));
        assert_eq!(read(""), pairs(&[]));
        assert_eq!(read("a YQ, b Yg=="), pairs(&[("a", "a"), ("b", "b")]));
        assert_eq!(read("a DQpTZXQtQ29va2llOiB4"), pairs(&[("a", "\r\nSet-Cookie: x")]), "line ends are only text");
        assert_eq!(read("picture /9j/,b Yg=="), pairs(&[("b", "b")]), "what is no text is left alone");
    }

    #[test]
    fn what_is_no_base64_or_named_twice_is_refused() {
        for bad in ["a !", "a YQ==x", "a Y", "a YQ==,a Yg==", &format!("a {}", "A".repeat(20_000))] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
