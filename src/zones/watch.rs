//! Watches zones and lines while frames go by: who is where now, and what has just happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{Event, Happening, LineNow, Observation, ZoneNow};
use super::follow::{Area, Barrier, Follow, News};
use super::ledger::Ledger;
use super::plan::ZonePlan;
use super::report::Report;
use crate::detection::Detection;
use crate::geometry::Size;

/// A track that is out of sight for longer does not come back, in microseconds: no tracker here remembers for as long.
const LOST_US: i64 = 2_000_000;
/// Tracks that are followed at once; more are passed over until others are gone.
const MOST_TRACKS: usize = 4096;

/// Zones and lines on pictures of one size, with the tracks of one video.
pub struct Watch {
    areas: Vec<Area>,
    barriers: Vec<Barrier>,
    tracks: BTreeMap<u32, Follow>,
    ledger: Ledger,
    /// Of the first and of the newest frame.
    times_us: Option<(i64, i64)>,
}

impl Watch {
    /// `size` is the displayed picture's.
    pub fn new(plan: &ZonePlan, size: Size) -> Self {
        let areas = plan.zones.iter().cloned().zip(plan.polygons(size)).map(|(plan, polygon)| Area { plan, polygon });
        let barriers = plan.lines.iter().cloned().zip(plan.segments(size)).map(|(plan, line)| Barrier { plan, line });
        Self { areas: areas.collect(), barriers: barriers.collect(), tracks: BTreeMap::new(), ledger: Ledger::new(plan), times_us: None }
    }

    /// Takes in the tracks of a frame, whose time is in microseconds. Frames come in the order of their times; what has no
    /// track is passed over.
    pub fn observe(&mut self, now_us: i64, detections: &[Detection]) -> Observation {
        let first_us = self.times_us.map_or(now_us, |(first, _)| first);
        self.times_us = Some((first_us, now_us));
        let mut events = Vec::new();
        let gone: Vec<u32> =
            self.tracks.iter().filter(|(_, track)| now_us.saturating_sub(track.last_us) > LOST_US).map(|(id, _)| *id).collect();
        for id in gone {
            if let Some(mut track) = self.tracks.remove(&id) {
                let news = track.close();
                self.tell(id, &track.label, news, &mut events);
            }
        }
        for detection in detections {
            let Some(id) = detection.track_id else { continue };
            if self.tracks.len() >= MOST_TRACKS && !self.tracks.contains_key(&id) {
                continue;
            }
            let (zones, lines) = (self.areas.len(), self.barriers.len());
            let track = self.tracks.entry(id).or_insert_with(|| Follow::new(now_us, detection, zones, lines));
            if now_us < track.last_us {
                continue;
            }
            let news = track.step(id, now_us, detection, &self.areas, &self.barriers);
            self.tell(id, &detection.label, news, &mut events);
        }
        events.sort_by_key(|event| event.time_us);
        Observation { zones: self.zones_now(now_us), lines: self.lines_now(), events }
    }

    fn tell(&mut self, id: u32, label: &Arc<str>, news: Vec<News>, events: &mut Vec<Event>) {
        for news in news {
            self.ledger.note(id, label, &news);
            events.extend(self.event(id, label, news));
        }
    }

    fn event(&self, track_id: u32, label: &Arc<str>, news: News) -> Option<Event> {
        let name = |zone: usize| self.areas.get(zone).map(|area| Arc::clone(&area.plan.scope.name));
        let (time_us, what) = match news {
            News::Came { zone, time_us, .. } => (time_us, Happening::Enter { zone: name(zone)? }),
            News::Went { zone, visit } => (visit.leave_us, Happening::Leave { zone: name(zone)?, dwell_us: visit.dwell_us() }),
            News::Stayed { .. } => return None,
            News::Crossed { event, .. } => return Some(event),
        };
        Some(Event { time_us, what, track_id, label: Arc::clone(label) })
    }

    fn zones_now(&self, now_us: i64) -> Vec<ZoneNow> {
        let zone = |(number, area): (usize, &Area)| {
            let mut by_class = BTreeMap::<Arc<str>, u32>::new();
            for track in self.tracks.values().filter(|track| track.is_in(number, now_us)) {
                *by_class.entry(Arc::clone(&track.label)).or_default() += 1;
            }
            ZoneNow { name: Arc::clone(&area.plan.scope.name), count: by_class.values().sum(), by_class }
        };
        self.areas.iter().enumerate().map(zone).collect()
    }

