//! The colour map Turbo, from cold (dark blue) to hot (dark red).

use super::palette::Rgb;

/// Coefficients from the constant on, by channel: the polynomial approximation by its authors (A. Mikhailov and R. Wang,
/// Google, 2019, Apache-2.0, <https://gist.github.com/mikhailov-work/0d177465a8151eb6ede1768d51d476c7>).
const COEFFICIENTS: [[f32; 6]; 3] = [
    [0.135_721_38, 4.615_392_6, -42.660_32, 132.131_08, -152.942_4, 59.286_38],
    [0.091_402_61, 2.194_188_4, 4.842_966_6, -14.185_033, 4.277_298_6, 2.829_566],
    [0.106_673_3, 12.641_946, -60.582_05, 110.362_77, -89.903_11, 27.348_25],
];

/// The colour of a value, 0..=1; what lies beyond is taken as the nearest.
pub fn colour(value: f32) -> Rgb {
    let value = value.clamp(0.0, 1.0);
    COEFFICIENTS.map(|channel| {
        let share = channel.iter().rev().fold(0.0, |sum, coefficient| sum * value + coefficient);
        (share.clamp(0.0, 1.0) * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_from_blue_over_green_to_red() {
        let near = |value: f32, rgb: Rgb| colour(value).iter().zip(rgb).all(|(a, b)| a.abs_diff(b) <= 32);
        // From the authors' table of 256, which the polynomial misses most at the dark end.
        for (value, rgb) in [(0.0, [48, 18, 59]), (0.25, [40, 188, 235]), (0.5, [164, 252, 60]), (0.75, [251, 126, 33]), (1.0, [122, 4, 3])]
        {
            assert!(near(value, rgb), "{value}: {:?}", colour(value));
        }
        assert_eq!([colour(-1.0), colour(2.0)], [colour(0.0), colour(1.0)]);
    }
}
