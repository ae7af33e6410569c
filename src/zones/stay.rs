//! One track and one zone: when it came and when it went.

/// Who is outside for no longer has not left: boxes tremble at a zone's edge. In microseconds.
pub const GRACE_US: i64 = 500_000;

/// From when to when a track was in a zone, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    pub enter_us: i64,
    pub leave_us: i64,
}

impl Visit {
    pub fn dwell_us(&self) -> i64 {
        self.leave_us.saturating_sub(self.enter_us)
    }
}

#[derive(Clone, Copy, Debug)]
struct Open {
    visit: Visit,
    told: bool,
}

/// Turns the times inside into visits that are long enough.
#[derive(Clone, Debug, Default)]
pub struct Stay {
    open: Option<Open>,
    /// Whether a visit of this track was told before.
    known: bool,
}

/// What a step brought, in this order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A visit counts from now on; `first` is the track's first one.
    Came {
        enter_us: i64,
        first: bool,
    },
    Went(Visit),
}

impl Stay {
    /// The track was inside from `from_us` to `to_us`.
    pub fn inside(&mut self, from_us: i64, to_us: i64, least_us: i64, turns: &mut Vec<Turn>) {
        if self.open.is_some_and(|open| from_us.saturating_sub(open.visit.leave_us) > GRACE_US) {
            self.close(turns);
        }
        let open = self.open.get_or_insert(Open { visit: Visit { enter_us: from_us, leave_us: to_us }, told: false });
        open.visit.leave_us = to_us;
        if !open.told && open.visit.dwell_us() >= least_us {
            open.told = true;
            let first = !std::mem::replace(&mut self.known, true);
            turns.push(Turn::Came { enter_us: open.visit.enter_us, first });
        }
    }

    /// It is `now_us`, and the track is seen somewhere.
    pub fn seen(&mut self, now_us: i64, turns: &mut Vec<Turn>) {
        if self.open.is_some_and(|open| now_us.saturating_sub(open.visit.leave_us) > GRACE_US) {
            self.close(turns);
        }
    }

    /// The track is gone for good: it left when it was inside for the last time.
    pub fn close(&mut self, turns: &mut Vec<Turn>) {
        turns.extend(self.open.take().filter(|open| open.told).map(|open| Turn::Went(open.visit)));
    }

    /// The video ends at `end_us`, its last frame, in which the track was inside, having been at `last_us`. Who is still
    /// there stays until the end, without having left.
    pub fn end(&mut self, last_us: i64, end_us: i64, turns: &mut Vec<Turn>) -> Option<Visit> {
        match self.open {
            Some(open) if open.told && open.visit.leave_us == last_us => {
                self.open = None;
                Some(Visit { leave_us: end_us.max(last_us), ..open.visit })
            }
            _ => {
                self.close(turns);
                None
            }
        }
    }

    /// Whether it counts as inside now.
    pub fn is_in(&self, now_us: i64) -> bool {
        self.open.is_some_and(|open| open.told && now_us.saturating_sub(open.visit.leave_us) <= GRACE_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn who_trembles_at_the_edge_comes_once_and_goes_once() {
        let (mut stay, mut turns) = (Stay::default(), Vec::new());
        for i in 0..10 {
            stay.inside(i * 400_000, i * 400_000 + 50_000, 0, &mut turns);
        }
        stay.seen(4 * SECOND, &mut turns);
        assert!(stay.is_in(4 * SECOND));
        stay.seen(4_200_000, &mut turns);
        assert!(!stay.is_in(4_200_000));
        let visit = Visit { enter_us: 0, leave_us: 3_650_000 };
        assert_eq!(turns, [Turn::Came { enter_us: 0, first: true }, Turn::Went(visit)]);
    }

    #[test]
    fn a_stay_counts_once_it_is_long_enough_and_then_from_its_beginning() {
        let (mut stay, mut turns) = (Stay::default(), Vec::new());
        stay.inside(0, SECOND, 2 * SECOND, &mut turns);
        stay.seen(5 * SECOND, &mut turns);
        assert!(turns.is_empty() && !stay.is_in(SECOND), "too short");
        stay.inside(6 * SECOND, 7 * SECOND, 2 * SECOND, &mut turns);
        assert!(turns.is_empty());
        stay.inside(7 * SECOND, 8 * SECOND, 2 * SECOND, &mut turns);
        assert_eq!(turns, [Turn::Came { enter_us: 6 * SECOND, first: true }]);
        stay.close(&mut turns);
        stay.inside(20 * SECOND, 30 * SECOND, 2 * SECOND, &mut turns);
        assert_eq!(turns[2], Turn::Came { enter_us: 20 * SECOND, first: false });
    }

    #[test]
    fn who_is_there_at_the_end_has_not_left() {
        let (mut stay, mut turns) = (Stay::default(), Vec::new());
        stay.inside(0, SECOND, 0, &mut turns);
        let mut other = stay.clone();
        assert_eq!(stay.end(SECOND, SECOND + 40_000, &mut turns), Some(Visit { enter_us: 0, leave_us: SECOND + 40_000 }));
        assert_eq!(turns.len(), 1);
        assert_eq!(other.end(SECOND + 300_000, SECOND + 340_000, &mut turns), None, "was out in the last frame");
        assert_eq!(turns[1], Turn::Went(Visit { enter_us: 0, leave_us: SECOND }));
    }
}
