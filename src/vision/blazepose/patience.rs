//! When to look again. Looking costs milliseconds, and where nobody was found there is mostly nobody in the next frame either.

use crate::geometry::BBox;

/// The longest wait, in frames.
const LONGEST: u32 = 32;
/// Boxes of different frames that overlap by more are of one person.
const SAME_BOX: f32 = 0.5;

/// Boxes of persons whose pose could not be found: each failure doubles the wait until the next attempt.
#[derive(Debug, Default)]
pub struct Patience {
    boxes: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    bbox: BBox,
    /// Frames until the next attempt.
    left: u32,
    /// How long the wait was made last.
    wait: u32,
    unseen: u32,
}

impl Patience {
    /// A frame has passed with these boxes to look at. A waiting box moves along with the person it is of.
    pub fn tick(&mut self, persons: &[BBox]) {
        for waiting in &mut self.boxes {
            waiting.left = waiting.left.saturating_sub(1);
            waiting.unseen += 1;
            let nearest = persons.iter().map(|p| (p.iou(&waiting.bbox), p)).max_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((_, person)) = nearest.filter(|(overlap, _)| *overlap > SAME_BOX) {
                (waiting.bbox, waiting.unseen) = (*person, 0);
            }
        }
        self.boxes.retain(|waiting| waiting.unseen < LONGEST);
    }

    pub fn allows(&self, person: &BBox) -> bool {
        !self.boxes.iter().any(|waiting| waiting.left > 0 && waiting.bbox.iou(person) > SAME_BOX)
    }

    pub fn failed(&mut self, person: &BBox) {
        match self.boxes.iter_mut().find(|waiting| waiting.bbox.iou(person) > SAME_BOX) {
            Some(waiting) => {
                waiting.wait = (waiting.wait * 2).min(LONGEST);
                waiting.left = waiting.wait;
                waiting.bbox = *person;
            }
            None => self.boxes.push(Waiting { bbox: *person, left: 4, wait: 4, unseen: 0 }),
        }
    }

    pub fn succeeded(&mut self, person: &BBox) {
        self.boxes.retain(|waiting| waiting.bbox.iou(person) <= SAME_BOX);
    }
}

/// The rhythm of looking over the whole frame: at once after a loss or a find, ever more seldom while nothing new is there.
#[derive(Debug, Default)]
pub struct Rhythm {
    left: u32,
    wait: u32,
}

impl Rhythm {
    /// A frame has passed; true where it is time to look.
    pub fn tick(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    /// Nobody new was there; `longest` is the longest wait, in frames.
    pub fn nothing_new(&mut self, longest: u32) {
        self.wait = (self.wait * 2).clamp(2, longest.max(2));
        self.left = self.wait;
    }

    pub fn look_soon(&mut self) {
        (self.left, self.wait) = (0, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_that_failed_waits_twice_as_long_each_time() {
        let person = BBox::new(0.0, 0.0, 10.0, 30.0);
        let mut patience = Patience::default();
        let mut attempts = Vec::new();
        for frame in 0..40 {
            patience.tick(&[person]);
            if patience.allows(&person) {
                patience.failed(&person);
                attempts.push(frame);
            }
        }
        assert_eq!(attempts, [0, 4, 12, 28]);
        assert!(patience.allows(&BBox::new(50.0, 0.0, 60.0, 30.0)));
        patience.succeeded(&person);
        assert!(patience.allows(&person));
    }

    #[test]
    fn a_waiting_box_walks_with_its_person_and_is_forgotten_after_it() {
        let mut patience = Patience::default();
        patience.failed(&BBox::new(0.0, 0.0, 10.0, 30.0));
        for x in [1.0, 2.0, 3.0] {
            patience.tick(&[BBox::new(x, 0.0, x + 10.0, 30.0)]);
        }
        assert!(!patience.allows(&BBox::new(4.0, 0.0, 14.0, 30.0)));
        (0..LONGEST).for_each(|_| patience.tick(&[]));
        assert!(patience.boxes.is_empty());
    }

    #[test]
    fn the_rhythm_slows_down_and_starts_again() {
        let mut rhythm = Rhythm::default();
        let mut looks = Vec::new();
        for frame in 0..30 {
            if rhythm.tick() {
                looks.push(frame);
                rhythm.nothing_new(8);
            }
            if frame == 20 {
                rhythm.look_soon();
            }
        }
        assert_eq!(looks, [0, 2, 6, 14, 21, 23, 27]);
    }
}