    fn lines_now(&self) -> Vec<LineNow> {
        let line = |(number, barrier): (usize, &Barrier)| LineNow {
            name: Arc::clone(&barrier.plan.scope.name),
            crossed: self.ledger.crossed(number),
        };
        self.barriers.iter().enumerate().map(line).collect()
    }

    /// No more frames: `end_us` is when the last one ends.
    pub fn finish(mut self, end_us: i64) -> Report {
        let (first_us, last_us) = self.times_us.unwrap_or((end_us, end_us));
        let mut events = Vec::new();
        for (id, mut track) in std::mem::take(&mut self.tracks) {
            let news = track.end(last_us, end_us);
            self.tell(id, &track.label, news, &mut events);
        }
        self.ledger.report(first_us, end_us.max(last_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{BBox, Point};
    use proptest::prelude::*;

    const SIZE: Size = Size::new(1000, 1000);
    const FRAME_US: i64 = 100_000;

    /// A door on the left, and a gate across the whole picture that is crossed inwards when going up.
    const PLAN: &str = r#"{
        "zones": [{"name": "door", "points": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.9], [0.1, 0.9]]}],
        "lines": [{"name": "gate", "points": [[0, 0.5], [1, 0.5]]}]
    }"#;

    /// A track that goes from point to point, a time each.
    #[derive(Debug)]
    struct Walker {
        id: u32,
        label: &'static str,
        points: Vec<(i64, Point)>,
    }

    impl Walker {
        fn new(id: u32, points: &[(f32, f32)]) -> Self {
            let points = points.iter().enumerate().map(|(i, &(x, y))| (i as i64 * FRAME_US, Point::new(x, y)));
            Self { id, label: "person", points: points.collect() }
        }

        /// Whose feet stand at the same place all the time.
        fn standing(id: u32, x: f32, y: f32, frames: usize) -> Self {
            Self::new(id, &vec![(x, y); frames])
        }

        /// The same with `times` frames for each.
        fn split(&self, times: i64) -> Self {
            let between = |pair: &[(i64, Point)]| {
                let [(at, a), (_, b)] = [pair[0], pair[1]];
                let share = move |i: i64| i as f32 / times as f32;
                (0..times).map(move |i| (at + i * FRAME_US / times, Point::new(a.x + (b.x - a.x) * share(i), a.y + (b.y - a.y) * share(i))))
            };
            let points = self.points.windows(2).flat_map(between).chain(self.points.last().copied());
            Self { points: points.collect(), ..*self }
        }

        fn moved(&self, to: impl Fn(Point) -> Point) -> Self {
            Self { points: self.points.iter().map(|(time, p)| (*time, to(*p))).collect(), ..*self }
        }

        fn sighting(&self, p: Point) -> Detection {
            let bbox = BBox::new(p.x - 20.0, p.y - 100.0, p.x + 20.0, p.y);
            Detection { class_id: 0, label: self.label.into(), confidence: 0.9, bbox, track_id: Some(self.id) }
        }
    }

    /// What is known frame by frame, and in the end.
    fn watched(plan: &str, walkers: &[Walker]) -> (Vec<Observation>, Report) {
        let mut frames = BTreeMap::<i64, Vec<Detection>>::new();
        for walker in walkers {
            walker.points.iter().for_each(|(time, p)| frames.entry(*time).or_default().push(walker.sighting(*p)));
        }
        let end = frames.keys().next_back().copied().unwrap_or(0);
        let mut watch = Watch::new(&ZonePlan::parse(plan).unwrap().unwrap(), SIZE);
        let told = frames.iter().map(|(time, detections)| watch.observe(*time, detections)).collect();
        (told, watch.finish(end))
    }

    /// The crossings as words, in their order.
    fn crossings(report: &Report) -> Vec<(u32, &'static str)> {
        report.lines[0].crossings.iter().map(|c| (c.track_id, c.direction.word())).collect()
    }

    #[test]
    fn who_walks_through_the_door_enters_and_leaves_at_the_time_of_its_edges() {
        let walker =
            Walker::new(3, &[(0.0, 200.0), (50.0, 200.0), (250.0, 200.0), (350.0, 200.0), (450.0, 200.0), (900.0, 200.0), (950.0, 200.0)]);
        let (_, report) = watched(PLAN, &[walker, Walker::standing(4, 950.0, 950.0, 20)]);
        let zone = &report.zones[0];
        assert_eq!((zone.totals.entries, zone.totals.visitors, zone.totals.by_class["person"]), (1, 1, 1));
        let stay = &zone.stays[0];
        assert_eq!((stay.track_id, stay.enter_us, stay.leave), (3, 125_000, Some(0.35)), "between frames");
        assert_eq!((zone.dwell_by_track[&3], zone.totals.dwell.max), (0.225, 0.225));
        assert!(report.lines[0].crossings.is_empty());
    }

