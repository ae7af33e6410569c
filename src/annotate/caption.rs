//! Lines of text on a translucent plate in the upper left corner: names, frame number, timings.

use super::canvas::{Canvas, Ink};
use super::palette;
use super::style::Measures;
use super::text::Typeface;
use crate::geometry::{BBox, Point, Size};

/// Draws as many of the lines as the frame has room for, each cut to its width; nothing where there is none.
pub fn draw(canvas: &mut Canvas, typeface: &mut Typeface, measures: &Measures, frame: Size, lines: &[String]) {
    let size = measures.text;
    let em = f32::from(size);
    let (margin, pad, line_height) = ((em * 0.6).round(), (em * 0.6).round(), (em * 1.4).round());
    let (room_w, room_h) = (frame.width as f32 - 2.0 * (margin + pad), frame.height as f32 - 2.0 * (margin + pad));
    let shown = lines.len().min((room_h / line_height).floor().max(0.0) as usize);
    if shown == 0 || room_w <= 0.0 {
        return;
    }
    let lines: Vec<_> = lines[..shown].iter().map(|line| typeface.fitted(line, size, room_w)).collect();
    let widest = lines.iter().map(|line| typeface.width(line, size)).fold(0.0, f32::max).ceil();
    if widest == 0.0 {
        return;
    }
    let plate = BBox::new(margin, margin, margin + widest + 2.0 * pad, margin + shown as f32 * line_height + 2.0 * pad);
    canvas.fill_rect(&plate, em * 0.45, Ink::translucent(palette::INK, 0.62));
    for (i, line) in lines.iter().enumerate() {
        let baseline = plate.y1 + pad + i as f32 * line_height + (line_height + typeface.cap_height(size)) / 2.0;
        typeface.draw(canvas, line, Point::new(plate.x1 + pad, baseline), size, Ink::opaque(palette::PAPER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotate::style::Style;
    use crate::frame::RgbFrame;

    fn captioned(size: Size, lines: &[&str]) -> RgbFrame {
        let mut frame = RgbFrame::filled(size, [200; 3]);
        let lines: Vec<String> = lines.iter().map(|l| l.to_string()).collect();
        draw(&mut Canvas::new(&mut frame), &mut Typeface::new(), &Style::default().measures(size), size, &lines);
        frame
    }

    #[test]
    fn the_plate_darkens_the_corner_and_holds_white_text() {
        let frame = captioned(Size::new(1280, 720), &["yolo11n 12.9 ms", "frame 84"]);
        let corner = frame.pixel(14, 30);
        assert!(corner[0] > 50 && corner[0] < 130, "{corner:?}");
        assert!((10..70).any(|y| (10..150).any(|x| frame.pixel(x, y) == [255; 3])));
        assert_eq!(frame.pixel(2, 2), [200; 3]);
        assert_eq!(frame.pixel(640, 360), [200; 3]);
    }

    #[test]
    fn what_has_no_room_is_cut_and_nothing_is_nothing() {
        let endless = "x".repeat(5000);
        captioned(Size::new(320, 240), &[endless.as_str(); 200]);
        for (size, lines) in [
            (Size::new(640, 480), &[][..]),
            (Size::new(640, 480), &[""][..]),
            (Size::new(8, 8), &["text"][..]),
            (Size::new(0, 0), &["text"][..]),
        ] {
            assert_eq!(captioned(size, lines), RgbFrame::filled(size, [200; 3]));
        }
    }
}
