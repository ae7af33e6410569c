//! TFLite files: a FlatBuffer (tensorflow/lite/schema/schema.fbs; flatbuffers.dev, "Internals"). No maintained crate has the schema,
//! and a few offsets are all that is read. Every offset may be wrong: each read is checked.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::vision::about::weights::{Tally, Weights};
use crate::vision::about::{About, lines, metadata};

pub fn read(bytes: &[u8]) -> Option<About> {
    if bytes.get(4..8)? != b"TFL3" {
        return None;
    }
    let file = Table { bytes, at: u32_at(bytes, 0)? };
    Some(About { weights: weights(&file), ..appended(bytes) })
}

/// Exporters append an archive to the model, with Ultralytics' metadata or a list of labels
/// (ai.google.dev/edge/litert, "Adding metadata to LiteRT models").
fn appended(bytes: &[u8]) -> About {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return About::default() };
    let mut said = About::default();
    for index in 0..archive.len() {
        let Ok(file) = archive.by_index(index) else { continue };
        let (name, mut text) = (file.name().unwrap_or_default().into_owned(), String::new());
        if file.take(metadata::LARGEST as u64).read_to_string(&mut text).is_err() {
            continue;
        }
        said = match name.as_str() {
            "metadata.json" | "temp_meta.txt" => metadata::read(&text).or(said),
            name if name.ends_with(".txt") && name.contains("label") => said.or(About { names: lines(&text), ..About::default() }),
            _ => said,
        };
    }
    said
}

/// Model.subgraphs[0].tensors and Model.buffers: a tensor with data is a weight.
fn weights(model: &Table) -> Option<Weights> {
    let buffers = model.tables(4)?;
    let mut tally = Tally::default();
    for tensor in model.tables(2)?.first()?.tables(0)? {
        let buffer = tensor.field(2).and_then(|at| u32_at(tensor.bytes, at)).and_then(|index| buffers.get(index));
        let Some(bytes) = buffer.and_then(|buffer| buffer.vector(0)).map(|(_, length)| length as u64) else { continue };
        // TensorType, a byte whose default is float32.
        match tensor.field(1).and_then(|at| tensor.bytes.get(at)).copied().unwrap_or(0) {
            0 => tally.add(Weights::Fp32, bytes / 4),
            1 => tally.add(Weights::Fp16, bytes / 2),
            3 | 9 => tally.add(Weights::Int8, bytes),
            _ => {}
        }
    }
    tally.most()
}

/// A table at a place of the file.
#[derive(Clone, Copy)]
struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Table<'a> {
    /// Where a field lies; none where it is left at its default.
    fn field(&self, index: usize) -> Option<usize> {
        let back = u32_at(self.bytes, self.at)? as u32 as i32;
        let list = self.at.checked_add_signed(-(back as isize))?;
        let entry = 4 + 2 * index;
        if entry + 2 > u16_at(self.bytes, list)? {
            return None;
        }
        match u16_at(self.bytes, list + entry)? {
            0 => None,
            offset => self.at.checked_add(offset),
        }
    }

    /// Where a vector begins and how many elements it has, no more than the file has bytes.
    fn vector(&self, index: usize) -> Option<(usize, usize)> {
        let field = self.field(index)?;
        let at = field.checked_add(u32_at(self.bytes, field)?)?;
        let length = u32_at(self.bytes, at)?;
        (length <= self.bytes.len()).then_some((at + 4, length))
    }

    fn tables(&self, index: usize) -> Option<Vec<Table<'a>>> {
        let (begin, length) = self.vector(index)?;
        let table = |i: usize| {
            let entry = begin + 4 * i;
            Some(Table { bytes: self.bytes, at: entry.checked_add(u32_at(self.bytes, entry)?)? })
        };
        (0..length).map(table).collect()
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?) as usize)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_tflite_says_nothing() {
        assert_eq!(read(b""), None);
        assert_eq!(read(b"\x08\0\0\0TFL3"), Some(About::default()));
        assert_eq!(read(b"\x08\0\0\0ONNX\0\0\0\0"), None);
    }

    #[test]
    fn an_appended_archive_is_read() {
        use std::io::Write;
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in
            [("labelmap.txt", "cat\ndog\n"), ("metadata.json", r#"{"task": "detect", "imgsz": [320, 640]}"#), ("x.txt", "no")]
        {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        let model = [b"\x08\0\0\0TFL3".to_vec(), archive.finish().unwrap().into_inner()].concat();
        let about = read(&model).unwrap();
        assert_eq!(
            (about.names, about.task.as_deref(), about.input),
            (vec!["cat".to_owned(), "dog".into()], Some("detect"), Some([640, 320]))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(mut bytes in prop::collection::vec(any::<u8>(), 8..200)) {
            bytes[..8].copy_from_slice(b"\x0c\0\0\0TFL3");
            read(&bytes);
        }
    }
}
