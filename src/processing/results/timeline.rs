//! Detections a second, by class, as a picture.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clock::Playback;
use super::partial::Partial;
use super::{Ending, FrameSink};
use crate::annotate::chart::{Chart, Series};
use crate::annotate::palette;
use crate::imaging;
use crate::pipeline::result::FrameResult;

/// Columns at most. When they do not suffice, each two become one.
const MOST_COLUMNS: usize = 480;
/// A column's time at first.
const FIRST_WIDTH_US: i64 = 1_000_000;
/// Classes with a colour of their own, the most frequent ones; the rest share grey.
const MOST_CLASSES: usize = 10;
const REST: palette::Rgb = [0x9A, 0xA3, 0xAF];

pub struct Timeline {
    path: PathBuf,
    playback: Playback,
    width_us: i64,
    /// Detections of each class in each column.
    columns: Vec<BTreeMap<usize, u64>>,
    labels: BTreeMap<usize, Arc<str>>,
}

impl Timeline {
    pub fn create(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            playback: Playback::default(),
            width_us: FIRST_WIDTH_US,
            columns: Vec::new(),
            labels: BTreeMap::new(),
        }
    }

    /// The column of this time, made if need be.
    fn column(&mut self, time_us: i64) -> Option<&mut BTreeMap<usize, u64>> {
        while time_us / self.width_us >= MOST_COLUMNS as i64 {
            self.width_us = self.width_us.saturating_mul(2);
            self.columns = self.columns.chunks(2).map(sum).collect();
        }
        let index = usize::try_from(time_us / self.width_us).ok()?;
        if self.columns.len() <= index {
            self.columns.resize_with(index + 1, BTreeMap::new);
        }
        self.columns.get_mut(index)
    }

    /// The classes' values, the most frequent class first.
    fn series(&self) -> Vec<Series> {
        let mut totals = sum(&self.columns).into_iter().collect::<Vec<_>>();
        totals.sort_by_key(|(id, count)| (std::cmp::Reverse(*count), *id));
        let (own, rest) = totals.split_at(totals.len().min(MOST_CLASSES));
        let seconds = self.width_us as f64 / 1e6;
        let values = |ids: &[(usize, u64)]| {
            let count = |column: &BTreeMap<usize, u64>| ids.iter().filter_map(|(id, _)| column.get(id)).sum::<u64>();
            self.columns.iter().map(|c| count(c) as f64 / seconds).collect()
        };
        let label = |id: &usize| self.labels.get(id).cloned().unwrap_or_else(|| "?".into());
        let mut series: Vec<Series> = own
            .iter()
            .map(|class| Series { label: label(&class.0), colour: palette::colour(class.0), values: values(std::slice::from_ref(class)) })
            .collect();
        if !rest.is_empty() {
            series.push(Series { label: "other".into(), colour: REST, values: values(rest) });
        }
        series
    }
}

impl FrameSink for Timeline {
    fn frame(&mut self, result: &FrameResult) -> io::Result<()> {
        let time = self.playback.time(result.pts_us);
        for detection in &result.detections {
            self.labels.entry(detection.class_id).or_insert_with(|| Arc::clone(&detection.label));
        }
        if let Some(column) = self.column(time) {
            for detection in &result.detections {
                *column.entry(detection.class_id).or_default() += 1;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, ending: &Ending) -> io::Result<()> {
        let end = self.playback.time(ending.end_us).max(1);
        // The last column is as long as the others, even where the video ends within it.
        let _ = self.column(end - 1);
        let seconds = self.columns.len() as f64 * self.width_us as f64 / 1e6;
        let chart = Chart { title: "Detections a second", series: &self.series(), columns: self.columns.len(), seconds };
        let png = imaging::png(&chart.draw()).map_err(io::Error::other)?;
        let mut partial = Partial::create(&self.path)?;
        partial.file.write_all(&png)?;
        partial.finish()
    }
}

fn sum(columns: &[BTreeMap<usize, u64>]) -> BTreeMap<usize, u64> {
    let mut total = BTreeMap::new();
    for (class, count) in columns.iter().flatten() {
        *total.entry(*class).or_default() += count;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processing::results::tests::{detection, frame};

    #[test]
    fn long_videos_get_wider_columns_and_lose_no_detection() {
        let mut timeline = Timeline::create(Path::new("/nowhere"));
        for second in 0..1000 {
            let found = vec![detection("person", [0.0, 0.0, 1.0, 1.0])];
            timeline.frame(&frame(second, second as i64 * 1_000_000, found)).unwrap();
        }
        assert!(timeline.columns.len() <= MOST_COLUMNS);
        assert_eq!(sum(&timeline.columns)[&0], 1000);
        let series = timeline.series();
        assert_eq!((series.len(), series[0].values[0]), (1, 1.0), "one a second");
    }

    #[test]
    fn rare_classes_share_a_colour() {
        let mut timeline = Timeline::create(Path::new("/nowhere"));
        let many = (0..15).map(|id| {
            let mut found = detection(&format!("class {id}"), [0.0; 4]);
            found.class_id = id;
            found
        });
        timeline.frame(&frame(0, 0, many.collect())).unwrap();
        let series = timeline.series();
        assert_eq!(series.len(), MOST_CLASSES + 1);
        assert_eq!(series.last().map(|s| (&*s.label, s.values[0])), Some(("other", 5.0)));
    }
}
