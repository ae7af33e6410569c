//! `sightline track`: gives ids to detections from elsewhere. MOTChallenge lines in, the same lines with ids out; numbers only.
//!
//! Source of the format: <https://motchallenge.net/instructions/>

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::Context;

use crate::config::tracking::TrackArgs;
use crate::geometry::BBox;
use crate::pipeline::tracker;
use crate::vision::tracking::{ByteTrack, Sighting};

/// A longer line is no detection.
const LONGEST_LINE: u64 = 4096;
/// Frames that a file of times may have: 46 hours at 60 a second.
const MOST_TIMES: usize = 10_000_000;

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Unreadable {
    #[error("line {line} is no detection: frame,id,left,top,width,height,confidence are needed, as numbers")]
    NoDetection { line: usize },
    #[error("line {line} goes back to frame {frame}: sort the file by frame")]
    Backwards { line: usize, frame: u64 },
    #[error("line {line} is of frame {frame}, for which there is no time")]
    NoTime { line: usize, frame: u64 },
}

/// Whose detection it is, and what the line has behind the id.
#[derive(Debug, PartialEq)]
struct Row {
    frame: u64,
    sighting: Sighting,
    rest: String,
}

/// When frames are shown. Frames count from 1, as in the format.
enum Clock {
    Rate(f64),
    Times(Vec<i64>),
}

/// Reads all detections and writes them with their ids on stdout.
pub fn run(args: &TrackArgs) -> anyhow::Result<()> {
    let options = args.options()?;
    let clock = match &args.timestamps {
        Some(path) => Clock::Times(times(open(path)?).with_context(|| format!("{} has no times", path.display()))?),
        None => Clock::Rate(args.fps),
    };
    let track = ByteTrack::new(tracker::settings(&options));
    let mut out = BufWriter::new(io::stdout().lock());
    follow(open(&args.detections)?, track, &clock, options.confidence, &mut out)?;
    Ok(out.flush()?)
}

fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Box::new(BufReader::new(file)))
}

/// One frame after the other, each as soon as the next one begins.
fn follow(mut input: impl BufRead, mut track: ByteTrack, clock: &Clock, told: f32, out: &mut impl Write) -> anyhow::Result<()> {
    let mut rows: Vec<Row> = Vec::new();
    let (mut line, mut last) = (0, None);
    let mut text = String::new();
    loop {
        text.clear();
        let length = (&mut input).take(LONGEST_LINE).read_line(&mut text)?;
        line += 1;
        let row = match text.trim() {
            "" if length > 0 => continue,
            "" => None,
            text => Some(row(text).ok_or(Unreadable::NoDetection { line })?),
        };
        if let (Some(first), true) = (rows.first(), rows.first().map(|r| r.frame) != row.as_ref().map(|r| r.frame)) {
            let frame = first.frame;
            if let Some(time) = last.filter(|last| last + 1 < frame).and_then(|last| clock.time(last + 1)) {
                // Of the frames without detections in between the first says it all: nobody was seen.
                track.update(time, &[]);
            }
            let time = clock.time(frame).ok_or(Unreadable::NoTime { line: line - 1, frame })?;
            write(&mut track, time, &rows, told, out)?;
            last = Some(frame);
            rows.clear();
        }
        let Some(row) = row else { return Ok(()) };
        if last.is_some_and(|last| row.frame <= last) {
            return Err(Unreadable::Backwards { line, frame: row.frame }.into());
        }
        rows.push(row);
    }
}

fn write(track: &mut ByteTrack, time: i64, rows: &[Row], told: f32, out: &mut impl Write) -> io::Result<()> {
    let sightings: Vec<Sighting> = rows.iter().map(|r| r.sighting).collect();
    for (row, followed) in rows.iter().zip(track.update(time, &sightings)) {
        if row.sighting.confidence >= told {
            writeln!(out, "{},{},{}", row.frame, followed.id.map_or(-1, i64::from), row.rest)?;
        }
    }
    Ok(())
}

