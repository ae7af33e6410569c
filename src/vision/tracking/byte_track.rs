//! ByteTrack: sure sightings first, then unsure ones for the objects that would else be lost.

use super::assignment::{Costs, assign};
use super::camera;
use super::track::{Seen, Track, TrackState};
use crate::geometry::{BBox, Point};

/// A round of the association: the most distance (1 - IoU) of a track and its sighting, and whether an unsure sighting is
/// further away. The limits are the reference implementation's.
#[derive(Clone, Copy, Debug)]
struct Round {
    limit: f32,
    weighted: bool,
}

const SURE: Round = Round { limit: 0.8, weighted: true };
/// By overlap alone.
const OVERLAP: Round = Round { limit: 0.5, weighted: false };
/// For tracks that were seen once so far.
const AGAIN: Round = Round { limit: 0.7, weighted: true };
/// A lost track this near to one that is seen (1 - IoU) is the same object twice.
const SAME: f32 = 0.15;
/// Lost tracks kept; the longest lost go first.
const MOST_LOST: usize = 1000;
/// Of classes that differ; beyond every limit.
const NEVER: f32 = 2.0;

/// What a detector says of one object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sighting {
    pub class_id: usize,
    /// 0..=1.
    pub confidence: f32,
    pub bbox: BBox,
}

/// What is known of a sighting once its frame was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// None while it belongs to no object yet.
    pub id: Option<u32>,
    /// The same object's place among the sightings of the frame before, where it was seen there.
    pub before: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackSettings {
    /// Sightings below only keep tracks alive, 0..=1.
    pub sure: f32,
    /// How long an object may be out of sight and keep its id, in microseconds of the video.
    pub memory_us: i64,
    /// Whether an object may change its class.
    pub agnostic: bool,
}

impl Default for TrackSettings {
    fn default() -> Self {
        Self { sure: 0.25, memory_us: 1_000_000, agnostic: false }
    }
}

/// A frame while its sightings get their ids.
struct Frame<'a> {
    time_us: i64,
    before_us: Option<i64>,
    sightings: &'a [Sighting],
    followed: Vec<Option<Followed>>,
}

/// Follows the objects of one video. Ids count from 1 and are never given twice.
#[derive(Debug)]
pub struct ByteTrack {
    settings: TrackSettings,
    tracks: Vec<Track>,
    last_us: Option<i64>,
    ids: u32,
}

impl ByteTrack {
    pub fn new(settings: TrackSettings) -> Self {
        Self { settings, tracks: Vec::new(), last_us: None, ids: 0 }
    }

    /// What is known of each of a frame's sightings, in their order. Frames come in the order of their times.
    pub fn update(&mut self, time_us: i64, sightings: &[Sighting]) -> Vec<Followed> {
        let before_us = self.last_us.replace(time_us);
        let elapsed = time_us.saturating_sub(before_us.unwrap_or(time_us)).max(0);
        let memory = self.settings.memory_us;
        self.tracks.retain(|t| time_us.saturating_sub(t.last_seen.time_us) <= memory);
        self.tracks.iter_mut().for_each(|track| track.predict(elapsed));

        let mut frame = Frame { time_us, before_us, sightings, followed: vec![None; sightings.len()] };
        let real = (0..sightings.len()).filter(|i| sightings[*i].bbox.area() > 0.0);
        let (sure, unsure): (Vec<usize>, Vec<usize>) = real.partition(|i| sightings[*i].confidence >= self.settings.sure);
        let known = self.all(|t| t.state != TrackState::New);
        self.follow_camera(&frame, &known, &sure);
        let left = self.pair(&mut frame, &known, sure, SURE);
        // Who is just sure enough weighs too little there.
        let unseen = self.all(|t| t.state != TrackState::New && t.last_seen.time_us != time_us);
        let left = self.pair(&mut frame, &unseen, left, OVERLAP);
        let unseen = self.all(|t| t.state == TrackState::Seen && t.last_seen.time_us != time_us);
        self.pair(&mut frame, &unseen, unsure, OVERLAP);
        let new = self.all(|t| t.state == TrackState::New);
        let left = self.pair(&mut frame, &new, left, AGAIN);

        // A new track that was not seen again was a mistake.
        self.tracks.retain(|t| t.state != TrackState::New);
        for track in self.tracks.iter_mut().filter(|t| t.last_seen.time_us != time_us) {
            track.state = TrackState::Lost;
        }
        self.forget_twins();
        for index in left {
            let mut track = Track::new(sightings[index].class_id, &sightings[index].bbox, Seen { time_us, place: index });
            if before_us.is_none() {
                // Nothing could have been seen before.
                track.state = TrackState::Seen;
                track.id = Some(self.next_id());
                frame.followed[index] = Some(Followed { id: track.id, before: None });
            }
            self.tracks.push(track);
        }
        frame.followed.into_iter().map(Option::unwrap_or_default).collect()
    }

    fn all(&self, wanted: impl Fn(&Track) -> bool) -> Vec<usize> {
        (0..self.tracks.len()).filter(|t| wanted(&self.tracks[*t])).collect()
    }

