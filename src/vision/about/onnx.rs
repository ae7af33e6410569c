//! ONNX files: protobuf (github.com/onnx/onnx, onnx.proto). Only the fields that are read are named, so weights are passed over uncopied.

use prost::Message;

use crate::vision::about::About;
use crate::vision::about::weights::{Tally, Weights};

#[derive(Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
}

#[derive(Message)]
struct Graph {
    #[prost(message, repeated, tag = "5")]
    initializers: Vec<Tensor>,
}

#[derive(Message)]
struct Tensor {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, optional, tag = "2")]
    data_type: Option<i32>,
}

pub fn read(bytes: &[u8]) -> Option<About> {
    let graph = Model::decode(bytes).ok()?.graph.unwrap_or_default();
    let mut tally = Tally::default();
    for tensor in &graph.initializers {
        let count = tensor.dims.iter().fold(1u64, |product, &dim| product.saturating_mul(dim.max(0) as u64));
        // TensorProto.DataType
        match tensor.data_type {
            Some(1) => tally.add(Weights::Fp32, count),
            Some(10) => tally.add(Weights::Fp16, count),
            Some(2 | 3) => tally.add(Weights::Int8, count),
            _ => {}
        }
    }
    Some(About { weights: tally.most() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_told_by_their_initializers() {
        let tensor = |dims: &[i64], kind| Tensor { dims: dims.to_vec(), data_type: Some(kind) };
        let weights_of = |initializers| read(&Model { graph: Some(Graph { initializers }) }.encode_to_vec()).unwrap().weights;
        assert_eq!(weights_of(vec![tensor(&[16, 3, 3, 3], 10), tensor(&[16], 1)]), Some(Weights::Fp16));
        assert_eq!(weights_of(vec![tensor(&[16, 3, 3, 3], 3), tensor(&[16], 1), tensor(&[900], 7)]), Some(Weights::Int8));
        assert_eq!(weights_of(vec![]), None);
        assert_eq!(read(b"not a model"), None);
    }
}
