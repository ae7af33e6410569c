//! A compiled model, and one caller's place in it.

use std::sync::Arc;

use openvino::{CompiledModel, InferRequest, Node, PropertyKey, Tensor};
use parking_lot::Mutex;

use crate::vision::engine_error::EngineError;
use crate::vision::port::Port;

/// A compiled model, shared by all sessions. Clones are the same model.
#[derive(Clone)]
pub struct Network(Arc<Shared>);

struct Shared {
    /// Locked only to make a request: inferences of different requests run side by side.
    compiled: Mutex<CompiledModel>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    at_once: usize,
}

/// More runs of one session at once would hold more frames than they are worth.
const MOST_AT_ONCE: usize = 8;

impl Network {
    /// `filed`: the inputs before they were made floats.
    pub(super) fn new(compiled: CompiledModel, filed: &[Port]) -> Result<Self, EngineError> {
        let ports = |count: usize, get: &dyn Fn(usize) -> Result<Node, openvino::InferenceError>| {
            (0..count).map(|i| Port::of(&get(i)?)).collect::<Result<Vec<_>, _>>()
        };
        let read = || -> Result<_, openvino::InferenceError> {
            let inputs = ports(compiled.get_input_size()?, &|i| compiled.get_input_by_index(i))?;
            let outputs = ports(compiled.get_output_size()?, &|i| compiled.get_output_by_index(i))?;
            Ok((inputs, outputs))
        };
        let (mut inputs, outputs) = read().map_err(EngineError::Failed)?;
        inputs.iter_mut().zip(filed).for_each(|(input, filed)| input.is_byte = filed.is_byte);
        // A device that does not tell is given one at a time.
        let told = compiled.get_property(&PropertyKey::OptimalNumberOfInferRequests).ok().and_then(|text| text.parse().ok());
        let at_once = told.unwrap_or(1).clamp(1, MOST_AT_ONCE);
        Ok(Self(Arc::new(Shared { compiled: Mutex::new(compiled), inputs, outputs, at_once })))
    }

    pub fn inputs(&self) -> &[Port] {
        &self.0.inputs
    }

    pub fn outputs(&self) -> &[Port] {
        &self.0.outputs
    }

    /// How many runs at once the device is busy with; at most `MOST_AT_ONCE`.
    pub fn at_once(&self) -> usize {
        self.0.at_once
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

    /// The numbers of all outputs after `wait`.
    pub fn outputs(&self) -> Result<Vec<&[f32]>, EngineError> {
        (0..self.network.outputs().len()).map(|index| self.output(index)).collect()
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
