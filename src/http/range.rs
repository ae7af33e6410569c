//! The `Range` header of a request for a file (RFC 9110, 14).

use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// No range, or one that need not be understood: all of the file.
    Whole,
    Part(Range<u64>),
    /// The range lies beyond the file's end.
    Unsatisfiable,
}

/// What a header's value asks of a file of `length` bytes. Several ranges at once are answered with the whole file, as
/// the standard allows.
pub fn asked(value: &str, length: u64) -> Asked {
    let Some((unit, spec)) = value.trim().split_once('=') else { return Asked::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Asked::Whole };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Asked::Whole;
    }
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if last < first => return Asked::Whole,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(last)) if first.is_empty() => length.saturating_sub(last)..length,
        _ => return Asked::Whole,
    };
    if range.is_empty() { Asked::Unsatisfiable } else { Asked::Part(range) }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // More digits than fit are beyond every file's end.
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (value, part) in [("bytes=0-0", 0..1), ("bytes=0-", 0..10), ("bytes=4-6", 4..7), ("bytes=-3", 7..10), ("bytes=8-99", 8..10)] {
            assert_eq!(asked(value, 10), Asked::Part(part), "{value}");
        }
        assert_eq!(asked("Bytes=-99", 10), Asked::Part(0..10));
        assert_eq!(asked("bytes=0-99999999999999999999", 10), Asked::Part(0..10));
        for beyond in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(asked(beyond, 10), Asked::Unsatisfiable, "{beyond}");
        }
        for ignored in ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=1-2,4-5", "bytes=+1-2", "items=0-1"] {
            assert_eq!(asked(ignored, 10), Asked::Whole, "{ignored}");
        }
    }
}
