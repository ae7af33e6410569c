//! What a session tells its readers. The newest state is kept, so that a reader who is slow, late or gone costs nothing
//! and the last event is never lost.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

/// Events kept for readers who fall behind or come back. One with a preview is about 60 kB.
const KEPT: usize = 16;

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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Grows by one from event to event, over all runs of the session; the first is 1.
    pub id: u64,
    pub kind: EventKind,
    /// JSON, without line ends.
    pub data: Arc<str>,
}

#[derive(Debug)]
pub struct EventLog {
    kept: Mutex<Kept>,
    newest: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Event>,
    last_id: u64,
    ended: bool,
    /// The server stops, the session goes on after its restart: readers are sent away to come back.
    suspended: bool,
}

impl Default for EventLog {
    fn default() -> Self {
        Self { kept: Mutex::default(), newest: watch::Sender::new(0) }
    }
}

impl EventLog {
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
        kept.events.push_back(Event { id, kind, data: data.into() });
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

    pub fn is_suspended(&self) -> bool {
        self.kept.lock().suspended
    }

    /// The events after `id` that are still kept, oldest first. A reader who was away for long misses progress, never
    /// the end.
    pub fn after(&self, id: u64) -> Vec<Event> {
        self.kept.lock().events.iter().filter(|e| e.id > id).cloned().collect()
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

    fn ids(events: &[Event]) -> Vec<u64> {
        events.iter().map(|e| e.id).collect()
    }

    #[test]
    fn the_newest_are_kept_and_the_end_is_the_end() {
        let log = EventLog::default();
        for n in 0..20 {
            log.publish(EventKind::Progress, n.to_string());
        }
        assert_eq!(ids(&log.after(0)), (5..=20).collect::<Vec<_>>());
        assert_eq!(ids(&log.after(18)), [19, 20]);
        log.publish(EventKind::Complete, "{}");
        log.publish(EventKind::Progress, "late");
        log.publish(EventKind::Error, "late");
        assert_eq!(log.newest().map(|e| (e.id, e.kind)), Some((21, EventKind::Complete)));
    }

    #[test]
    fn a_new_run_starts_empty_with_larger_ids() {
        let log = EventLog::default();
        log.publish(EventKind::Error, "{}");
        log.begin_run();
        assert!(log.after(0).is_empty());
        log.publish(EventKind::Progress, "{}");
        assert_eq!(ids(&log.after(1)), [2]);
    }
}
