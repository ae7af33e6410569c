//! Which areas of a frame must not be recognisable: heads or whole persons.

use crate::detection::Detection;
use crate::geometry::{BBox, Point};
use crate::options::Blur;
use crate::pose::{Pose, Skeleton};

/// The label of persons in the detectors' class lists.
const PERSON: &str = "person";
/// Keypoints below this visibility are not where the model says.
const SEEN: f32 = 0.1;
/// The head's keypoints are as sure as this on average where they alone tell where the head is.
const SURE: f32 = 0.5;

/// An area to hide, in pixels of the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Secret {
    pub area: BBox,
    /// Only the ellipse within the area.
    pub round: bool,
}

impl Secret {
    /// The same around the same middle, so many times as large.
    pub fn scaled(self, by: f32) -> Self {
        Self { area: BBox::from_center(self.area.center(), self.area.width() * by, self.area.height() * by), ..self }
    }
}

/// What is to be hidden of what was found in a frame. Rather too much than too little: a person whose head no pose surely
/// shows loses the upper part of the box as well.
pub fn secrets(blur: Blur, detections: &[Detection], poses: &[Pose]) -> Vec<Secret> {
    let persons: Vec<BBox> = detections.iter().filter(|d| d.label.eq_ignore_ascii_case(PERSON)).map(|d| d.bbox).collect();
    let found = match blur {
        Blur::None => Vec::new(),
        Blur::Faces => faces(&persons, poses),
        Blur::Persons => {
            // Joints lie within the body: what is around them is a tenth more, but for the head, which reaches further.
            let bodies = poses.iter().filter_map(body).map(|b| whole(b, 1.2));
            let heads = poses.iter().filter_map(head).map(|h| h.area);
            persons.into_iter().map(|b| whole(b, 1.04)).chain(bodies).chain(heads).collect()
        }
    };
    found.into_iter().filter(|s| [s.area.x1, s.area.y1, s.area.x2, s.area.y2].iter().all(|v| v.is_finite())).collect()
}

fn whole(area: BBox, by: f32) -> Secret {
    Secret { area, round: false }.scaled(by)
}

fn faces(persons: &[BBox], poses: &[Pose]) -> Vec<Secret> {
    let mut uncovered: Vec<BBox> = persons.to_vec();
    let mut found = Vec::new();
    for pose in poses {
        let head = head(pose);
        found.extend(head.map(|h| h.area));
        match head {
            // A pose shows the head of one person only: of the box it fits best.
            Some(head) if head.sure => {
                let Some(body) = body(pose) else { continue };
                let fits = |b: &BBox| b.contains(head.area.area.center());
                let owner = (0..uncovered.len()).filter(|&i| fits(&uncovered[i]));
                if let Some(i) = owner.max_by(|&a, &b| uncovered[a].iou(&body).total_cmp(&uncovered[b].iou(&body))) {
                    uncovered.swap_remove(i);
                }
            }
            _ => found.extend(body(pose).map(upper_part)),
        }
    }
    found.extend(uncovered.into_iter().map(upper_part));
    found
}

/// Where the head of a person in this box can be. The wider the box, the nearer the person, or the more it is bent.
fn upper_part(person: BBox) -> Secret {
    let (width, height) = (person.width(), person.height());
    let depth = (height * 0.3).max(width * 0.75).min(height);
    let above = depth * 0.1;
    let area = BBox { y1: person.y1 - above, y2: person.y1 + depth, ..person };
    Secret { area, round: false }
}

fn body(pose: &Pose) -> Option<BBox> {
    pose.bbox(SEEN).filter(|b| b.area() > 0.0)
}

#[derive(Clone, Copy)]
struct Head {
    area: Secret,
    sure: bool,
}

