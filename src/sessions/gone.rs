//! Sessions that are no more, by name: who still sends to one is told so, and does not begin it again without knowing.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::error_code::{ErrorCode, Problem};
use crate::ids::SessionId;

/// A name is free again after this; a client that has not heard by then has long given up.
const REMEMBERED: Duration = Duration::from_secs(600);
/// Names kept; beyond, the oldest are forgotten.
const KEPT: usize = 1000;

#[derive(Debug, Default)]
pub struct Gone {
    names: HashMap<SessionId, Entry>,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    problem: Problem,
}

impl Gone {
    /// Remembers a session that ended at `at`, and why.
    pub fn insert(&mut self, id: SessionId, reason: &Problem, at: Instant) {
        self.names.retain(|_, entry| at.saturating_duration_since(entry.at) < REMEMBERED);
        if self.names.len() >= KEPT
            && let Some(oldest) = self.names.iter().min_by_key(|(_, entry)| entry.at).map(|(id, _)| id.clone())
        {
            self.names.remove(&oldest);
        }
        self.names.insert(id, Entry { at, problem: as_told_later(reason) });
    }

    /// Why there is no session of this name any more.
    pub fn get(&self, id: &SessionId, now: Instant) -> Option<&Problem> {
        let entry = self.names.get(id).filter(|entry| now.saturating_duration_since(entry.at) < REMEMBERED);
        entry.map(|entry| &entry.problem)
    }

    /// Why a request may not make a session of this name. One that begins a file, and came after the last session's end,
    /// may: `begun` is when it came.
    pub fn forbids(&self, id: &SessionId, begun: Option<Instant>) -> Option<&Problem> {
        let problem = self.get(id, Instant::now())?;
        let late = begun.is_none_or(|begun| self.names.get(id).is_some_and(|entry| begun <= entry.at));
        late.then_some(problem)
    }

    pub fn remove(&mut self, id: &SessionId) {
        self.names.remove(id);
    }
}

/// Whatever ended the session, it is gone for who comes later.
fn as_told_later(reason: &Problem) -> Problem {
    match reason.code {
        ErrorCode::SessionExpired | ErrorCode::SessionLost => reason.clone(),
        _ => Problem::new(ErrorCode::SessionDeleted, "The session was deleted. Begin it again with its first chunk, or take another name."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> SessionId {
        name.parse().unwrap()
    }

    #[test]
    fn only_a_later_beginning_takes_a_name_again() {
        let mut gone = Gone::default();
        let now = Instant::now();
        let deleted = Problem::new(ErrorCode::Cancelled, "cancelled");
        gone.insert(id("a"), &deleted, now);
        let code = |begun| gone.forbids(&id("a"), begun).map(|p| p.code);
        assert_eq!(code(None), Some(ErrorCode::SessionDeleted), "a chunk in the middle begins nothing");
        assert_eq!(code(Some(now)), Some(ErrorCode::SessionDeleted), "it was on its way when the session ended");
        assert_eq!(code(Some(now + Duration::from_millis(1))), None);
        assert_eq!(gone.forbids(&id("b"), None), None);
    }

    #[test]
    fn names_are_forgotten_by_age_and_by_number() {
        let mut gone = Gone::default();
        let now = Instant::now();
        let expired = Problem::new(ErrorCode::SessionExpired, "idle");
        for i in 0..KEPT + 10 {
            gone.insert(id(&format!("s-{i}")), &expired, now + Duration::from_millis(i as u64));
        }
        assert_eq!(gone.names.len(), KEPT);
        let later = now + Duration::from_secs(60);
        assert_eq!((gone.get(&id("s-9"), later), gone.get(&id("s-10"), later)), (None, Some(&expired)));
        assert_eq!(gone.get(&id("s-500"), later + REMEMBERED), None);
        gone.insert(id("last"), &expired, later + REMEMBERED);
        assert_eq!(gone.names.len(), 1);
    }
}
