//! A contact sheet: small pictures of the annotated video at even steps in one PNG, and a WebVTT index that says which
//! time is where, as players take it for the previews on their time bar.

use std::io::{self, Write};
use std::path::PathBuf;

use super::Ending;
use super::clock::{Playback, Stamp};
use super::partial::Partial;
use crate::frame::{RgbFrame, TimedFrame};
use crate::geometry::Size;
use crate::imaging::{self, PreviewEncoder};
use crate::processing::outputs::{OutputKind, Outputs};

/// Pixels of a tile's longer side.
const TILE: u32 = 192;
const COLUMNS: usize = 10;
/// Tiles at most. When they do not suffice, every second one goes, and the step doubles.
const MOST_TILES: usize = 100;
const FIRST_STEP_US: i64 = 1_000_000;

pub struct Sheet {
    picture: PathBuf,
    index: PathBuf,
    playback: Playback,
    scaler: PreviewEncoder,
    step_us: i64,
    /// All of one size, with their times.
    tiles: Vec<(i64, RgbFrame)>,
}

impl Sheet {
    /// None where no sheet is asked for.
    pub fn create(outputs: &Outputs) -> Option<Self> {
        let (picture, index) = (outputs.get(OutputKind::Sheet)?, outputs.get(OutputKind::SheetIndex)?);
        Some(Self {
            picture: picture.to_owned(),
            index: index.to_owned(),
            playback: Playback::default(),
            scaler: PreviewEncoder::new(),
            step_us: FIRST_STEP_US,
            tiles: Vec::new(),
        })
    }

    /// Whether the frame of this time gets a tile.
    pub fn wants(&mut self, pts_us: i64) -> bool {
        let time = self.playback.time(pts_us);
        self.tiles.last().is_none_or(|(last, _)| time - last >= self.step_us)
    }

    pub fn add(&mut self, frame: &TimedFrame) -> io::Result<()> {
        if self.tiles.len() == MOST_TILES {
            let mut place = 0;
            self.tiles.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.step_us = self.step_us.saturating_mul(2);
            if !self.wants(frame.pts_us) {
                return Ok(());
            }
        }
        let size = self.tiles.first().map_or_else(|| tile_size(frame.picture.size()), |(_, tile)| tile.size());
        let tile = self.scaler.resized(&frame.picture, size).map_err(io::Error::other)?;
        let time = self.playback.time(frame.pts_us);
        self.tiles.push((time, tile));
        Ok(())
    }

    /// Writes both files.
    pub fn finish(mut self, ending: &Ending) -> io::Result<()> {
        let Some(size) = self.tiles.first().map(|(_, tile)| tile.size()) else { return Ok(()) };
        let mut picture = Partial::create(&self.picture)?;
        picture.file.write_all(&imaging::png(&sheet(&self.tiles, size)).map_err(io::Error::other)?)?;
        let mut index = Partial::create(&self.index)?;
        let name = self.picture.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let end = self.playback.time(ending.end_us);
        index.file.write_all(index_text(&name, &self.tiles, size, end).as_bytes())?;
        picture.finish()?;
        index.finish()
    }
}

fn tile_size(picture: Size) -> Size {
    let longer = picture.width.max(picture.height).max(1);
    if longer <= TILE {
        return picture;
    }
    let side = |pixels: u32| (pixels * TILE / longer).max(1);
    Size::new(side(picture.width), side(picture.height))
}

/// Left and top of a tile.
fn place(number: usize, size: Size) -> (usize, usize) {
    (number % COLUMNS * size.width as usize, number / COLUMNS * size.height as usize)
}

fn sheet(tiles: &[(i64, RgbFrame)], size: Size) -> RgbFrame {
    let (columns, rows) = (tiles.len().min(COLUMNS), tiles.len().div_ceil(COLUMNS));
    let mut sheet = RgbFrame::filled(Size::new(size.width * columns as u32, size.height * rows as u32), [0; 3]);
    let width = sheet.width();
    for (number, (_, tile)) in tiles.iter().enumerate() {
        let (left, top) = place(number, size);
        for y in 0..tile.height() {
            let from = ((top + y) * width + left) * 3;
            sheet.data_mut()[from..from + tile.width() * 3].copy_from_slice(tile.row(y));
        }
    }
    sheet
}

fn index_text(name: &str, tiles: &[(i64, RgbFrame)], size: Size, end_us: i64) -> String {
    let mut text = "WEBVTT\n".to_owned();
    for (number, (time, _)) in tiles.iter().enumerate() {
        // The first tile stands for what is before it, too.
        let from = if number == 0 { 0 } else { *time };
        let to = tiles.get(number + 1).map_or(end_us.max(time + 1000), |(next, _)| *next);
        let (left, top) = place(number, size);
        text += &format!("\n{} --> {}\n{name}#xywh={left},{top},{},{}\n", Stamp(from), Stamp(to), size.width, size.height);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn filled(frames: u64, step_us: i64, size: Size) -> Sheet {
        let mut sheet = Sheet::create(&Outputs::all(Path::new("/nowhere"), "r")).unwrap();
        for index in 0..frames {
            let pts_us = index as i64 * step_us;
            if sheet.wants(pts_us) {
                sheet.add(&TimedFrame { index, pts_us, picture: RgbFrame::filled(size, [index as u8; 3]) }).unwrap();
            }
        }
        sheet
    }

    #[test]
    fn a_tile_a_second_and_never_more_than_fit() {
        assert_eq!(filled(60, 100_000, Size::new(640, 360)).tiles.len(), 6);
        let long = filled(500, 1_000_000, Size::new(64, 36));
        assert!((MOST_TILES / 2..=MOST_TILES).contains(&long.tiles.len()), "{}", long.tiles.len());
        let steps: Vec<i64> = long.tiles.windows(2).map(|w| w[1].0 - w[0].0).collect();
        assert!(steps.iter().all(|s| *s == long.step_us), "{steps:?}");
    }

    #[test]
    fn the_index_says_where_each_time_is() {
        let sheet = filled(12, 1_000_000, Size::new(1280, 720));
        let text = index_text("a.sheet.png", &sheet.tiles, sheet.tiles[0].1.size(), 12_000_000);
        assert!(text.starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na.sheet.png#xywh=0,0,192,108\n"), "{text}");
        assert!(text.ends_with("\n00:00:11.000 --> 00:00:12.000\na.sheet.png#xywh=192,108,192,108\n"), "{text}");
        let picture = super::sheet(&sheet.tiles, sheet.tiles[0].1.size());
        assert_eq!(picture.size(), Size::new(1920, 216));
        assert_eq!([picture.pixel(0, 0), picture.pixel(200, 110), picture.pixel(1900, 215)], [[0; 3], [11; 3], [0; 3]]);
    }

    #[test]
    fn tall_pictures_and_tiny_ones_keep_their_shape() {
        assert_eq!(tile_size(Size::new(720, 1280)), Size::new(108, 192));
        assert_eq!(tile_size(Size::new(2, 2)), Size::new(2, 2));
        assert_eq!(tile_size(Size::new(1, 4000)), Size::new(1, 192));
    }
}