    #[test]
    fn who_is_there_is_counted_now_and_who_was_seen_once_is_not() {
        let walkers = [Walker::standing(1, 200.0, 300.0, 10), Walker::standing(2, 300.0, 300.0, 5), Walker::standing(3, 350.0, 300.0, 1)];
        let (frames, report) = watched(PLAN, &walkers);
        let counts: Vec<u32> = frames.iter().map(|f| f.zones[0].count).collect();
        assert_eq!(counts, [0, 2, 2, 2, 2, 2, 2, 2, 2, 2], "the second one may only be hidden for half a second");
        assert_eq!(frames[1].events.iter().map(|e| (e.track_id, e.time_us)).collect::<Vec<_>>(), [(1, 0), (2, 0)], "told when it is sure");
        let zone = &report.zones[0];
        assert_eq!((zone.totals.visitors, zone.totals.most_at_once), (2, 2));
        assert_eq!(zone.stays.iter().map(|s| s.leave).collect::<Vec<_>>(), [None, Some(0.4)], "one is still there");
        assert_eq!(zone.totals.mean_at_once, ((0.9 + 0.4) / 0.9 * 1000.0f64).round() / 1000.0);
    }

    #[test]
    fn a_track_that_is_lost_and_found_again_has_one_stay_and_crosses_once() {
        let mut walker = Walker::new(1, &(0..40).map(|i| (200.0, 800.0 - 15.0 * i as f32)).collect::<Vec<_>>());
        walker.points.retain(|(time, _)| !(12 * FRAME_US..30 * FRAME_US).contains(time));
        let (frames, report) = watched(PLAN, &[walker, Walker::standing(2, 900.0, 900.0, 40)]);
        assert_eq!((report.zones[0].totals.entries, crossings(&report)), (1, vec![(1, "in")]));
        assert_eq!(frames.iter().flat_map(|f| &f.events).count(), 2, "one came, and one crossed");
        assert_eq!(frames[39].lines[0].crossed.inwards, 1);
    }

