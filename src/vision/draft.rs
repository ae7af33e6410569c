//! A model that is read and not yet compiled: what its file leaves open is fixed here.

use std::path::{Path, PathBuf};

use openvino::prepostprocess::Pipeline;
use openvino::{ElementType, InferenceError, Model, PartialShape, Shape, Tensor};

use crate::geometry::Size;
use crate::vision::engine_error::EngineError;
use crate::vision::feed::Order;
use crate::vision::port::Port;

pub struct Draft {
    path: PathBuf,
    model: Model,
    inputs: Vec<Port>,
}

/// What an exporter takes where nobody says another size.
const USUAL: u32 = 640;

impl Draft {
    pub(super) fn new(path: PathBuf, model: Model) -> Result<Self, InferenceError> {
        let inputs = (0..model.get_inputs_len()?).map(|i| Port::of(&model.get_input_by_index(i)?)).collect::<Result<_, _>>()?;
        Ok(Self { path, model, inputs })
    }

    /// Gives the picture a size where the file leaves it open, or has another one. A model that cannot take it is refused by OpenVINO.
    /// `usual` is what the file says of its pictures elsewhere.
    pub fn fix(mut self, size: Option<Size>, usual: Option<Size>, order: Option<Order>) -> Result<Self, EngineError> {
        let [input] = &self.inputs[..] else { return Ok(self) };
        let Some(dims) = fixed(&input.dims, size, usual, order) else { return Ok(self) };
        if dims.iter().copied().map(Some).ne(input.dims.iter().copied()) {
            let shape: Vec<i64> = dims.iter().map(|dim| *dim as i64).collect();
            let reshaped = PartialShape::new_static(4, &shape).and_then(|shape| self.model.reshape_single_input(&shape));
            reshaped.map_err(|cause| EngineError::NotReshaped { path: self.path.clone(), dims: dims.clone(), cause })?;
            self.inputs = vec![Port { dims: dims.into_iter().map(Some).collect(), ..*input }];
        }
        Ok(self)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model with 32-bit floats at all its ends, and its inputs as the file has them, but for their sizes.
    pub(super) fn in_floats(self) -> Result<(Model, Vec<Port>), InferenceError> {
        let outputs =
            (0..self.model.get_outputs_len()?).map(|i| Port::of(&self.model.get_output_by_index(i)?)).collect::<Result<Vec<_>, _>>()?;
        if self.inputs.iter().chain(&outputs).all(|port| port.is_f32) {
            return Ok((self.model, self.inputs));
        }
        let pipeline = Pipeline::new(&self.model)?;
        for (index, port) in self.inputs.iter().enumerate().filter(|(_, port)| !port.is_f32) {
            let Some(dims) = port.dims.iter().map(|dim| dim.map(|dim| dim as i64)).collect::<Option<Vec<_>>>() else { continue };
            // The binding sets a type only along with a shape, by a tensor that has both.
            let like = Tensor::new(ElementType::F32, &Shape::new(&dims)?)?;
            pipeline.get_input_info_by_index(index)?.get_tensor_info()?.set_from(&like)?;
        }
        for (index, _) in outputs.iter().enumerate().filter(|(_, port)| !port.is_f32) {
            pipeline.get_output_info_by_index(index)?.get_tensor_info()?.set_element_type(ElementType::F32)?;
        }
        Ok((pipeline.build_new_model()?, self.inputs))
    }
}

/// One picture of three colours in these sizes: those that are asked for, else those of the file, else the usual ones.
/// None where the input is no picture.
fn fixed(dims: &[Option<usize>], size: Option<Size>, usual: Option<Size>, order: Option<Order>) -> Option<Vec<usize>> {
    let &[_, a, b, c] = dims else { return None };
    // Where the colours have no place yet, they come first, as in most formats.
    let order = order.unwrap_or(if c == Some(3) && a != Some(3) { Order::Nhwc } else { Order::Nchw });
    let (channels, height, width) = match order {
        Order::Nchw => (a, b, c),
        Order::Nhwc => (c, a, b),
    };
    if channels.is_some_and(|channels| channels != 3) {
        return None;
    }
    let usual = usual.unwrap_or(Size::new(USUAL, USUAL));
    let side = |asked: Option<u32>, filed: Option<usize>, usual: u32| asked.map(|side| side as usize).or(filed).unwrap_or(usual as usize);
    let (width, height) = (side(size.map(|s| s.width), width, usual.width), side(size.map(|s| s.height), height, usual.height));
    Some(match order {
        Order::Nchw => vec![1, 3, height, width],
        Order::Nhwc => vec![1, height, width, 3],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_sizes_are_fixed() {
        let (wide, small) = (Some(Size::new(640, 384)), Some(Size::new(320, 320)));
        let open = [None, Some(3), None, None];
        assert_eq!(fixed(&open, None, None, None), Some(vec![1, 3, 640, 640]));
        assert_eq!(fixed(&open, None, wide, None), Some(vec![1, 3, 384, 640]));
        assert_eq!(fixed(&open, small, wide, None), Some(vec![1, 3, 320, 320]));
        assert_eq!(fixed(&[Some(1), None, None, Some(3)], None, wide, None), Some(vec![1, 384, 640, 3]));
        assert_eq!(fixed(&[None; 4], None, wide, Some(Order::Nhwc)), Some(vec![1, 384, 640, 3]));
        assert_eq!(fixed(&[Some(1), Some(3), Some(416), Some(416)], None, wide, None), Some(vec![1, 3, 416, 416]));
        assert_eq!(fixed(&[Some(1), Some(1), None, None], None, None, None), None);
        assert_eq!(fixed(&[Some(1), Some(12)], small, None, None), None);
    }
}
