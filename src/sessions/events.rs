//! What a session tells its readers. The newest state is kept, so that a reader who is slow, late or gone costs nothing
//! and the last event is never lost.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;

use crate::ids::RequestId;

/// Events kept for readers who fall behind or come back. One with a preview is about 60 kB.
const KEPT: usize = 16;

/// An id that no event has: who has seen it waits for the first.
pub const NOTHING: u64 = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    Progress,
    Complete,
    Error,
}

impl EventKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::Complete => "complete",
            Self::Error => "error",
        }
    }

    /// Whether nothing follows in this run.
    pub fn is_terminal(self) -> bool {
        self != Self::Progress
    }
}

/// What an event holds: what is told, and which request it goes back to.
#[derive(Debug, Serialize)]
pub struct Told<'a, T> {
    #[serde(flatten)]
    pub what: &'a T,
    pub request_id: &'a RequestId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Grows by one from event to event, over all runs of the session. The first is that of no earlier session of this name,
    /// nor of this session in an earlier process: see `EventLog::default`.
    pub id: u64,
    pub kind: EventKind,
    /// JSON, without line ends.
    pub data: Arc<str>,
    /// The event as it goes over the wire, made by its first reader for all: one with a preview is large, and readers many.
    pub wire: Arc<OnceLock<Bytes>>,
}

/// Where a reader is in a session's events.
#[derive(Debug)]
pub struct Bookmark {
    /// The last event it was given.
    seen: u64,
    /// Nothing comes any more.
    over: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Event(Event),
    /// What lies between is no longer kept, or what was seen was of another session: the newest state comes next.
    Reset,
    Nothing,
    /// The session goes on when the server is back.
    Suspended,
    /// The reader has the end.
    Over,
}

#[derive(Debug)]
pub struct EventLog {
    kept: Mutex<Kept>,
    newest: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept {
    events: VecDeque<Event>,
    /// No event of this log has it nor a smaller one.
    before_first: u64,
    last_id: u64,
    ended: bool,
    /// The server stops, the session goes on after its restart: readers are sent away to come back.
    suspended: bool,
}

impl Kept {
    /// The place of a reader who is to be given the newest event.
    fn before_newest(&self) -> u64 {
        self.events.back().map_or(self.last_id, |e| e.id - 1)
    }
}

impl Default for EventLog {
    /// Ids begin at the microseconds since 1970. A log is never given an event in each of them, so that a later log begins
    /// beyond an earlier one's end, and JavaScript's numbers hold them until the year 2255.
    fn default() -> Self {
        Self::after(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as u64)
    }
}

impl EventLog {
    /// With ids that are larger than this one.
    fn after(id: u64) -> Self {
        let kept = Kept { events: VecDeque::new(), before_first: id, last_id: id, ended: false, suspended: false };
        Self { kept: Mutex::new(kept), newest: watch::Sender::new(id) }
    }

    /// Adds an event. After a terminal one nothing is taken until the next run begins.
    pub fn publish(&self, kind: EventKind, data: impl Into<Arc<str>>) {
        let mut kept = self.kept.lock();
        if kept.ended {
            return;
        }
        kept.ended = kind.is_terminal();
        kept.last_id += 1;
        let id = kept.last_id;
        if kept.events.len() == KEPT {
            kept.events.pop_front();
        }
        kept.events.push_back(Event { id, kind, data: data.into(), wire: Arc::default() });
        drop(kept);
        self.newest.send_replace(id);
    }

    /// Forgets the last run's events; ids go on.
    pub fn begin_run(&self) {
        let mut kept = self.kept.lock();
        kept.events.clear();
        kept.ended = false;
    }

    /// Sends the readers away without an end: the session goes on when the server is back.
    pub fn suspend(&self) {
        self.kept.lock().suspended = true;
        self.newest.send_modify(|_| {});
    }

    /// The place of a reader who has seen this event. Without one, a reader gets the newest state, not its history.
    pub fn bookmark(&self, seen: Option<u64>) -> Bookmark {
        let kept = self.kept.lock();
        let seen = match seen {
            None => kept.before_newest(),
            Some(NOTHING) => kept.before_first,
            Some(id) => id,
        };
        Bookmark { seen, over: false }
    }

    /// The next there is for a reader, whose place it moves. Does not wait.
    pub fn next(&self, reader: &mut Bookmark) -> Next {
        if reader.over {
            return Next::Over;
        }
        let kept = self.kept.lock();
        let next = kept.events.iter().find(|e| e.id > reader.seen);
        if reader.seen > kept.last_id || next.is_some_and(|e| e.id > reader.seen + 1) {
            reader.seen = kept.before_newest();
            return Next::Reset;
        }
        match next {
            Some(event) => {
                *reader = Bookmark { seen: event.id, over: event.kind.is_terminal() };
                Next::Event(event.clone())
            }
            None if kept.suspended => {
                reader.over = true;
                Next::Suspended
            }
            None => Next::Nothing,
        }
    }

    pub fn newest(&self) -> Option<Event> {
        self.kept.lock().events.back().cloned()
    }