    #[test]
    fn classes_and_a_least_stay_are_heeded() {
        let plan = PLAN.replace(r#""name": "door""#, r#""name": "door", "classes": ["car"], "min_dwell": 2"#);
        let car = |id, frames| Walker { label: "car", ..Walker::standing(id, 200.0, 300.0, frames) };
        let (frames, report) = watched(&plan, &[car(1, 30), car(2, 15), Walker::standing(3, 250.0, 300.0, 30)]);
        assert_eq!((report.zones[0].totals.visitors, report.zones[0].stays[0].track_id), (1, 1));
        let told = frames.iter().position(|f| !f.events.is_empty());
        assert_eq!((told, frames[19].zones[0].count, frames[20].zones[0].count), (Some(20), 0, 1), "after two seconds");
        assert_eq!(frames[20].events[0].time_us, 0, "from its beginning");
    }

    #[test]
    fn events_of_the_frames_and_of_the_end_are_the_reports() {
        let up_and_down = Walker::new(1, &(0..60).map(|i| (200.0, 500.0 + 300.0 * (i as f32 * 0.3).cos())).collect::<Vec<_>>());
        let (frames, report) = watched(PLAN, &[up_and_down]);
        let told: Vec<Event> = frames.into_iter().flat_map(|f| f.events).collect();
        assert_eq!(told, report.events());
        assert_eq!(crossings(&report).len(), 6, "{:?}", crossings(&report));
    }

    #[test]
    fn no_number_of_tracks_is_too_many_and_what_has_no_track_is_passed_over() {
        let mut watch = Watch::new(&ZonePlan::parse(PLAN).unwrap().unwrap(), SIZE);
        let walker = Walker::standing(0, 200.0, 200.0, 1);
        let crowd: Vec<_> = (0..5000).map(|id| Detection { track_id: Some(id), ..walker.sighting(Point::new(200.0, 200.0)) }).collect();
        watch.observe(0, &crowd);
        assert_eq!(watch.tracks.len(), MOST_TRACKS);
        watch.observe(LOST_US + 1, &[Detection { track_id: None, ..crowd[0].clone() }]);
        assert!(watch.tracks.is_empty());
    }

    fn scene() -> impl Strategy<Value = Vec<Walker>> {
        let walker = prop::collection::vec((0.0f32..1000.0, 0.0f32..1000.0), 2..25);
        prop::collection::vec(walker, 1..4)
            .prop_map(|all| all.iter().enumerate().map(|(i, points)| Walker::new(i as u32 + 1, points)).collect())
    }

    proptest! {
        #[test]
        fn a_mirrored_scene_is_crossed_the_other_way(walkers in scene()) {
            let upside_down = |p: Point| Point::new(p.x, 1000.0 - p.y);
            // The boxes stand on the anchor: they are not turned over.
            let mirrored: Vec<_> = walkers.iter().map(|w| w.moved(upside_down)).collect();
            let ((_, one), (_, other)) = (watched(PLAN, &walkers), watched(PLAN, &mirrored));
            let turned: Vec<_> = crossings(&other).into_iter().map(|(id, word)| (id, if word == "in" { "out" } else { "in" })).collect();
            prop_assert_eq!(crossings(&one), turned);
            prop_assert_eq!(one.zones[0].totals.entries, other.zones[0].totals.entries);
        }

        #[test]
        fn more_frames_change_nothing(walkers in scene(), times in 2i64..5) {
            let more: Vec<_> = walkers.iter().map(|w| w.split(times)).collect();
            let ((_, few), (_, many)) = (watched(PLAN, &walkers), watched(PLAN, &more));
            prop_assert_eq!(crossings(&few), crossings(&many));
            let (few, many) = (&few.zones[0], &many.zones[0]);
            prop_assert_eq!((few.totals.entries, few.totals.visitors), (many.totals.entries, many.totals.visitors));
            prop_assert!((few.totals.dwell.total - many.totals.dwell.total).abs() < 0.01, "{:?} {:?}", few.totals, many.totals);
        }

        #[test]
        fn a_scene_elsewhere_is_the_same_scene(walkers in scene(), x in 0.0f32..1000.0, y in 0.0f32..1000.0) {
            let moved: Vec<_> = walkers.iter().map(|w| w.moved(|p| Point::new(p.x + x, p.y + y))).collect();
            let at = |px: f32, py: f32| format!("[{},{}]", px + x, py + y);
            let plan = |at: &dyn Fn(f32, f32) -> String| format!(
                r#"{{"units":"pixels","zones":[{{"name":"door","points":[{},{},{}]}}],"lines":[{{"name":"gate","points":[{},{}]}}]}}"#,
                at(100.0, 100.0), at(700.0, 150.0), at(300.0, 900.0), at(200.0, 800.0), at(800.0, 150.0)
            );
            let (here, there) = (watched(&plan(&|x, y| format!("[{x},{y}]")), &walkers).1, watched(&plan(&at), &moved).1);
            prop_assert_eq!(crossings(&here), crossings(&there));
            prop_assert!((here.zones[0].totals.dwell.total - there.zones[0].totals.dwell.total).abs() < 0.01);
        }

        #[test]
        fn what_goes_in_comes_out_or_is_still_there(walkers in scene()) {
            let (_, report) = watched(PLAN, &walkers);
            for walker in &walkers {
                let mut way: Vec<_> = report.lines[0].crossings.iter().filter(|c| c.track_id == walker.id).map(|c| c.direction).collect();
                way.dedup();
                let crossed = report.lines[0].crossings.iter().filter(|c| c.track_id == walker.id).count();
                prop_assert_eq!(way.len(), crossed, "over a line across the picture, in and out take turns");
            }
            let zone = &report.zones[0];
            prop_assert_eq!(zone.totals.entries as usize, zone.stays.len());
            prop_assert!(zone.totals.visitors <= zone.totals.entries && u64::from(zone.totals.most_at_once) <= zone.totals.visitors);
        }

        #[test]
        fn no_box_and_no_time_panic(steps in prop::collection::vec((any::<i64>(), any::<f32>(), any::<f32>(), -400.0f32..1400.0), 0..12)) {
            let mut watch = Watch::new(&ZonePlan::parse(PLAN).unwrap().unwrap(), SIZE);
            for (time, x, y, near) in steps {
                let bbox = BBox { x1: x, y1: near, x2: near, y2: y };
                watch.observe(time, &[Detection { class_id: 0, label: "x".into(), confidence: 0.5, bbox, track_id: Some(1) }]);
            }
            watch.finish(0);
        }
    }
}
