//! ONNX files: protobuf (github.com/onnx/onnx, onnx.proto). Only the fields that are read are named, so weights are passed over uncopied.

use prost::Message;

use crate::vision::about::weights::{Tally, Weights};
use crate::vision::about::{About, metadata};

#[derive(Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "14")]
    properties: Vec<Property>,
}

#[derive(Message)]
struct Property {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
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
    let Model { graph, properties } = Model::decode(bytes).ok()?;
    let graph = graph.unwrap_or_default();
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
    let said = metadata::of_properties(properties.iter().map(|p| (p.key.as_str(), p.value.as_str())));
    Some(About { weights: tally.most(), ..said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_metadata() {
        let property = |key: &str, value: &str| Property { key: key.into(), value: value.into() };
        let properties = vec![property("names", "{0: 'cat'}"), property("task", "detect")];
        let about = read(&Model { graph: None, properties }.encode_to_vec()).unwrap();
        assert_eq!((about.names, about.task.as_deref()), (vec!["cat".to_owned()], Some("detect")));
    }

    #[test]
    fn weights_are_told_by_their_initializers() {
        let tensor = |dims: &[i64], kind| Tensor { dims: dims.to_vec(), data_type: Some(kind) };
        let weights_of =
            |initializers| read(&Model { graph: Some(Graph { initializers }), properties: vec![] }.encode_to_vec()).unwrap().weights;
        assert_eq!(weights_of(vec![tensor(&[16, 3, 3, 3], 10), tensor(&[16], 1)]), Some(Weights::Fp16));
        assert_eq!(weights_of(vec![tensor(&[16, 3, 3, 3], 3), tensor(&[16], 1), tensor(&[900], 7)]), Some(Weights::Int8));
        assert_eq!(weights_of(vec![]), None);
        assert_eq!(read(b"not a model"), None);
    }
}
