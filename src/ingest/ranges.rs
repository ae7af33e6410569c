//! A set of half-open ranges, kept sorted and merged.

use std::ops::Range;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet {
    /// Sorted, not empty, with a gap between neighbours.
    ranges: Vec<Range<u64>>,
}

impl RangeSet {
    /// Adds a range; what was there already stays.
    pub fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let first = self.ranges.partition_point(|r| r.end < range.start);
        let last = self.ranges.partition_point(|r| r.start <= range.end);
        let merged = match self.ranges.get(first..last) {
            Some([]) | None => range,
            Some(touched) => touched[0].start.min(range.start)..touched[touched.len() - 1].end.max(range.end),
        };
        self.ranges.splice(first..last, [merged]);
    }

    /// The end of the run that holds `start`; `start` itself where it is missing.
    pub fn contiguous_end(&self, start: u64) -> u64 {
        let next = self.ranges.partition_point(|r| r.start <= start);
        match next.checked_sub(1).map(|i| &self.ranges[i]) {
            Some(range) if range.end > start => range.end,
            _ => start,
        }
    }

    pub fn contains(&self, value: u64) -> bool {
        self.contiguous_end(value) > value
    }

    /// How many values are in the set.
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|r| r.end - r.start).sum()
    }

    /// What is missing of these values, in order.
    pub fn gaps(&self, within: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let Range { start: mut at, end } = within;
        let first = self.ranges.partition_point(|r| r.end <= at);
        let there = self.ranges.iter().skip(first).take_while(move |r| r.start < end).cloned();
        let gaps = there.chain(std::iter::once(end..end)).map(move |r| std::mem::replace(&mut at, r.end)..r.start);
        gaps.filter(|gap| !gap.is_empty())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Range<u64>> {
        self.ranges.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn neighbours_merge() {
        let mut set = RangeSet::default();
        for range in [0..2, 4..6, 2..4, 8..9, 9..9] {
            set.insert(range);
        }
        assert_eq!(set.iter().cloned().collect::<Vec<_>>(), [0..6, 8..9]);
        assert_eq!((set.contiguous_end(0), set.contiguous_end(6), set.contiguous_end(8)), (6, 6, 9));
        assert_eq!(set.count(), 7);
    }

    proptest! {
        #[test]
        fn it_behaves_as_a_set_of_numbers(inserts in prop::collection::vec((0u64..60, 0u64..12), 0..40)) {
            let mut set = RangeSet::default();
            let mut model = std::collections::BTreeSet::new();
            for (start, length) in inserts {
                set.insert(start..start + length);
                model.extend(start..start + length);
            }
            for n in 0..80 {
                prop_assert_eq!(set.contains(n), model.contains(&n));
            }
            for within in [0..80, 7..31, 40..40] {
                let missing: Vec<u64> = set.gaps(within.clone()).flatten().collect();
                prop_assert_eq!(missing, within.filter(|n| !model.contains(n)).collect::<Vec<_>>());
            }
            prop_assert_eq!(set.count(), model.len() as u64);
            let ranges: Vec<_> = set.iter().cloned().collect();
            prop_assert!(ranges.windows(2).all(|w| w[0].end < w[1].start), "sorted, with gaps");
        }
    }
}
