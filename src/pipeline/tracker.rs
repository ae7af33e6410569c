//! Gives the objects of a video ids that stay, and the persons' poses the ids of their persons.

use crate::detection::Detection;
use crate::options::AnalysisOptions;
use crate::pipeline::gap::Sight;
use crate::pose::Pose;
use crate::vision::tracking::{ByteTrack, Sighting, TrackSettings};

/// Detections from here on keep tracks alive, although they are too unsure to be told.
const UNSURE: f32 = 0.1;
/// Keypoints that count for a pose's place.
const VISIBLE: f32 = 0.3;
/// Of a pose's box, so much must lie in its person's.
const WITHIN: f32 = 0.5;

pub struct Tracker {
    byte_track: ByteTrack,
}

impl Tracker {
    pub fn new(options: &AnalysisOptions) -> Self {
        Self { byte_track: ByteTrack::new(settings(options)) }
    }

    /// The confidence from which on a tracker wants to see detections, where those from `told` on are told.
    pub fn wanted_confidence(told: f32) -> f32 {
        told.min(UNSURE)
    }

    /// Gives a frame's detections their tracks.
    pub fn follow(&mut self, pts_us: i64, mut detections: Vec<Detection>) -> Sight {
        let sighting = |d: &Detection| Sighting { class_id: d.class_id, confidence: d.confidence, bbox: d.bbox };
        let sightings: Vec<Sighting> = detections.iter().map(sighting).collect();
        let followed = self.byte_track.update(pts_us, &sightings);
        for (detection, followed) in detections.iter_mut().zip(&followed) {
            detection.track_id = followed.id;
        }
        Sight { pts_us, detections, before: followed.iter().map(|f| f.before).collect() }
    }
}

/// What the options say of tracking.
pub fn settings(options: &AnalysisOptions) -> TrackSettings {
    let memory_us = (f64::from(options.track_memory) * 1e6) as i64;
    TrackSettings { sure: options.confidence, memory_us, agnostic: options.track_agnostic }
}

/// Gives each pose the track of its person, the nearest pairs first; a pose without a person has none.
pub fn name_poses(poses: &mut [Pose], persons: &[&Detection]) {
    let mut pairs = Vec::new();
    for (p, pose) in poses.iter().enumerate() {
        let Some(bbox) = pose.bbox(VISIBLE) else { continue };
        for (d, person) in persons.iter().enumerate() {
            let within = bbox.intersection(&person.bbox) / bbox.area().max(f32::MIN_POSITIVE);
            if within >= WITHIN {
                pairs.push((bbox.iou(&person.bbox), p, d));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut named, mut taken) = (vec![false; poses.len()], vec![false; persons.len()]);
    poses.iter_mut().for_each(|pose| pose.track_id = None);
    for (_, p, d) in pairs {
        if !named[p] && !taken[d] {
            (named[p], taken[d]) = (true, true);
            poses[p].track_id = persons[d].track_id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BBox;
    use crate::pose::{Keypoint, Skeleton};

    fn person(confidence: f32, x: f32) -> Detection {
        let bbox = BBox::new(x, 0.0, x + 40.0, 100.0);
        Detection { class_id: 0, label: "person".into(), confidence, bbox, track_id: None }
    }

    fn pose(x: f32) -> Pose {
        let corner = |x, y| Keypoint { x, y, z: None, visibility: 0.9 };
        let keypoints = vec![corner(x, 10.0), corner(x + 30.0, 95.0)];
        Pose { track_id: Some(99), skeleton: Skeleton::Coco17, score: 0.9, keypoints }
    }

    fn ids(tracker: &mut Tracker, time: i64, detections: Vec<Detection>) -> Vec<Option<u32>> {
        tracker.follow(time, detections).detections.iter().map(|d| d.track_id).collect()
    }

    #[test]
    fn the_unsure_keep_their_tracks() {
        assert_eq!((Tracker::wanted_confidence(0.25), Tracker::wanted_confidence(0.05)), (0.1, 0.05));
        let mut tracker = Tracker::new(&AnalysisOptions::default());
        assert_eq!(ids(&mut tracker, 0, vec![person(0.9, 50.0)]), [Some(1)]);
        for frame in 1..60 {
            assert_eq!(ids(&mut tracker, frame * 33_333, vec![person(0.15, 50.0)]), [Some(1)]);
        }
        assert_eq!(ids(&mut tracker, 60 * 33_333, vec![person(0.9, 50.0)]), [Some(1)]);
    }

    #[test]
    fn classes_and_memory_are_as_the_options_say() {
        let mut options = AnalysisOptions::default();
        options.set("track_memory", "3").unwrap();
        options.set("track_agnostic", "true").unwrap();
        let mut tracker = Tracker::new(&options);
        assert_eq!(ids(&mut tracker, 0, vec![person(0.9, 50.0)]), [Some(1)]);
        let mut other = person(0.9, 50.0);
        other.class_id = 7;
        assert_eq!(ids(&mut tracker, 2_900_000, vec![other]), [Some(1)]);
    }

    #[test]
    fn a_pose_has_the_track_of_its_person() {
        let mut persons = [person(0.9, 0.0), person(0.9, 30.0), person(0.9, 300.0)];
        for (person, id) in persons.iter_mut().zip([4, 5, 6]) {
            person.track_id = Some(id);
        }
        let mut poses = [pose(33.0), pose(3.0), pose(600.0)];
        name_poses(&mut poses, &persons.iter().collect::<Vec<_>>());
        assert_eq!(poses.map(|p| p.track_id), [Some(5), Some(4), None]);
    }
}
