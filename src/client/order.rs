//! Which chunk goes next.

use std::collections::{BTreeSet, VecDeque};

/// Most chunks of the server's wish that are kept: it tells its wish anew with each answer.
const WISHES: usize = 64;

/// The chunks that are still to be sent: those that help the analysis most first, the others from the first to the last.
#[derive(Clone, Debug)]
pub struct Order {
    waiting: BTreeSet<u64>,
    urgent: VecDeque<u64>,
}

impl Order {
    /// All of `total` chunks but those in `received` (ranges with both ends included); `first` go first.
    pub fn new(total: u64, received: &[[u64; 2]], first: &[u64]) -> Self {
        let has = |index: &u64| received.iter().any(|[from, to]| (*from..=*to).contains(index));
        Self { waiting: (0..total).filter(|i| !has(i)).collect(), urgent: first.iter().copied().collect() }
    }

    /// The server would like these ranges next.
    pub fn want(&mut self, ranges: &[[u64; 2]]) {
        let wished = ranges.iter().filter(|[from, to]| from <= to).flat_map(|[from, to]| self.waiting.range(from..=to));
        let mut urgent: VecDeque<u64> = wished.copied().take(WISHES).collect();
        // What was urgent before is no longer so where it has been sent; the rest stays behind the wish.
        let before = self.urgent.iter().filter(|i| self.waiting.contains(i) && !urgent.contains(i)).take(WISHES);
        let before: Vec<u64> = before.copied().collect();
        urgent.extend(before);
        self.urgent = urgent;
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// The chunk to send now; each is handed out once.
impl Iterator for Order {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        while let Some(index) = self.urgent.pop_front() {
            if self.waiting.remove(&index) {
                return Some(index);
            }
        }
        self.waiting.pop_first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(order: Order) -> Vec<u64> {
        order.collect()
    }

    #[test]
    fn the_tail_of_a_file_with_its_index_last_goes_first() {
        assert_eq!(all(Order::new(5, &[], &[])), [0, 1, 2, 3, 4]);
        assert_eq!(all(Order::new(5, &[], &[0, 3, 4])), [0, 3, 4, 1, 2]);
        assert_eq!(all(Order::new(5, &[[0, 0], [3, 4]], &[0, 3, 4])), [1, 2], "what is there is not sent again");
    }

    #[test]
    fn a_wish_goes_before_the_rest() {
        let mut order = Order::new(6, &[], &[0, 5]);
        assert_eq!(order.next(), Some(0));
        order.want(&[]);
        assert_eq!(order.next(), Some(5), "no wish changes nothing");
        order.want(&[[3, 3], [9, 12], [2, 1]]);
        assert_eq!(all(order), [3, 1, 2, 4]);
    }

    proptest! {
        #[test]
        fn every_missing_chunk_goes_once_whatever_is_wished(
            total in 1u64..200,
            received in prop::collection::vec((0u64..200, 0u64..20), 0..5),
            first in prop::collection::vec(0u64..250, 0..10),
            wishes in prop::collection::vec(prop::collection::vec((0u64..250, 0u64..250), 0..3), 0..20),
        ) {
            let received: Vec<_> = received.into_iter().map(|(from, more)| [from, from + more]).collect();
            let mut order = Order::new(total, &received, &first);
            let mut sent = Vec::new();
            let mut wishes = wishes.into_iter();
            while let Some(index) = order.next() {
                sent.push(index);
                if let Some(wish) = wishes.next() {
                    order.want(&wish.into_iter().map(|(a, b)| [a, b]).collect::<Vec<_>>());
                }
            }
            sent.sort_unstable();
            let missing: Vec<u64> = (0..total).filter(|i| !received.iter().any(|r| (r[0]..=r[1]).contains(i))).collect();
            prop_assert_eq!(sent, missing);
        }
    }
}
