//! The places BlazePose's person finder answers for (`SsdAnchorsCalculator` with `fixed_anchor_size` and strides 8, 16, 32, 32, 32).

use crate::geometry::Point;

pub const INPUT: usize = 224;
/// Each stride with the anchors a cell has: two for each layer, and three layers share the last stride.
const LAYERS: [(usize, usize); 3] = [(8, 2), (16, 2), (32, 6)];
pub const COUNT: usize = 2254;

/// The centres, 0..=1 of the input, in the order of the model's rows.
pub fn anchors() -> Vec<Point> {
    let mut centers = Vec::with_capacity(COUNT);
    for (stride, per_cell) in LAYERS {
        let cells = INPUT / stride;
        let place = |cell: usize| (cell as f32 + 0.5) / cells as f32;
        for y in 0..cells {
            for x in 0..cells {
                centers.extend(std::iter::repeat_n(Point::new(place(x), place(y)), per_cell));
            }
        }
    }
    centers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_the_model_has_rows() {
        let all = anchors();
        assert_eq!(all.len(), COUNT);
        assert_eq!(all[0], Point::new(0.5 / 28.0, 0.5 / 28.0));
        assert_eq!(all[2], Point::new(1.5 / 28.0, 0.5 / 28.0));
        assert_eq!(all[28 * 28 * 2], Point::new(0.5 / 14.0, 0.5 / 14.0));
        assert_eq!(all[COUNT - 1], Point::new(6.5 / 7.0, 6.5 / 7.0));
    }
}
