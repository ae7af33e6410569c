//! What goes into a model or comes out of it.

use std::fmt;

use openvino::{ElementType, InferenceError, Node};

/// The sizes of an input or output; none where the model leaves one open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub dims: Vec<Option<usize>>,
    pub is_f32: bool,
    /// Whether the model's file has 8-bit numbers here.
    pub is_byte: bool,
}

impl Port {
    pub fn floats(dims: &[usize]) -> Self {
        Self { dims: dims.iter().copied().map(Some).collect(), is_f32: true, is_byte: false }
    }

    /// The sizes, where all are fixed and the numbers are 32-bit floats.
    pub fn fixed(&self) -> Option<Vec<usize>> {
        if self.is_f32 { self.dims.iter().copied().collect() } else { None }
    }

    pub(super) fn of(node: &Node) -> Result<Self, InferenceError> {
        let shape = node.get_partial_shape()?;
        let dims = shape.get_dimensions().iter().map(|d| usize::try_from(d.get_min()).ok().filter(|_| !d.is_dynamic())).collect();
        let numbers = node.get_element_type()?;
        let is_byte = matches!(numbers, ElementType::U8 | ElementType::I8);
        Ok(Self { dims, is_f32: numbers == ElementType::F32, is_byte })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<_> = self.dims.iter().map(|d| d.map_or("?".to_owned(), |d| d.to_string())).collect();
        write!(f, "[{}]", dims.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_read_as_shapes() {
        assert_eq!(Port::floats(&[1, 84, 8400]).to_string(), "[1,84,8400]");
        let open = Port { dims: vec![Some(1), None], is_f32: true, is_byte: true };
        assert_eq!(open.to_string(), "[1,?]");
        assert_eq!(open.fixed(), None);
        assert_eq!(Port::floats(&[2]).fixed(), Some(vec![2]));
    }
}
