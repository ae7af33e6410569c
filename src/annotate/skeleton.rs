//! Skeletons of poses: bones coloured by side, joints as discs, a dark rim below them all.

use super::canvas::{Canvas, Ink};
use super::palette;
use super::style::{HiddenKeypoints, Measures, Style};
use crate::geometry::Point;
use crate::pose::Pose;

/// Draws one pose. Lines are thinner on a small person, and joints smaller where keypoints are close (a face, a hand).
pub fn draw_pose(canvas: &mut Canvas, pose: &Pose, style: &Style, measures: &Measures) {
    let Some(size) = limb_size(pose, style) else { return };
    let bone_width = measures.bone.min(size * 0.022).max(1.2);
    let rim = measures.rim.min(bone_width * 0.5);

    let bones: Vec<Bone> = pose.skeleton.bones().iter().filter_map(|&ends| Bone::new(pose, ends, bone_width, style)).collect();
    let joints: Vec<Joint> = (0..pose.keypoints.len().min(pose.skeleton.names().len()))
        .filter_map(|i| Joint::new(pose, i, measures.joint.min(bone_width * 1.05), &bones, style))
        .collect();

    let faint = |rgb| Ink::translucent(rgb, 0.3);
    for bone in bones.iter().filter(|b| !b.seen) {
        canvas.line(bone.from, bone.to, bone.width, faint(bone.colour));
    }
    for joint in joints.iter().filter(|j| !j.seen) {
        canvas.disc(joint.at, joint.radius, faint(joint.colour));
    }
    // All rims first: the rim of one bone must not cut through the next. Opaque, as they overlap at the joints.
    let dark = Ink::opaque(palette::INK);
    for bone in bones.iter().filter(|b| b.seen) {
        canvas.line(bone.from, bone.to, bone.width + 2.0 * rim, dark);
    }
    for bone in bones.iter().filter(|b| b.seen) {
        canvas.line(bone.from, bone.to, bone.width, Ink::opaque(bone.colour));
    }
    for joint in joints.iter().filter(|j| j.seen) {
        canvas.disc(joint.at, joint.radius + rim, dark);
        canvas.disc(joint.at, joint.radius, Ink::opaque(joint.colour));
    }
}

struct Bone {
    ends: (usize, usize),
    from: Point,
    to: Point,
    width: f32,
    colour: palette::Rgb,
    seen: bool,
}

impl Bone {
    fn new(pose: &Pose, ends: (usize, usize), width: f32, style: &Style) -> Option<Self> {
        let (a, b) = (pose.keypoints.get(ends.0)?, pose.keypoints.get(ends.1)?);
        let seen = a.visibility >= style.min_visibility && b.visibility >= style.min_visibility;
        if !seen && style.hidden == HiddenKeypoints::Omit {
            return None;
        }
        let (from, to) = (a.point(), b.point());
        let width = width.min(from.distance(to) * 0.3).max(1.0);
        Some(Self { ends, from, to, width, colour: palette::of_side(pose.skeleton.bone_side(ends)), seen })
    }
}

struct Joint {
    at: Point,
    radius: f32,
    colour: palette::Rgb,
    seen: bool,
}

impl Joint {
    fn new(pose: &Pose, index: usize, radius: f32, bones: &[Bone], style: &Style) -> Option<Self> {
        let keypoint = &pose.keypoints[index];
        let seen = keypoint.visibility >= style.min_visibility;
        if !seen && style.hidden == HiddenKeypoints::Omit {
            return None;
        }
        let mine = bones.iter().filter(|b| b.ends.0 == index || b.ends.1 == index);
        let shortest = mine.map(|b| b.from.distance(b.to)).fold(f32::INFINITY, f32::min);
        let radius = radius.min(shortest * 0.25).max(0.8);
        Some(Self { at: keypoint.point(), radius, colour: palette::of_side(pose.skeleton.side(index)), seen })
    }
}

