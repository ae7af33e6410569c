//! The cells a detector lays over its input, and by whose count its output is known.

use crate::geometry::Size;

/// How many cells the grids of these strides have.
pub fn count(input: Size, strides: &[u32]) -> usize {
    strides.iter().map(|s| (input.width / s) as usize * (input.height / s) as usize).sum()
}

/// As many as `count` gives for one stride: the stride, the column and the row of each cell, rows first.
pub fn cells(input: Size, stride: u32) -> impl Iterator<Item = (f32, f32, f32)> {
    (0..input.height / stride).flat_map(move |y| (0..input.width / stride).map(move |x| (stride as f32, x as f32, y as f32)))
}

/// Whether a detector of one of the usual sets of strides has this many cells; `anchors` boxes lie in each.
pub fn fits(input: Size, anchors: usize, boxes: usize) -> bool {
    const USUAL: [&[u32]; 3] = [&[8, 16, 32], &[8, 16, 32, 64], &[4, 8, 16, 32]];
    boxes > 0 && USUAL.iter().any(|strides| anchors * count(input, strides) == boxes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_have_their_cells() {
        assert_eq!(count(Size::new(416, 416), &[8, 16, 32]), 3549);
        assert_eq!(cells(Size::new(640, 384), 16).count(), count(Size::new(640, 384), &[16]));
        assert_eq!(cells(Size::new(64, 32), 32).collect::<Vec<_>>(), [(32.0, 0.0, 0.0), (32.0, 1.0, 0.0)]);
        assert!(fits(Size::new(640, 640), 1, 8400) && fits(Size::new(640, 640), 3, 25200) && fits(Size::new(640, 384), 1, 5040));
        assert!(!fits(Size::new(640, 640), 1, 300) && !fits(Size::new(4, 4), 1, 0));
    }
}