    /// The id of the newest event, and a way to wait for the next.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a reader is given without waiting: ids, and 0 for a reset.
    fn given(log: &EventLog, seen: Option<u64>) -> Vec<u64> {
        let mut reader = log.bookmark(seen);
        let next = || match log.next(&mut reader) {
            Next::Event(event) => Some(event.id),
            Next::Reset => Some(0),
            Next::Nothing | Next::Suspended | Next::Over => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn the_newest_are_kept_and_the_end_is_the_end() {
        let log = EventLog::after(0);
        for n in 0..20 {
            log.publish(EventKind::Progress, n.to_string());
        }
        assert_eq!(given(&log, Some(4)), (5..=20).collect::<Vec<_>>());
        assert_eq!(given(&log, Some(18)), [19, 20]);
        assert_eq!(given(&log, None), [20]);
        log.publish(EventKind::Complete, "{}");
        log.publish(EventKind::Progress, "late");
        log.publish(EventKind::Error, "late");
        assert_eq!(log.newest().map(|e| (e.id, e.kind)), Some((21, EventKind::Complete)));
    }

    #[test]
    fn who_missed_something_is_told_and_gets_the_newest() {
        let log = EventLog::after(0);
        assert_eq!(given(&log, Some(7)), [0], "of an earlier session of this name");
        (0..20).for_each(|_| log.publish(EventKind::Progress, "{}"));
        assert_eq!(given(&log, Some(3)), [0, 20]);
        assert_eq!(given(&log, Some(21)), [0, 20]);
        log.publish(EventKind::Complete, "{}");
        assert_eq!(given(&log, Some(0)), [0, 21]);
    }

    #[test]
    fn ids_go_on_growing_over_logs_of_one_name() {
        let first = EventLog::default();
        (0..3).for_each(|_| first.publish(EventKind::Progress, "{}"));
        let seen = first.newest().map(|e| e.id);
        // No session is ended and begun again in less.
        std::thread::sleep(std::time::Duration::from_millis(1));
        let again = EventLog::default();
        again.publish(EventKind::Complete, "{}");
        let end = again.newest().map(|e| e.id);
        assert!(seen < end && end < Some(1 << 53), "{seen:?}, then {end:?}, which JavaScript must hold");
        assert_eq!(given(&again, seen), [0, end.unwrap()], "the end is not lost on who saw an event of the first");
        assert_eq!(given(&again, Some(NOTHING)), [end.unwrap()]);
    }

    #[test]
    fn a_new_run_starts_empty_with_larger_ids() {
        let log = EventLog::after(0);
        log.publish(EventKind::Error, "{}");
        log.begin_run();
        assert_eq!(given(&log, None), [0; 0]);
        log.publish(EventKind::Progress, "{}");
        assert_eq!(given(&log, Some(1)), [2]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Publish(EventKind),
        BeginRun,
        Read(usize),
        Join(usize, Option<u64>),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            12 => Just(Step::Publish(EventKind::Progress)),
            1 => Just(Step::Publish(EventKind::Complete)),
            1 => Just(Step::Publish(EventKind::Error)),
            1 => Just(Step::BeginRun),
            10 => (0..READERS).prop_map(Step::Read),
            2 => (0..READERS, prop::option::of(0u64..40)).prop_map(|(reader, seen)| Step::Join(reader, seen)),
        ]
    }

    const READERS: usize = 3;

    /// A reader and what it was given since it joined.
    struct Reader {
        place: Bookmark,
        given: Vec<Next>,
    }

    impl Reader {
        fn read(&mut self, log: &EventLog) -> bool {
            let next = log.next(&mut self.place);
            let came = !matches!(next, Next::Nothing | Next::Over);
            if came {
                self.given.push(next);
            }
            came
        }

        /// Whether this is progress*, then one end, without gap or repetition that was not told.
        fn is_in_order(&self) -> bool {
            let ends = |next: &Next| matches!(next, Next::Event(e) if e.kind.is_terminal());
            let end = self.given.iter().position(ends);
            let follows = |pair: &[Next]| match pair {
                [Next::Event(before), Next::Event(after)] => after.id == before.id + 1,
                _ => true,
            };
            let ids: Vec<_> = self.given.iter().filter_map(|n| if let Next::Event(e) = n { Some(e.id) } else { None }).collect();
            end == self.given.len().checked_sub(1) && self.given.windows(2).all(follows) && ids.windows(2).all(|w| w[0] < w[1])
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn f11_every_reader_gets_progress_then_one_end(schedule in prop::collection::vec(step(), 0..200)) {
            let log = EventLog::after(0);
            let join = |seen| Reader { place: log.bookmark(seen), given: Vec::new() };
            let mut readers: Vec<_> = (0..READERS).map(|_| join(None)).collect();
            for step in schedule {
                match step {
                    Step::Publish(kind) => log.publish(kind, "{}"),
                    Step::BeginRun => log.begin_run(),
                    Step::Read(reader) => { readers[reader].read(&log); }
                    Step::Join(reader, seen) => readers[reader] = join(seen),
                }
            }
            log.publish(EventKind::Complete, "{}");
            let end = log.newest().map(|e| e.id);
            for reader in &mut readers {
                while reader.read(&log) {}
                // One who came with the end in hand has nothing to come.
                let had_it = reader.given.is_empty() && Some(reader.place.seen) == end;
                prop_assert!(had_it || reader.is_in_order(), "{:?}", reader.given);
            }
        }
    }
}
