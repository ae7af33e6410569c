//! What is seen when, as WebVTT captions: "person ×2, car". Source: <https://www.w3.org/TR/webvtt1/>

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::clock::{Playback, Stamp};
use super::partial::Partial;
use super::{Ending, FrameSink};
use crate::pipeline::result::FrameResult;

/// What is seen is told for this long at a time: shorter captions cannot be read, and a detector's flicker is no news.
const WINDOW_US: i64 = 1_000_000;

pub struct Captions {
    partial: Partial,
    playback: Playback,
    window: Window,
    /// The caption that is on, from when.
    shown: Option<(i64, String)>,
}

/// The frames of a window.
#[derive(Default)]
struct Window {
    start_us: i64,
    frames: u64,
    /// Objects of a class, summed over the frames.
    counts: BTreeMap<Arc<str>, u64>,
}

impl Window {
    /// Each class with its mean number, where that rounds to at least one.
    fn text(&self) -> String {
        let mean = |count: &u64| (2 * count + self.frames) / (2 * self.frames.max(1));
        let seen = self.counts.iter().map(|(label, count)| (label, mean(count))).filter(|(_, n)| *n > 0);
        let words = seen.map(|(label, n)| if n == 1 { escaped(label) } else { format!("{} ×{n}", escaped(label)) });
        words.collect::<Vec<_>>().join(", ")
    }
}

impl Captions {
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut partial = Partial::create(path)?;
        partial.file.write_all(b"WEBVTT\n")?;
        Ok(Self { partial, playback: Playback::default(), window: Window::default(), shown: None })
    }

    /// The window is over: another text ends the caption that is on.
    fn close_window(&mut self) -> io::Result<()> {
        let window = std::mem::take(&mut self.window);
        let text = window.text();
        if self.shown.as_ref().is_some_and(|(_, shown)| *shown == text) {
            return Ok(());
        }
        self.end_caption(window.start_us)?;
        self.shown = (!text.is_empty()).then_some((window.start_us, text));
        Ok(())
    }

    fn end_caption(&mut self, at_us: i64) -> io::Result<()> {
        match self.shown.take().filter(|(from, _)| *from < at_us) {
            Some((from, text)) => writeln!(self.partial.file, "\n{} --> {}\n{text}", Stamp(from), Stamp(at_us)),
            None => Ok(()),
        }
    }
}

impl FrameSink for Captions {
    fn frame(&mut self, result: &FrameResult) -> io::Result<()> {
        let time = self.playback.time(result.pts_us);
        if self.window.frames > 0 && time - self.window.start_us >= WINDOW_US {
            self.close_window()?;
        }
        if self.window.frames == 0 {
            self.window.start_us = time;
        }
        self.window.frames += 1;
        for detection in &result.detections {
            *self.window.counts.entry(Arc::clone(&detection.label)).or_default() += 1;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, ending: &Ending) -> io::Result<()> {
        if self.window.frames > 0 {
            self.close_window()?;
        }
        let end = self.playback.time(ending.end_us);
        self.end_caption(end)?;
        self.partial.finish()
    }
}

/// The three characters that mean something in a caption; an arrow would end it, a line's end as well.
fn escaped(label: &str) -> String {
    label.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::results::tests::{detection, frame, written};

    fn captions(frames: &[FrameResult]) -> String {
        written(|path| Box::new(Captions::create(path).unwrap()), frames)
    }

    #[test]
    fn a_caption_lasts_as_long_as_the_same_is_seen() {
        let person = || detection("person", [0.0, 0.0, 9.0, 9.0]);
        let seen = |i: u64| match i {
            0..10 => vec![],
            10..30 => vec![person(), person()],
            _ => vec![person()],
        };
        // Ten frames a second; one flickers.
        let mut frames: Vec<_> = (0..35).map(|i| frame(i, i as i64 * 100_000, seen(i))).collect();
        frames[15].detections.clear();
        let text = captions(&frames);
        assert_eq!(text, "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nperson ×2\n\n00:00:03.000 --> 00:00:03.500\nperson\n");
    }

    #[test]
    fn labels_cannot_break_the_file() {
        let text = captions(&[frame(0, 0, vec![detection("a --> <b>\n&", [0.0, 0.0, 1.0, 1.0])])]);
        assert!(text.ends_with("\na --&gt; &lt;b&gt; &amp;\n"), "{text}");
        assert_eq!(captions(&[]), "WEBVTT\n");
    }
}