/// The longer side of the box around what will be drawn, in pixels; none where nothing will be.
fn limb_size(pose: &Pose, style: &Style) -> Option<f32> {
    let least = match style.hidden {
        HiddenKeypoints::Omit => style.min_visibility,
        HiddenKeypoints::Fade => f32::NEG_INFINITY,
    };
    pose.bbox(least).map(|bbox| bbox.width().max(bbox.height()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::RgbFrame;
    use crate::geometry::Size;
    use crate::pose::{Keypoint, Side, Skeleton};
    use proptest::prelude::*;

    const FRAME: Size = Size::new(640, 480);

    /// A person seen from the front, arms hanging: COCO, mirrored about x = 320.
    fn standing() -> Pose {
        let half = [(0, 60), (9, 52), (17, 56), (50, 120), (62, 190), (66, 260), (32, 250), (36, 340), (38, 430)];
        let mut keypoints = vec![(320, 60)];
        for &(dx, y) in &half[1..] {
            // The person's left is on the picture's right.
            keypoints.extend([(320 + dx, y), (320 - dx, y)]);
        }
        let keypoints = keypoints.into_iter().map(|(x, y)| Keypoint { x: x as f32, y: y as f32, z: None, visibility: 0.9 }).collect();
        Pose { track_id: None, skeleton: Skeleton::Coco17, score: 0.9, keypoints }
    }

    fn drawn(pose: &Pose, style: &Style) -> RgbFrame {
        let mut frame = RgbFrame::filled(FRAME, [120; 3]);
        draw_pose(&mut Canvas::new(&mut frame), pose, style, &style.measures(FRAME));
        frame
    }

    #[test]
    fn sides_have_their_colours_and_a_dark_rim() {
        let frame = drawn(&standing(), &Style::default());
        assert_eq!(frame.pixel(356, 340), palette::of_side(Side::Left));
        assert_eq!(frame.pixel(283, 340), palette::of_side(Side::Right));
        let across: Vec<u8> = (320..340).map(|x| frame.pixel(x, 119)[0]).collect();
        assert!(across.iter().all(|&v| v >= 200), "between the shoulders: {across:?}");
        assert!((110..120).any(|y| frame.pixel(320, y)[0] < 70), "the rim");
    }

    #[test]
    fn a_symmetric_person_is_drawn_symmetrically() {
        let frame = drawn(&standing(), &Style::default());
        let touched = |x: usize, y: usize| frame.pixel(x, y) != [120; 3];
        for y in 0..480 {
            for x in 0..320 {
                assert_eq!(touched(x, y), touched(639 - x, y), "at {x}, {y}");
            }
        }
    }

    #[test]
    fn what_is_not_visible_is_left_out_or_faded() {
        let mut pose = standing();
        // The left wrist, alone at the end of its arm.
        pose.keypoints[9].visibility = 0.2;
        let changed = |style: &Style| drawn(&pose, style).pixel(384, 225);
        assert_eq!(changed(&Style::default()), [120; 3]);
        let faded = changed(&Style { hidden: HiddenKeypoints::Fade, ..Style::default() });
        assert!(faded != [120; 3] && faded[2] > faded[0] && faded[2] < 180, "{faded:?}");
        assert_eq!(changed(&Style { min_visibility: 0.1, ..Style::default() }), palette::of_side(Side::Left));
        pose.keypoints.iter_mut().for_each(|k| k.visibility = f32::NAN);
        assert_eq!(drawn(&pose, &Style::default()), RgbFrame::filled(FRAME, [120; 3]));
    }

    proptest! {
        #[test]
        fn no_pose_panics(points in prop::collection::vec((any::<f32>(), any::<f32>(), 0.0f32..1.0), 0..40), blaze in any::<bool>(), fade in any::<bool>()) {
            let keypoints = points.into_iter().map(|(x, y, visibility)| Keypoint { x, y, z: None, visibility }).collect();
            let skeleton = if blaze { Skeleton::BlazePose33 } else { Skeleton::Coco17 };
            let hidden = if fade { HiddenKeypoints::Fade } else { HiddenKeypoints::Omit };
            let style = Style { hidden, ..Style::default() };
            let mut frame = RgbFrame::filled(Size::new(16, 9), [0; 3]);
            draw_pose(&mut Canvas::new(&mut frame), &Pose { track_id: None, skeleton, score: 0.5, keypoints }, &style, &style.measures(FRAME));
        }
    }
}
