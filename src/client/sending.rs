//! Chunks on their way up: several at once, each as often as it takes.

use std::cell::RefCell;

use futures_util::future::try_join_all;
use tokio::sync::watch;

use super::api::Server;
use super::failure::Failure;
use super::order::Order;
use super::retry::{self, persist};
use super::source::{CHUNK_SIZE, Source};
use super::upload::{Progress, Settings};

/// How often the server may be found to have lost what it took, as one may that lost power.
const MOST_ROUNDS: u32 = 5;

pub struct Sending<'a> {
    pub server: &'a Server,
    pub source: &'a Source,
    pub id: &'a str,
    pub settings: &'a Settings,
    pub progress: &'a watch::Sender<Progress>,
}

impl Sending<'_> {
    /// Sends what is not among `received` (chunk ranges, both ends included), until the server says that it has all.
    pub async fn send(&self, mut received: Vec<[u64; 2]>) -> Result<(), Failure> {
        let first = self.source.first_chunks();
        for _ in 0..MOST_ROUNDS {
            let order = RefCell::new(Order::new(self.source.total_chunks(), &received, &first));
            let workers = self.settings.parallel.min(order.borrow().len());
            try_join_all((0..workers).map(|_| self.work(&order))).await?;
            let state = persist(retry::LATER, async || self.noted(self.server.upload_state(self.id).await)).await?;
            if self.source.is_changed()? {
                return Err(Failure::Changed);
            }
            if state.assembled || matches!(state.state.as_str(), "failed" | "cancelled") {
                // A failure is told by the events, with its reason.
                return Ok(());
            }
            received = state.received;
        }
        Err(Failure::Forgetful)
    }

    async fn work(&self, order: &RefCell<Order>) -> Result<(), Failure> {
        loop {
            // In a statement of its own: the borrow must end before the wait.
            let next = order.borrow_mut().next();
            let Some(index) = next else { return Ok(()) };
            let put = async || self.noted(self.server.put_chunk(self.id, index, self.source, &self.settings.options).await);
            let taken = persist(retry::LATER, put).await?;
            order.borrow_mut().want(&taken.want);
            let length = CHUNK_SIZE.min(self.source.size.saturating_sub(index * CHUNK_SIZE));
            self.progress.send_modify(|p| {
                p.begun = true;
                p.bytes_sent += length;
            });
        }
    }

    /// Keeps in mind whether the server was reached.
    fn noted<T>(&self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        note(self.progress, matches!(&outcome, Err(failure) if failure.is_passing()));
        outcome
    }
}

/// Keeps in mind whether the server was reached, and says so when it no longer is.
pub fn note(progress: &watch::Sender<Progress>, disconnected: bool) {
    let changed = progress.send_if_modified(|p| std::mem::replace(&mut p.disconnected, disconnected) != disconnected);
    if changed && disconnected {
        tracing::warn!("the server is away or busy; trying again");
    }
}
