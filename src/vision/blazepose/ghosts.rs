//! Poses of nobody: of two persons close together the landmark model now and then reads a third one, made of parts of both.

use crate::geometry::{BBox, Point, Size};
use crate::vision::blazepose::coverage::owners;
use crate::vision::blazepose::landmarks::{Body, LIMBS};

/// Of a ghost's limbs so many lie in the box of the person it is made of.
const WITHIN: f32 = 0.6;
/// Its torso is this near to theirs, in lengths of theirs. Of two who share a box, because they embrace, each has a torso.
const NEAR: f32 = 0.6;

/// A ghost between two persons who stand apart has so many limbs on each of them.
const ON_EACH: usize = 2;
/// Those who stand apart have boxes that overlap less.
const APART: f32 = 0.1;

/// For each body whether it is a ghost: no box is its own, and it lies on a person whose box has a better body, or
/// reaches from one such person to another.
pub fn ghosts(persons: &[BBox], bodies: &[&Body], frame: Size) -> Vec<bool> {
    let owners = owners(persons, bodies, frame);
    let is_ghost = |(place, body): (usize, &&Body)| {
        let owns = owners.iter().any(|(_, owner)| *owner == place);
        !owns && (owners.iter().any(|(person, owner)| lies_on(body, bodies[*owner], &persons[*person])) || reaches(body, persons, &owners))
    };
    bodies.iter().enumerate().map(is_ghost).collect()
}

fn lies_on(body: &Body, other: &Body, person: &BBox) -> bool {
    let (Some(torso), Some(others)) = (Torso::of(body), Torso::of(other)) else { return false };
    limbs_within(body, person) as f32 >= WITHIN * LIMBS.len() as f32 && torso.middle.distance(others.middle) <= NEAR * others.length
}

fn reaches(body: &Body, persons: &[BBox], owners: &[(usize, usize)]) -> bool {
    let touched: Vec<&BBox> = owners.iter().map(|(person, _)| &persons[*person]).filter(|p| limbs_within(body, p) >= ON_EACH).collect();
    touched.iter().enumerate().any(|(place, a)| touched[..place].iter().any(|b| a.iou(b) < APART))
}

fn limbs_within(body: &Body, person: &BBox) -> usize {
    LIMBS.iter().filter(|i| body.keypoints.get(**i).is_some_and(|k| person.contains(k.point()))).count()
}

struct Torso {
    middle: Point,
    length: f32,
}

impl Torso {
    /// Between shoulders and hips.
    fn of(body: &Body) -> Option<Self> {
        let between = |a: usize, b: usize| Some(middle(body.keypoints.get(a)?.point(), body.keypoints.get(b)?.point()));
        let (shoulders, hips) = (between(11, 12)?, between(23, 24)?);
        Some(Self { middle: middle(shoulders, hips), length: shoulders.distance(hips) })
    }
}

fn middle(a: Point, b: Point) -> Point {
    Point::new((a.x + b.x) / 2.0, (a.y + b.y) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::Keypoint;
    use crate::vision::blazepose::roi::Roi;

    const FRAME: Size = Size::new(1000, 1000);

    /// One who stands at `x`, 40 wide and from 100 to 400 high, with the ankles at `feet`.
    fn body(x: f32, feet: f32) -> Body {
        let keypoint = |i: usize| {
            let y =
                [(11, 150.0), (23, 250.0), (25, 320.0), (27, 400.0)].iter().rev().find(|(first, _)| i >= *first).map_or(100.0, |(_, y)| *y);
            let x = if i >= 27 { feet } else { x };
            Keypoint { x: x + if i.is_multiple_of(2) { -20.0 } else { 20.0 }, y, z: None, visibility: 1.0 }
        };
        let (hips, edge) = (Point::new(x, 250.0), Point::new(x, 90.0));
        Body { score: 0.9, keypoints: (0..33).map(keypoint).collect(), hips, edge, roi: Roi { center: hips, side: 400.0, rotation: 0.0 } }
    }

    fn person(x: f32) -> BBox {
        BBox::new(x - 30.0, 90.0, x + 30.0, 410.0)
    }

    #[test]
    fn what_is_made_of_two_who_have_their_own_is_a_ghost() {
        let (left, right, mixed) = (body(300.0, 300.0), body(420.0, 420.0), body(305.0, 500.0));
        assert_eq!(ghosts(&[person(300.0), person(420.0)], &[&left, &mixed, &right], FRAME), [false, true, false]);
        assert_eq!(ghosts(&[], &[&left, &mixed, &right], FRAME), [false; 3], "without boxes nothing is known");
    }

    #[test]
    fn what_reaches_from_one_to_another_is_a_ghost() {
        let (left, right, mut between) = (body(300.0, 300.0), body(620.0, 620.0), body(460.0, 620.0));
        (11..17).for_each(|i| between.keypoints[i].x = 300.0);
        let apart = [person(300.0), person(620.0)];
        assert_eq!(ghosts(&apart, &[&left, &right, &between], FRAME), [false, false, true]);
        assert_eq!(ghosts(&apart, &[&left, &between], FRAME), [false, false], "the other one has no body yet");
    }

    #[test]
    fn one_whose_box_was_missed_is_none() {
        let (seen, alone, embraced) = (body(300.0, 300.0), body(700.0, 700.0), body(365.0, 365.0));
        let both = BBox::new(270.0, 90.0, 400.0, 410.0);
        assert_eq!(ghosts(&[person(300.0)], &[&seen, &alone], FRAME), [false, false]);
        assert_eq!(ghosts(&[both], &[&seen, &embraced], FRAME), [false, false], "two share a box");
    }
}
