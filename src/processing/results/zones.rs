//! What happened in zones and on lines: all of it as JSON, the events alone as CSV (RFC 4180).

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::partial::Partial;
use super::table::field;
use super::{Ending, FrameSink};
use crate::pipeline::result::FrameResult;
use crate::zones::event::in_seconds;
use crate::zones::{Event, Happening};

pub struct Zones(PathBuf);

impl Zones {
    pub fn create(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl FrameSink for Zones {
    fn frame(&mut self, _: &FrameResult) -> io::Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>, ending: &Ending) -> io::Result<()> {
        let mut partial = Partial::create(&self.0)?;
        serde_json::to_writer(&mut partial.file, &ending.zones)?;
        partial.finish()
    }
}

pub struct ZoneEvents(PathBuf);

impl ZoneEvents {
    pub fn create(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl FrameSink for ZoneEvents {
    fn frame(&mut self, _: &FrameResult) -> io::Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>, ending: &Ending) -> io::Result<()> {
        let mut partial = Partial::create(&self.0)?;
        writeln!(partial.file, "time,event,place,track_id,label,dwell")?;
        let events = ending.zones.as_ref().map(|zones| zones.events()).unwrap_or_default();
        events.iter().try_for_each(|event| row(&mut partial.file, event))?;
        partial.finish()
    }
}

fn row(file: &mut impl Write, event: &Event) -> io::Result<()> {
    let (word, place, dwell) = match &event.what {
        Happening::Enter { zone } => ("enter", zone, String::new()),
        Happening::Leave { zone, dwell_us } => ("leave", zone, format!("{:.3}", in_seconds(*dwell_us))),
        Happening::Cross { line, direction } => (direction.word(), line, String::new()),
    };
    let (time, label) = (in_seconds(event.time_us), field(&event.label));
    writeln!(file, "{time:.3},{word},{},{},{label},{dwell}", field(place), event.track_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{BBox, Size};
    use crate::zones::{Watch, ZonePlan};

    #[test]
    fn events_are_rows_and_all_is_told_as_json() {
        let plan = r#"{"units":"pixels","zones":[{"name":"a, b","points":[[0,0],[50,0],[50,100],[0,100]]}],"lines":[{"name":"gate","points":[[50,0],[50,100]]}]}"#;
        let mut watch = Watch::new(&ZonePlan::parse(plan).unwrap().unwrap(), Size::new(100, 100));
        for i in 0..=10u8 {
            let x = f32::from(i) * 10.0;
            let bbox = BBox::new(x - 5.0, 40.0, x + 5.0, 60.0);
            let found = crate::detection::Detection { class_id: 0, label: "person".into(), confidence: 0.9, bbox, track_id: Some(7) };
            watch.observe(i64::from(i) * 100_000, &[found]);
        }
        let ending = Ending { end_us: 1_100_000, zones: Some(watch.finish(1_100_000)) };
        let folder = tempfile::tempdir().unwrap();
        let (json, csv) = (folder.path().join("a"), folder.path().join("b"));
        Box::new(Zones::create(&json)).finish(&ending).unwrap();
        Box::new(ZoneEvents::create(&csv)).finish(&ending).unwrap();
        let rows = std::fs::read_to_string(csv).unwrap();
        assert_eq!(
            rows,
            "time,event,place,track_id,label,dwell\n0.000,enter,\"a, b\",7,person,\n0.500,leave,\"a, b\",7,person,0.500\n0.500,in,gate,7,person,\n"
        );
        let told: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
        assert_eq!(told["zones"][0]["stays"][0]["leave"], 0.5);
        assert_eq!((&told["lines"][0]["in"], &told["lines"][0]["by_class"]["person"]["in"]), (&1.into(), &1.into()));
    }
}
