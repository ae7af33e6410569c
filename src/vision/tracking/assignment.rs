//! The pairs of rows and columns with the least sum of costs (the Hungarian method, O(n²m)).
//!
//! Source: Kuhn 1955 in the form with potentials by Jonker and Volgenant 1987.

/// Costs of each row with each column, row by row.
#[derive(Clone, Debug)]
pub struct Costs {
    columns: usize,
    values: Vec<f32>,
}

impl Costs {
    pub fn new(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> f32) -> Self {
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        Self { columns, values: cells.map(|(row, column)| cost(row, column)).collect() }
    }

    fn rows(&self) -> usize {
        self.values.len().checked_div(self.columns).unwrap_or(0)
    }

    pub fn get(&self, row: usize, column: usize) -> f32 {
        self.values.get(row * self.columns + column).copied().unwrap_or(f32::INFINITY)
    }
}

/// Pairs whose costs are below `limit`, with the least sum, where a row or column without a partner costs as much as the
/// limit does. Each row and each column is in one pair at most; pairs come in the order of their rows.
pub fn assign(costs: &Costs, limit: f32) -> Vec<(usize, usize)> {
    let (rows, columns) = (costs.rows(), costs.columns);
    let turned = rows > columns;
    let (few, many) = if turned { (columns, rows) } else { (rows, columns) };
    let cost = |a: usize, b: usize| {
        let value = if turned { costs.get(b, a) } else { costs.get(a, b) };
        // Not a number is no pair.
        f64::from(if value < limit { value } else { limit })
    };
    let partner = shortest_paths(few, many, cost);
    let pairs = partner.into_iter().enumerate().filter_map(|(b, a)| a.map(|a| if turned { (b, a) } else { (a, b) }));
    let mut pairs: Vec<_> = pairs.filter(|(row, column)| costs.get(*row, *column) < limit).collect();
    pairs.sort_unstable();
    pairs
}

/// For each of the `many` its partner among the `few`; all of the `few` get one.
fn shortest_paths(few: usize, many: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<Option<usize>> {
    // Index 0 stands for "none yet" in all four, so the rest counts from 1.
    let (mut u, mut v) = (vec![0.0; few + 1], vec![0.0; many + 1]);
    let (mut partner, mut way) = (vec![0; many + 1], vec![0; many + 1]);
    for row in 1..=few {
        partner[0] = row;
        let mut at = 0;
        let mut least = vec![f64::INFINITY; many + 1];
        let mut used = vec![false; many + 1];
        while partner[at] != 0 {
            used[at] = true;
            let from = partner[at];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for column in (1..=many).filter(|c| !used[*c]) {
                let reduced = cost(from - 1, column - 1) - u[from] - v[column];
                if reduced < least[column] {
                    (least[column], way[column]) = (reduced, at);
                }
                if least[column] < step {
                    (step, next) = (least[column], column);
                }
            }
            for column in 0..=many {
                if used[column] {
                    u[partner[column]] += step;
                    v[column] -= step;
                } else {
                    least[column] -= step;
                }
            }
            at = next;
        }
        while at != 0 {
            partner[at] = partner[way[at]];
            at = way[at];
        }
    }
    partner.into_iter().skip(1).map(|row: usize| row.checked_sub(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(rows: &[&[f32]]) -> Costs {
        Costs::new(rows.len(), rows.first().map_or(0, |r| r.len()), |r, c| rows[r][c])
    }

    #[test]
    fn the_sum_counts_and_not_the_single_pair() {
        // The cheapest pair alone (0, 0) would leave 0.9 for the other.
        assert_eq!(assign(&of(&[&[0.1, 0.2], &[0.2, 0.9]]), 1.0), [(0, 1), (1, 0)]);
    }

    #[test]
    fn pairs_beyond_the_limit_are_none() {
        assert_eq!(assign(&of(&[&[0.5, 0.9], &[0.9, 0.85]]), 0.8), [(0, 0)]);
        assert_eq!(assign(&of(&[&[f32::NAN, 0.3]]), 0.8), [(0, 1)]);
        assert_eq!(assign(&of(&[]), 0.8), []);
        assert_eq!(assign(&Costs::new(3, 0, |_, _| 0.0), 0.8), []);
    }

    #[test]
    fn shapes_that_are_no_square_match_as_many_as_they_can() {
        assert_eq!(assign(&of(&[&[0.3, 0.1, 0.2]]), 1.0), [(0, 1)]);
        assert_eq!(assign(&of(&[&[0.3], &[0.1], &[0.2]]), 1.0), [(1, 0)]);
    }

    /// The least sum over all ways, tried one by one.
    fn by_trying(costs: &Costs, row: usize, free: &mut Vec<bool>, limit: f32) -> f64 {
        if row == costs.rows() {
            return 0.0;
        }
        let mut least = f64::from(limit) + by_trying(costs, row + 1, free, limit);
        for column in 0..free.len() {
            if free[column] && costs.get(row, column) < limit {
                free[column] = false;
                least = least.min(f64::from(costs.get(row, column)) + by_trying(costs, row + 1, free, limit));
                free[column] = true;
            }
        }
        least
    }

    proptest! {
        #[test]
        fn no_other_way_is_cheaper(rows in 1usize..6, columns in 1usize..6, values in prop::collection::vec(0.0f32..1.0, 36)) {
            let costs = Costs::new(rows, columns, |r, c| values[r * 6 + c]);
            let pairs = assign(&costs, 0.8);
            let matched: f64 = pairs.iter().map(|(r, c)| f64::from(costs.get(*r, *c))).sum();
            let sum = matched + 0.8f32 as f64 * (rows - pairs.len()) as f64;
            let best = by_trying(&costs, 0, &mut vec![true; columns], 0.8);
            prop_assert!((sum - best).abs() < 1e-5, "{sum} and {best}");
        }
    }
}
