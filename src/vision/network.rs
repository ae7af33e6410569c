//! A compiled model, and one caller's place in it.

use std::fmt;
use std::sync::Arc;

use openvino::{CompiledModel, ElementType, InferRequest, Node, Tensor};
use parking_lot::Mutex;

use crate::vision::engine_error::EngineError;

/// The sizes of an input or output; none where the model leaves one open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub dims: Vec<Option<usize>>,
    pub is_f32: bool,
}

impl Port {
    pub fn floats(dims: &[usize]) -> Self {
        Self { dims: dims.iter().copied().map(Some).collect(), is_f32: true }
    }

    /// The sizes, where all are fixed and the numbers are 32-bit floats.
    pub fn fixed(&self) -> Option<Vec<usize>> {
        if self.is_f32 { self.dims.iter().copied().collect() } else { None }
    }

    fn of(node: &Node) -> Result<Self, openvino::InferenceError> {
        let dims = node
            .get_partial_shape()?
            .get_dimensions()
            .iter()
            .map(|d| usize::try_from(d.get_min()).ok().filter(|_| !d.is_dynamic()))
            .collect();
        Ok(Self { dims, is_f32: node.get_element_type()? == ElementType::F32 })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<_> = self.dims.iter().map(|d| d.map_or("?".to_owned(), |d| d.to_string())).collect();
        write!(f, "[{}]{}", dims.join(","), if self.is_f32 { "" } else { " not f32" })
    }
}

/// A compiled model, shared by all sessions. Clones are the same model.
#[derive(Clone)]
pub struct Network(Arc<Shared>);

struct Shared {
    /// Locked only to make a request: inferences of different requests run side by side.
    compiled: Mutex<CompiledModel>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl Network {
    pub(super) fn new(compiled: CompiledModel) -> Result<Self, EngineError> {
        let ports = |count: usize, get: &dyn Fn(usize) -> Result<Node, openvino::InferenceError>| {
            (0..count).map(|i| Port::of(&get(i)?)).collect::<Result<Vec<_>, _>>()
        };
        let read = || -> Result<_, openvino::InferenceError> {
            let inputs = ports(compiled.get_input_size()?, &|i| compiled.get_input_by_index(i))?;
            let outputs = ports(compiled.get_output_size()?, &|i| compiled.get_output_by_index(i))?;
            Ok((inputs, outputs))
        };
        let (inputs, outputs) = read().map_err(EngineError::Failed)?;
        Ok(Self(Arc::new(Shared { compiled: Mutex::new(compiled), inputs, outputs })))
    }

    pub fn inputs(&self) -> &[Port] {
        &self.0.inputs
    }

    pub fn outputs(&self) -> &[Port] {
        &self.0.outputs
    }

    /// A place of one's own to run the model in. The model must have one input of fixed size.
    pub fn inference(&self) -> Result<Inference, EngineError> {
        if self.0.inputs.len() != 1 || self.0.inputs[0].fixed().is_none() {
            return Err(EngineError::NoSuchPort { what: "single input", index: 0 });
        }
        let request = self.0.compiled.lock().create_infer_request().map_err(EngineError::Failed)?;
        let input = request.get_input_tensor().map_err(EngineError::Failed)?;
        Ok(Inference { request, input, outputs: Vec::new(), running: false, network: self.clone() })
    }
}

/// OpenVINO takes no wait without an end and does not tell when one ended early: no inference takes this long.
const A_DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// One caller's input, run and outputs. Ports are taken by place: many exports leave them without a name.
pub struct Inference {
    request: InferRequest,
    input: Tensor,
    outputs: Vec<Tensor>,
    running: bool,
    network: Network,
}

impl Inference {
    /// The input to be filled. Waits for a run that is still under way, for it reads the same memory.
    pub fn input(&mut self) -> Result<&mut [f32], EngineError> {
        self.settle()?;
        self.input.get_data_mut::<f32>().map_err(EngineError::Failed)
    }

    pub fn start(&mut self) -> Result<(), EngineError> {
        self.settle()?;
        self.outputs.clear();
        self.request.infer_async().map_err(EngineError::Failed)?;
        self.running = true;
        Ok(())
    }

    /// Waits until the run that was started has its outputs.
    pub fn wait(&mut self) -> Result<(), EngineError> {
        self.settle()?;
        let count = self.network.outputs().len();
        self.outputs =
            (0..count).map(|i| self.request.get_output_tensor_by_index(i)).collect::<Result<_, _>>().map_err(EngineError::Failed)?;
        Ok(())
    }

    pub fn run(&mut self) -> Result<(), EngineError> {
        self.settle()?;
        self.request.infer().map_err(EngineError::Failed)?;
        self.wait()
    }

    /// The numbers of an output after `wait`, rows first.
    pub fn output(&self, index: usize) -> Result<&[f32], EngineError> {
        let missing = EngineError::NoSuchPort { what: "output", index };
        if !self.network.outputs().get(index).is_some_and(|port| port.is_f32) {
            return Err(missing);
        }
        self.outputs.get(index).ok_or(missing)?.get_data::<f32>().map_err(EngineError::Failed)
    }

    fn settle(&mut self) -> Result<(), EngineError> {
        if std::mem::take(&mut self.running) { self.request.wait(A_DAY_MS).map_err(EngineError::Failed) } else { Ok(()) }
    }
}

impl Drop for Inference {
    fn drop(&mut self) {
        // The run writes into tensors that go with this value.
        let _ = self.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_read_as_shapes() {
        assert_eq!(Port::floats(&[1, 84, 8400]).to_string(), "[1,84,8400]");
        let open = Port { dims: vec![Some(1), None], is_f32: false };
        assert_eq!(open.to_string(), "[1,?] not f32");
        assert_eq!(open.fixed(), None);
        assert_eq!(Port::floats(&[2]).fixed(), Some(vec![2]));
    }
}
