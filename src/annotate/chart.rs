//! A chart of how much is seen when: stacked columns over time, one colour a class.

use std::sync::Arc;

use super::canvas::{Canvas, Ink};
use super::palette::{self, Rgb};
use super::text::Typeface;
use crate::frame::RgbFrame;
use crate::geometry::{BBox, Point, Size};

const SIZE: Size = Size { width: 1200, height: 360 };
const PAPER: Rgb = [0xF7, 0xF8, 0xFA];
const GRID: Rgb = [0xDD, 0xE1, 0xE7];
const TEXT: Rgb = [0x3A, 0x42, 0x4E];
const TEXT_SIZE: u16 = 15;
/// Where the columns stand.
const PLOT: BBox = BBox { x1: 64.0, y1: 56.0, x2: 1180.0, y2: 318.0 };
/// Lines across at most, beside the lowest.
const LEVELS: f64 = 4.0;
/// Steps between times that people count in, in seconds.
const STEPS: [f64; 14] = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0];
/// Room that a time below the axis needs, in pixels.
const TIME_ROOM: f64 = 80.0;

/// One class, with a value a column.
pub struct Series {
    pub label: Arc<str>,
    pub colour: Rgb,
    pub values: Vec<f64>,
}

pub struct Chart<'a> {
    pub title: &'a str,
    /// From the bottom up.
    pub series: &'a [Series],
    pub columns: usize,
    /// What all columns together last.
    pub seconds: f64,
}

impl Chart<'_> {
    pub fn draw(&self) -> RgbFrame {
        let mut frame = RgbFrame::filled(SIZE, PAPER);
        let mut canvas = Canvas::new(&mut frame);
        let mut typeface = Typeface::new();
        let highest = (0..self.columns).map(|c| self.series.iter().filter_map(|s| s.values.get(c)).sum()).fold(0.0, f64::max);
        let top = round_above(highest);
        self.draw_levels(&mut canvas, &mut typeface, top);
        self.draw_times(&mut canvas, &mut typeface);
        self.draw_columns(&mut canvas, top);
        self.draw_legend(&mut canvas, &mut typeface);
        frame
    }

    fn draw_levels(&self, canvas: &mut Canvas<'_>, typeface: &mut Typeface, top: f64) {
        for level in 0..=LEVELS as usize {
            let share = level as f64 / LEVELS;
            let y = PLOT.y2 - PLOT.height() * share as f32;
            canvas.fill_rect(&BBox::new(PLOT.x1, y - 0.5, PLOT.x2, y + 0.5), 0.0, Ink::opaque(GRID));
            let text = short(top * share);
            let x = PLOT.x1 - 10.0 - typeface.width(&text, TEXT_SIZE);
            typeface.draw(canvas, &text, Point::new(x, y + 5.0), TEXT_SIZE, Ink::opaque(TEXT));
        }
    }

    fn draw_times(&self, canvas: &mut Canvas<'_>, typeface: &mut Typeface) {
        let room = f64::from(PLOT.width());
        let fits = |step: &&f64| self.seconds / **step * TIME_ROOM <= room;
        let step = STEPS.iter().find(fits).copied().unwrap_or_else(|| (self.seconds * TIME_ROOM / room / 3600.0).ceil() * 3600.0);
        let mut time = 0.0;
        while time <= self.seconds {
            let x = PLOT.x1 + (room * time / self.seconds.max(f64::MIN_POSITIVE)) as f32;
            canvas.fill_rect(&BBox::new(x - 0.5, PLOT.y2, x + 0.5, PLOT.y2 + 6.0), 0.0, Ink::opaque(GRID));
            let text = clock(time);
            let left = (x - typeface.width(&text, TEXT_SIZE) / 2.0).min(SIZE.width as f32 - typeface.width(&text, TEXT_SIZE) - 4.0);
            typeface.draw(canvas, &text, Point::new(left, PLOT.y2 + 24.0), TEXT_SIZE, Ink::opaque(TEXT));
            time += step;
        }
    }

    fn draw_columns(&self, canvas: &mut Canvas<'_>, top: f64) {
        let width = PLOT.width() / self.columns.max(1) as f32;
        // Columns that are wide enough stand apart.
        let gap = if width >= 4.0 { 1.0 } else { 0.0 };
        for column in 0..self.columns {
            let x = PLOT.x1 + column as f32 * width;
            let mut y = PLOT.y2;
            for series in self.series {
                let value = series.values.get(column).copied().unwrap_or(0.0);
                let height = (f64::from(PLOT.height()) * value / top) as f32;
                canvas.fill_rect(&BBox::new(x, y - height, x + width - gap, y), 0.0, Ink::opaque(series.colour));
                y -= height;
            }
        }
    }

    /// The title, then as many names as there is room for.
    fn draw_legend(&self, canvas: &mut Canvas<'_>, typeface: &mut Typeface) {
        let baseline = 32.0;
        let mut x =
            PLOT.x1 + typeface.draw(canvas, self.title, Point::new(PLOT.x1, baseline), TEXT_SIZE + 2, Ink::opaque(palette::INK)) + 28.0;
        for series in self.series {
            let width = typeface.width(&series.label, TEXT_SIZE);
            if x + 18.0 + width > PLOT.x2 {
                break;
            }
            canvas.fill_rect(&BBox::new(x, baseline - 11.0, x + 12.0, baseline + 1.0), 2.0, Ink::opaque(series.colour));
            typeface.draw(canvas, &series.label, Point::new(x + 18.0, baseline), TEXT_SIZE, Ink::opaque(TEXT));
            x += 18.0 + width + 20.0;
        }
    }
}

/// The next value above of the row 1, 2, 4, 5, 8, 10, 20, …, so that a quarter of it reads well.
fn round_above(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return 1.0;
    }
    let decade = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0];
    steps.into_iter().map(|s| s * decade).find(|s| *s >= value * 0.999_999).unwrap_or(10.0 * decade)
}

fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn clock(seconds: f64) -> String {
    let s = seconds.round() as u64;
    if s >= 3600 { format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60) } else { format!("{}:{:02}", s / 60, s % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_where_their_time_is_and_reach_as_high_as_their_value() {
        let colour = [1, 2, 3];
        let series = Series { label: "person".into(), colour, values: vec![0.0, 4.0, 2.0, 0.0] };
        let frame = Chart { title: "t", series: &[series], columns: 4, seconds: 4.0 }.draw();
        let at = |share_x: f32, share_y: f32| {
            frame.pixel((PLOT.x1 + PLOT.width() * share_x) as usize, (PLOT.y2 - PLOT.height() * share_y) as usize)
        };
        assert_eq!([at(0.37, 0.9), at(0.62, 0.4)], [colour; 2]);
        assert!(at(0.62, 0.6) != colour && at(0.12, 0.1) != colour);
    }

    #[test]
    fn axes_end_at_round_values() {
        assert_eq!([0.0, 1.0, 3.1, 41.0, 99.0, 101.0].map(round_above), [1.0, 1.0, 4.0, 50.0, 100.0, 200.0]);
        assert_eq!([0.25, 5.0, 12.5].map(short), ["0.25", "5", "12.5"]);
        assert_eq!([0.0, 75.0, 3600.0].map(clock), ["0:00", "1:15", "1:00:00"]);
    }

    #[test]
    fn nothing_and_very_much_are_drawn_too() {
        Chart { title: "", series: &[], columns: 0, seconds: 0.0 }.draw();
        let much = Series { label: "x".repeat(500).into(), colour: [0; 3], values: vec![f64::MAX; 480] };
        Chart { title: "t", series: &[much], columns: 480, seconds: 1e9 }.draw();
    }
}