/// An ellipse around the head of a pose, hair and chin included.
fn head(pose: &Pose) -> Option<Head> {
    // Nose, eyes, ears, and BlazePose's mouth come first.
    let (count, ears, shoulders, hips) = match pose.skeleton {
        Skeleton::BlazePose33 => (11, (7, 8), (11, 12), (23, 24)),
        Skeleton::Coco17 => (5, (3, 4), (5, 6), (11, 12)),
    };
    let seen = |i: usize| pose.keypoints.get(i).filter(|k| k.visibility >= SEEN).map(|k| k.point());
    let points: Vec<Point> = (0..count).filter_map(seen).collect();
    let first = *points.first()?;
    let face = points.iter().fold(BBox::new(first.x, first.y, first.x, first.y), |b, p| BBox {
        x1: b.x1.min(p.x),
        y1: b.y1.min(p.y),
        x2: b.x2.max(p.x),
        y2: b.y2.max(p.y),
    });
    let apart = |(a, b): (usize, usize)| Some(seen(a)?.distance(seen(b)?));
    let middle = |(a, b): (usize, usize)| Some(BBox::new(seen(a)?.x, seen(a)?.y, seen(b)?.x, seen(b)?.y).center());
    let torso = middle(shoulders).zip(middle(hips)).map(|(a, b)| a.distance(b));
    // From ear to ear: as they are, or from a face seen from the side, or by what the body tells (shoulders are 2.4 ears
    // apart, a torso is 3.2 long).
    let wide = [
        apart(ears).unwrap_or(0.0),
        face.width().hypot(face.height()),
        apart(shoulders).map_or(0.0, |d| d / 2.4),
        torso.map_or(0.0, |d| d / 3.2),
    ];
    let wide = wide.into_iter().fold(0.0, f32::max);
    // The middle of a head is between its ears; of one that is seen from the side, the face is at its edge.
    let middle = middle(ears).unwrap_or_else(|| face.center());
    let area = Secret { area: BBox::from_center(middle, 2.3 * wide, 2.6 * wide), round: true };
    let certainty = pose.keypoints.iter().take(count).map(|k| k.visibility).sum::<f32>() / count as f32;
    (wide > 0.0).then_some(Head { area, sure: certainty >= SURE })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::Keypoint;

    fn person(x1: f32, y1: f32, x2: f32, y2: f32) -> Detection {
        Detection { class_id: 0, label: "person".into(), confidence: 0.9, bbox: BBox::new(x1, y1, x2, y2), track_id: None }
    }

    /// One who stands at `x`, head at 100, feet at 400, seen from the front.
    fn standing(x: f32, visibility: f32) -> Pose {
        let half = [(0, 100), (6, 94), (14, 98), (36, 150), (40, 200), (44, 250), (22, 260), (24, 330), (25, 400)];
        let mirrored = half[1..].iter().flat_map(|&(dx, y)| [(dx, y), (-dx, y)]);
        let points = std::iter::once(half[0]).chain(mirrored);
        let keypoints = points.map(|(dx, y)| Keypoint { x: x + dx as f32, y: y as f32, z: None, visibility }).collect();
        Pose { track_id: None, skeleton: Skeleton::Coco17, score: 0.9, keypoints }
    }

    #[test]
    fn a_pose_tells_where_the_head_is() {
        let found = secrets(Blur::Faces, &[person(150.0, 60.0, 250.0, 410.0)], &[standing(200.0, 0.9)]);
        let [head] = found[..] else { panic!("{found:?}") };
        assert!(head.round && head.area.center().distance(Point::new(200.0, 97.0)) < 2.0, "{head:?}");
        // Ear to ear are 28 here; a head is 1.6 times as high.
        assert!(head.area.y1 < 72.0 && head.area.y2 > 125.0 && head.area.width() > 50.0, "{head:?}");
        assert!(head.area.y2 < 160.0, "not the whole body: {head:?}");
    }

    #[test]
    fn a_head_seen_from_the_side_is_hidden_to_its_back() {
        let mut pose = standing(200.0, 0.9);
        // It looks to the left: the ears are one behind the other, the nose is far before them, as are the eyes.
        for (i, x) in [(0, 178.0), (1, 184.0), (2, 184.0), (3, 202.0), (4, 200.0), (5, 203.0), (6, 197.0)] {
            pose.keypoints[i].x = x;
        }
        let found = secrets(Blur::Faces, &[], &[pose]);
        assert!(found[0].area.x1 < 172.0 && found[0].area.x2 > 225.0, "{found:?}");
    }

    #[test]
    fn without_a_sure_pose_the_upper_part_of_the_box_goes() {
        let found = secrets(Blur::Faces, &[person(150.0, 60.0, 250.0, 410.0)], &[]);
        assert!(found.len() == 1 && found[0].area.x1 <= 150.0 && found[0].area.y1 < 60.0 && found[0].area.y2 > 150.0, "{found:?}");
        let turned_away = secrets(Blur::Faces, &[person(150.0, 60.0, 250.0, 410.0)], &[standing(200.0, 0.3)]);
        assert!(turned_away.len() > 1 && turned_away.iter().any(|s| !s.round && s.area.x1 <= 150.0), "{turned_away:?}");
    }

    #[test]
    fn a_pose_speaks_for_one_person_only() {
        let two = [person(150.0, 60.0, 250.0, 410.0), person(120.0, 40.0, 240.0, 300.0)];
        let found = secrets(Blur::Faces, &two, &[standing(200.0, 0.9)]);
        assert_eq!(found.iter().filter(|s| s.round).count(), 1);
        assert!(found.iter().any(|s| !s.round && s.area.x1 == 120.0), "{found:?}");
    }

    #[test]
    fn whole_persons_go_with_their_poses_and_other_things_stay() {
        let car = Detection { label: "car".into(), ..person(0.0, 0.0, 90.0, 50.0) };
        let found = secrets(Blur::Persons, &[car.clone(), person(300.0, 60.0, 400.0, 410.0)], &[standing(200.0, 0.9)]);
        assert_eq!(found.len(), 3);
        assert!(found[2].round && found[2].area.y1 < 72.0, "the hair above the eyes: {found:?}");
        let shouted = Detection { label: "Person".into(), ..person(1.0, 1.0, 9.0, 9.0) };
        assert_eq!(secrets(Blur::Persons, &[shouted], &[]).len(), 1, "labels come from a model's file");
        assert!(found[0].area.x1 < 300.0 && found[0].area.y2 > 410.0 && found[1].area.y2 > 410.0, "{found:?}");
        assert_eq!(secrets(Blur::Faces, &[car], &[]), []);
        assert_eq!(secrets(Blur::None, &[person(1.0, 1.0, 9.0, 9.0)], &[standing(200.0, 0.9)]), []);
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let odd = Detection { bbox: BBox { x1: f32::NAN, y1: 0.0, x2: f32::INFINITY, y2: 5.0 }, ..person(0.0, 0.0, 1.0, 1.0) };
        assert_eq!(secrets(Blur::Persons, &[odd], &[standing(f32::NAN, 0.9)]), []);
        assert_eq!(secrets(Blur::Faces, &[], &[standing(f32::NAN, 0.9)]), []);
    }
}