/// The class is the eighth number where it is none of the format's empty places.
fn row(text: &str) -> Option<Row> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let number = |i: usize| fields.get(i)?.parse::<f32>().ok().filter(|v| v.is_finite());
    let (left, top, width, height) = (number(2)?, number(3)?, number(4)?, number(5)?);
    let class_id = number(7).filter(|class| *class >= 0.0).unwrap_or(0.0) as usize;
    let sighting = Sighting { class_id, confidence: number(6)?, bbox: BBox::new(left, top, left + width, top + height) };
    Some(Row { frame: fields.first()?.parse().ok()?, sighting, rest: fields.get(2..)?.join(",") })
}

/// Milliseconds a line; lines that begin with # say nothing.
fn times(input: impl BufRead) -> anyhow::Result<Vec<i64>> {
    let mut times = Vec::new();
    for line in input.lines().take(MOST_TIMES) {
        let line = line?;
        if !line.trim().is_empty() && !line.starts_with('#') {
            let milliseconds: f64 = line.trim().parse().with_context(|| format!("{line:?} is no time"))?;
            times.push((milliseconds * 1000.0).round() as i64);
        }
    }
    Ok(times)
}

impl Clock {
    /// In microseconds.
    fn time(&self, frame: u64) -> Option<i64> {
        match self {
            Self::Rate(fps) => Some((frame as f64 * 1e6 / fps).round() as i64),
            Self::Times(times) => times.get(usize::try_from(frame.checked_sub(1)?).ok()?).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::tracking::TrackSettings;

    fn tracked(input: &str, clock: &Clock) -> Result<String, String> {
        let mut out = Vec::new();
        let track = ByteTrack::new(TrackSettings::default());
        follow(input.as_bytes(), track, clock, 0.25, &mut out).map_err(|e| e.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn lines_come_back_with_ids_and_without_the_unsure() {
        let input =
            "1,-1,10,20,40.50,100,0.9\n1,-1,400,20,40,100,0.9,-1,-1,-1\n\n2,-1,402,20,40,100,0.8,-1,-1,-1\n2,-1,12,20,40.5,100,0.2\n";
        let expected = "1,1,10,20,40.50,100,0.9\n1,2,400,20,40,100,0.9,-1,-1,-1\n2,2,402,20,40,100,0.8,-1,-1,-1\n";
        assert_eq!(tracked(input, &Clock::Rate(30.0)).unwrap(), expected);
    }

    #[test]
    fn classes_keep_objects_apart() {
        let input = "1,-1,10,20,40,100,0.9,2\n2,-1,10,20,40,100,0.9,7\n3,-1,10,20,40,100,0.9,2\n";
        assert_eq!(tracked(input, &Clock::Rate(30.0)).unwrap().lines().last(), Some("3,1,10,20,40,100,0.9,2"));
        assert!(tracked(input, &Clock::Rate(30.0)).unwrap().contains("2,-1,"));
    }

    #[test]
    fn the_memory_is_by_the_frames_times() {
        let input = "1,-1,10,20,40,100,0.9\n3,-1,10,20,40,100,0.9\n";
        let id = |times: &str| {
            let clock = Clock::Times(times_of(times));
            tracked(input, &clock).map(|out| out.lines().last().unwrap()[..4].to_owned())
        };
        assert_eq!(id("# timestamp format v2\n0\n33.3\n900\n"), Ok("3,1,".to_owned()));
        assert_eq!(id("0\n33.3\n1100\n"), Ok("3,-1".to_owned()));
        assert_eq!(id("0\n33.3\n"), Err(Unreadable::NoTime { line: 2, frame: 3 }.to_string()));
    }

    fn times_of(text: &str) -> Vec<i64> {
        times(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_no_detection_is_refused_by_its_line() {
        let refused = |input: &str| tracked(input, &Clock::Rate(30.0)).unwrap_err();
        for bad in ["frame,id\n", "1,-1,10,20,40,100\n", "1,-1,10,20,NaN,100,0.9\n", "-1,-1,1,1,1,1,1\n"] {
            assert_eq!(refused(bad), Unreadable::NoDetection { line: 1 }.to_string(), "{bad}");
        }
        let backwards = "2,-1,10,20,40,100,0.9\n3,-1,10,20,40,100,0.9\n2,-1,10,20,40,100,0.9\n";
        assert_eq!(refused(backwards), Unreadable::Backwards { line: 3, frame: 2 }.to_string());
        assert!(times(&b"0\nsoon\n"[..]).is_err());
    }
}
