//! The tracker on small made scenes whose truth is known, against one that only compares boxes. benches/tracking has large ones.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;

use sightline::geometry::BBox;
use sightline::vision::tracking::{ByteTrack, Sighting, TrackSettings};

use crate::command_line::sightline;
use crate::scratch;

const FRAME_US: i64 = 33_333;
const FRAMES: usize = 240;

/// Numbers that look like chance and are the same in each run (Numerical Recipes' generator).
struct Chance(u32);

impl Chance {
    /// 0..1.
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 24) as f32
    }

    fn around(&mut self, reach: f32) -> f32 {
        (2.0 * self.next() - 1.0) * reach
    }
}

/// What is detected in each frame, with whom it shows; none where it shows nobody.
type Scene = Vec<Vec<(Option<usize>, Sighting)>>;

struct Trouble {
    missed: f32,
    shake: f32,
}

/// Eight walk to and fro in lanes that overlap; every third stands behind the others and is hidden while they pass.
fn walkers(seed: u32, trouble: &Trouble) -> Scene {
    let mut chance = Chance(seed);
    let paces: Vec<(f32, f32)> =
        (0..8).map(|i| (80.0 + 140.0 * i as f32, if i % 2 == 0 { 1.0 } else { -1.0 } * (2.0 + 2.0 * chance.next()))).collect();
    let frame = |i: usize, chance: &mut Chance| {
        let (dx, dy) = (chance.around(trouble.shake), chance.around(trouble.shake));
        let at = |(begin, pace): (f32, f32)| begin + pace * i as f32;
        let mut seen = Vec::new();
        for (who, pace) in paces.iter().enumerate() {
            let (x, y) = (at(*pace), 200.0 + 12.0 * who as f32);
            let hidden = who % 3 == 2 && paces.iter().enumerate().any(|(other, p)| other % 3 != 2 && (at(*p) - x).abs() < 18.0);
            if hidden || chance.next() < trouble.missed {
                continue;
            }
            let (x, y, height) = (x + dx + chance.around(1.5), y + dy + chance.around(2.0), 110.0 + chance.around(3.0));
            let bbox = BBox::new(x, y, x + 42.0, y + height);
            seen.push((Some(who), Sighting { class_id: 0, confidence: 0.75 + chance.around(0.15), bbox }));
        }
        if chance.next() < 0.2 {
            let (x, y) = (1200.0 * chance.next(), 400.0 * chance.next());
            seen.push((None, Sighting { class_id: 0, confidence: 0.3, bbox: BBox::new(x, y, x + 40.0, y + 100.0) }));
        }
        seen
    };
    (0..FRAMES).map(|i| frame(i, &mut chance)).collect()
}

/// How often somebody gets another id than before.
fn switches(scene: &Scene, mut ids: impl FnMut(i64, &[Sighting]) -> Vec<Option<u32>>) -> usize {
    let (mut last, mut switches) = (BTreeMap::new(), 0);
    for (i, frame) in scene.iter().enumerate() {
        let sightings: Vec<Sighting> = frame.iter().map(|(_, s)| *s).collect();
        for ((who, _), id) in frame.iter().zip(ids(i as i64 * FRAME_US, &sightings)) {
            if let (Some(who), Some(id)) = (who, id) {
                switches += usize::from(last.insert(*who, id).is_some_and(|before| before != id));
            }
        }
    }
    switches
}

fn byte_track(scene: &Scene) -> usize {
    let mut tracker = ByteTrack::new(TrackSettings::default());
    switches(scene, |time, sightings| tracker.update(time, sightings).iter().map(|f| f.id).collect())
}

/// Each track is where it was seen last, for a second; the best pairs first, from an IoU of 0.3 on.
fn by_boxes_alone(scene: &Scene) -> usize {
    let (mut tracks, mut next): (Vec<(u32, BBox, i64)>, u32) = (Vec::new(), 0);
    switches(scene, |time, sightings| {
        tracks.retain(|(_, _, seen)| time - seen <= 1_000_000);
        let known = tracks.len();
        let overlap = |t: usize, s: usize, tracks: &[(u32, BBox, i64)]| tracks[t].1.iou(&sightings[s].bbox);
        let mut pairs: Vec<_> = (0..known).flat_map(|t| (0..sightings.len()).map(move |s| (t, s))).collect();
        pairs.retain(|(t, s)| overlap(*t, *s, &tracks) >= 0.3);
        pairs.sort_by(|a, b| overlap(b.0, b.1, &tracks).total_cmp(&overlap(a.0, a.1, &tracks)));
        let (mut ids, mut taken) = (vec![None; sightings.len()], vec![false; known]);
        for (t, s) in pairs {
            if ids[s].is_none() && !taken[t] {
                (ids[s], taken[t]) = (Some(tracks[t].0), true);
                (tracks[t].1, tracks[t].2) = (sightings[s].bbox, time);
            }
        }
        for (id, sighting) in ids.iter_mut().zip(sightings).filter(|(id, _)| id.is_none()) {
            next += 1;
            *id = Some(next);
            tracks.push((next, sighting.bbox, time));
        }
        ids
    })
}

#[test]
fn ids_are_changed_less_often_than_by_comparing_boxes() {
    for (name, trouble, most) in [
        ("crossings", Trouble { missed: 0.05, shake: 0.0 }, 0.7),
        ("missed detections", Trouble { missed: 0.35, shake: 0.0 }, 0.7),
        ("camera shake", Trouble { missed: 0.05, shake: 12.0 }, 0.3),
    ] {
        let scenes: Vec<Scene> = (1..=5).map(|seed| walkers(seed, &trouble)).collect();
        let (ours, plain): (usize, usize) = (scenes.iter().map(byte_track).sum(), scenes.iter().map(by_boxes_alone).sum());
        println!("{name:20} {ours} id switches, by boxes alone {plain}");
        assert!(plain > 0 && ours as f64 <= most * plain as f64, "{name}: {ours} id switches, by boxes alone {plain}");
    }
}

/// Exit code, stdout and stderr of `sightline track` with this on its stdin.
fn track(arguments: &[&str], detections: &str) -> (Option<i32>, String, String) {
    let folder = scratch::folder("track-");
    let arguments = [&["track"], arguments].concat();
    let mut command = sightline(folder.path(), &arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that refuses its arguments reads nothing.
    let _ = stdin.write_all(detections.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn detections_from_elsewhere_get_ids() {
    let line = |frame: i32, id: i32, left: i32, class: i32| format!("{frame},{id},{left},100,50,120,0.9,{class}\n");
    let walk = |id| (1..=5).map(|frame| line(frame, id, 100 + 4 * frame, 1)).collect::<String>();
    assert_eq!(track(&["--fps", "25"], &walk(-1)).1, walk(1));
    let changed: String = [line(1, -1, 100, 1), line(2, -1, 100, 3)].concat();
    assert!(track(&[], &changed).1.contains("2,-1,"));
    assert!(track(&["--track-agnostic"], &changed).1.contains("2,1,"));
    let late: String = [line(1, -1, 100, 1), line(61, -1, 100, 1)].concat();
    assert!(track(&[], &late).1.contains("61,-1,"));
    assert!(track(&["--track-memory", "3"], &late).1.contains("61,1,"));
    let (code, _, said) = track(&[], "no detection\n");
    assert!(code == Some(1) && said.contains("line 1"), "{said}");
    let (code, _, said) = track(&["--track-memory", "soon"], "");
    assert!(code == Some(2) && said.contains("track_memory"), "{said}");
}
