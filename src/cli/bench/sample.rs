//! The first frames of a video in memory.

use std::path::Path;

use anyhow::{Context, bail};

use crate::frame::TimedFrame;
use crate::ingest::container::{self, Sniff};
use crate::media::command::Source;
use crate::media::decoder::Decoder;
use crate::processing::resources::Resources;
use crate::video::{Pixels, SourceInfo};

/// Bytes of frames that are held.
const MOST_BYTES: usize = 256 << 20;

pub struct Sample {
    /// At least one, numbered from 0.
    pub frames: Vec<TimedFrame>,
    pub source: Option<SourceInfo>,
    /// From frame to frame, in microseconds.
    pub step_us: i64,
}

impl Sample {
    pub fn of(video: &Path, resources: &Resources) -> anyhow::Result<Self> {
        let mut head = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(std::fs::File::open(video)?, container::ENOUGH as u64), &mut head)?;
        let Sniff::Known(demuxer) = container::sniff(&head, true) else { bail!("this is not a video file Sightline can read") };
        let path = std::path::absolute(video)?;
        let (decoder, _) = Decoder::start(&resources.ffmpeg, &Source::File(path), demuxer, resources.max_pixels, Pixels::default())?;
        let (mut frames, mut bytes) = (Vec::new(), 0);
        for frame in decoder.frames() {
            bytes += frame.picture.data().len();
            frames.push(frame);
            if bytes >= MOST_BYTES {
                break;
            }
        }
        let source = decoder.source().cloned();
        let (first, last) = (frames.first().context("the video has no frame")?, &frames[frames.len() - 1]);
        let step_us = (last.pts_us - first.pts_us).checked_div(frames.len() as i64 - 1).unwrap_or(40_000).max(1);
        Ok(Self { frames, source, step_us })
    }

    /// So many frames: forward, then backward, then forward again, so that what moves never jumps.
    pub fn there_and_back(&self, count: u64) -> impl Iterator<Item = &TimedFrame> {
        let inner = self.frames.len().saturating_sub(1).max(1);
        let back = self.frames[1..].iter().rev().take(inner);
        let once = self.frames[..inner].iter().chain(back);
        once.cycle().take(usize::try_from(count).unwrap_or(usize::MAX))
    }
}