    /// Moves all tracks as the camera moved, as far as those tell that are seen.
    fn follow_camera(&mut self, frame: &Frame<'_>, tracks: &[usize], among: &[usize]) {
        let surprise = |(track, index): (usize, usize)| {
            let (expected, seen): (Point, Point) = (self.tracks[track].bbox().center(), frame.sightings[index].bbox.center());
            Point::new(seen.x - expected.x, seen.y - expected.y)
        };
        let surprises: Vec<Point> = self.pairs(frame, tracks, among, SURE).into_iter().map(surprise).collect();
        if let Some(motion) = camera::motion(&surprises) {
            self.tracks.iter_mut().for_each(|track| track.shift(motion));
        }
    }

    /// Tracks and sightings that are likely to be of one object.
    fn pairs(&self, frame: &Frame<'_>, tracks: &[usize], among: &[usize], round: Round) -> Vec<(usize, usize)> {
        let boxes: Vec<BBox> = tracks.iter().map(|t| self.tracks[*t].bbox()).collect();
        let costs = Costs::new(tracks.len(), among.len(), |row, column| {
            let (track, sighting) = (&self.tracks[tracks[row]], &frame.sightings[among[column]]);
            if !self.settings.agnostic && track.class_id != sighting.class_id {
                return NEVER;
            }
            1.0 - boxes[row].iou(&sighting.bbox) * if round.weighted { sighting.confidence } else { 1.0 }
        });
        assign(&costs, round.limit).into_iter().map(|(row, column)| (tracks[row], among[column])).collect()
    }

    /// Pairs tracks with some of the frame's sightings, and gives the sightings that are left.
    fn pair(&mut self, frame: &mut Frame<'_>, tracks: &[usize], among: Vec<usize>, round: Round) -> Vec<usize> {
        for (track, index) in self.pairs(frame, tracks, &among, round) {
            let last = self.tracks[track].last_seen;
            self.tracks[track].see(&frame.sightings[index].bbox, Seen { time_us: frame.time_us, place: index });
            if self.tracks[track].id.is_none() {
                self.tracks[track].id = Some(self.next_id());
            }
            let before = (Some(last.time_us) == frame.before_us).then_some(last.place);
            frame.followed[index] = Some(Followed { id: self.tracks[track].id, before });
        }
        among.into_iter().filter(|index| frame.followed[*index].is_none()).collect()
    }

    /// Of two tracks of one object, the one that is seen stays.
    fn forget_twins(&mut self) {
        let seen: Vec<(usize, BBox)> = self.tracks.iter().filter(|t| t.state == TrackState::Seen).map(|t| (t.class_id, t.bbox())).collect();
        let agnostic = self.settings.agnostic;
        self.tracks.retain(|t| {
            let twin = |(class, bbox): &(usize, BBox)| (agnostic || *class == t.class_id) && 1.0 - bbox.iou(&t.bbox()) < SAME;
            t.state != TrackState::Lost || !seen.iter().any(twin)
        });
        let lost = self.tracks.iter().filter(|t| t.state == TrackState::Lost).count();
        let mut surplus = lost.saturating_sub(MOST_LOST);
        // They stand in the order in which they began.
        self.tracks.retain(|t| {
            let goes = surplus > 0 && t.state == TrackState::Lost;
            surplus -= usize::from(goes);
            !goes
        });
    }

    fn next_id(&mut self) -> u32 {
        self.ids = self.ids.saturating_add(1);
        self.ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME_US: i64 = 33_333;

    fn person(x: f32, y: f32) -> Sighting {
        Sighting { class_id: 0, confidence: 0.9, bbox: BBox::new(x, y, x + 40.0, y + 100.0) }
    }

    fn ids(tracker: &mut ByteTrack, time_us: i64, frame: &[Sighting]) -> Vec<Option<u32>> {
        tracker.update(time_us, frame).iter().map(|f| f.id).collect()
    }

    /// The ids in each of the frames.
    fn follow(frames: &[Vec<Sighting>]) -> Vec<Vec<Option<u32>>> {
        let mut tracker = ByteTrack::new(TrackSettings::default());
        frames.iter().enumerate().map(|(i, frame)| ids(&mut tracker, i as i64 * FRAME_US, frame)).collect()
    }

    #[test]
    fn two_who_pass_each_other_keep_their_ids() {
        let frames: Vec<_> = (0..60).map(|i| i as f32).map(|t| vec![person(5.0 * t, 100.0), person(300.0 - 5.0 * t, 130.0)]).collect();
        let ids = follow(&frames);
        assert!(ids.iter().all(|frame| frame == &ids[0]), "{ids:?}");
        assert_eq!(ids[0], [Some(1), Some(2)]);
    }

    #[test]
    fn who_is_hidden_for_less_than_the_memory_comes_back_and_later_is_somebody_else() {
        let walk = |hidden: std::ops::Range<usize>| -> Vec<Vec<Sighting>> {
            (0..120).map(|i| if hidden.contains(&i) { vec![] } else { vec![person(3.0 * i as f32, 100.0)] }).collect()
        };
        let short = follow(&walk(40..60));
        assert_eq!((short[39][0], short[60][0]), (Some(1), Some(1)));
        let long = follow(&walk(40..80));
        assert_eq!((long[39][0], long[80][0], long[81][0]), (Some(1), None, Some(2)), "a new id, from the second sighting on");
    }

    #[test]
    fn an_unsure_sighting_keeps_a_track_and_begins_none() {
        let unsure = |x| Sighting { confidence: 0.15, ..person(x, 100.0) };
        let frames: Vec<_> = (0..90)
            .map(|i| if (10..80).contains(&i) { vec![unsure(2.0 * i as f32)] } else { vec![person(2.0 * i as f32, 100.0)] })
            .collect();
        let ids = follow(&frames);
        assert!(ids.iter().all(|frame| frame[0] == Some(1)), "{ids:?}");
        assert!(follow(&vec![vec![unsure(5.0)]; 20]).iter().all(|frame| frame[0].is_none()));
    }

    #[test]
    fn a_class_is_another_object_unless_classes_do_not_matter() {
        let mut changed = person(0.0, 0.0);
        changed.class_id = 7;
        let frames = [vec![person(0.0, 0.0)], vec![changed], vec![changed]];
        assert_eq!(follow(&frames)[2], [Some(2)]);
        let mut tracker = ByteTrack::new(TrackSettings { agnostic: true, ..TrackSettings::default() });
        let ids: Vec<_> = frames.iter().enumerate().map(|(i, f)| tracker.update(i as i64 * FRAME_US, f)[0].id).collect();
        assert_eq!(ids, [Some(1); 3]);
    }

    #[test]
    fn ids_are_by_time_and_not_by_frame() {
        let at = |times: &[i64]| {
            let mut tracker = ByteTrack::new(TrackSettings::default());
            times.iter().map(|t| tracker.update(*t, &[person(*t as f32 / 20_000.0, 100.0)])[0].id).collect::<Vec<_>>()
        };
        assert!(at(&[0, 33_333, 66_667, 400_000, 433_333]).iter().all(|id| *id == Some(1)));
        assert_eq!(at(&[0, 33_333, 2_000_000, 2_033_333])[3], Some(2));
    }

    #[test]
    fn a_sighting_knows_its_place_in_the_frame_before() {
        let mut tracker = ByteTrack::new(TrackSettings::default());
        let mut before = |time_us, frame: &[Sighting]| tracker.update(time_us, frame).iter().map(|f| f.before).collect::<Vec<_>>();
        assert_eq!(before(0, &[person(0.0, 0.0), person(500.0, 0.0)]), [None, None]);
        assert_eq!(before(FRAME_US, &[person(501.0, 0.0), person(1.0, 0.0), person(250.0, 0.0)]), [Some(1), Some(0), None]);
        assert_eq!(before(2 * FRAME_US, &[person(251.0, 0.0), person(502.0, 0.0)]), [Some(2), Some(0)], "from its first sighting on");
        assert_eq!(before(3 * FRAME_US, &[person(3.0, 0.0)]), [None], "it was out of sight in between");
    }

    fn scene() -> impl Strategy<Value = Vec<Vec<Sighting>>> {
        let sighting = (0usize..2, 0.05f32..1.0, 0.0f32..500.0, 0.0f32..300.0, 5.0f32..80.0, 5.0f32..80.0);
        let sighting =
            sighting.prop_map(|(class_id, confidence, x, y, w, h)| Sighting { class_id, confidence, bbox: BBox::new(x, y, x + w, y + h) });
        prop::collection::vec(prop::collection::vec(sighting, 0..6), 0..30)
    }

    proptest! {
        #[test]
        fn an_id_is_in_a_frame_once_and_never_comes_back_after_its_memory(frames in scene()) {
            let mut last_seen = std::collections::HashMap::new();
            for (i, ids) in follow(&frames).into_iter().enumerate() {
                let given: Vec<u32> = ids.into_iter().flatten().collect();
                let mut distinct = given.clone();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), given.len());
                for id in given {
                    if let Some(before) = last_seen.insert(id, i) {
                        prop_assert!((i - before) as i64 * FRAME_US <= TrackSettings::default().memory_us);
                    }
                }
            }
        }

        #[test]
        fn a_mirrored_scene_has_the_same_ids(frames in scene()) {
            let mirrored: Vec<Vec<Sighting>> = frames
                .iter()
                .map(|f| f.iter().map(|s| Sighting { bbox: BBox::new(1000.0 - s.bbox.x2, s.bbox.y1, 1000.0 - s.bbox.x1, s.bbox.y2), ..*s }).collect())
                .collect();
            // Coordinates are rounded otherwise; what hangs on less than that is no law.
            let same = follow(&frames).iter().flatten().zip(follow(&mirrored).iter().flatten()).filter(|(a, b)| a == b).count();
            let all = frames.iter().map(Vec::len).sum::<usize>();
            prop_assert!(same * 100 >= all * 99);
        }
    }
}
