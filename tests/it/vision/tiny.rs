//! Models of a few nodes, made here: whatever they see, they give the numbers they were made with. So a format is tested on the whole
//! way from a file to detections.

use prost::Message;

/// ONNX's numbers of element types.
pub const F32: i32 = 1;
pub const U8: i32 = 2;
pub const F16: i32 = 10;

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    opset: Vec<Opset>,
    #[prost(message, repeated, tag = "14")]
    properties: Vec<Property>,
}

#[derive(Clone, PartialEq, Message)]
struct Opset {
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Property {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<Node>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    initializers: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    inputs: Vec<Value>,
    #[prost(message, repeated, tag = "12")]
    outputs: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    inputs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    outputs: Vec<String>,
    #[prost(string, tag = "4")]
    operation: String,
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<Attribute>,
}

#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int64, optional, tag = "3")]
    number: Option<i64>,
    #[prost(int32, tag = "20")]
    kind: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    element: i32,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(bytes = "vec", tag = "9")]
    bytes: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Message)]
struct Kind {
    #[prost(message, optional, tag = "1")]
    tensor: Option<TensorKind>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorKind {
    #[prost(int32, tag = "1")]
    element: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    dims: Vec<Dim>,
}

#[derive(Clone, PartialEq, Message)]
struct Dim {
    #[prost(int64, optional, tag = "1")]
    value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    word: Option<String>,
}

/// An output: its sizes and its numbers.
pub type Output = (Vec<i64>, Vec<f32>);

/// An ONNX file with one input, whose sizes may be left open, of `elements`.0, and outputs of `elements`.1.
pub fn onnx(input: &[Option<i64>], elements: (i32, i32), outputs: &[Output], properties: &[(&str, &str)]) -> Vec<u8> {
    let node = |operation: &str, inputs: &[&str], output: &str, attribute: Option<(&str, i64)>| Node {
        inputs: inputs.iter().map(|s| s.to_string()).collect(),
        outputs: vec![output.into()],
        operation: operation.into(),
        attributes: attribute.map(|(name, number)| Attribute { name: name.into(), number: Some(number), kind: 2 }).into_iter().collect(),
    };
    let tensor = |name: &str, dims: &[i64], numbers: &[f32]| {
        let bytes = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        Tensor { dims: dims.to_vec(), element: F32, name: name.into(), bytes }
    };
    let value = |name: &str, element: i32, dims: &[Option<i64>]| {
        let dims = dims.iter().enumerate().map(|(i, d)| Dim { value: *d, word: d.is_none().then(|| format!("open{i}")) }).collect();
        let tensor = TensorKind { element, shape: Some(Shape { dims }) };
        Value { name: name.into(), kind: Some(Kind { tensor: Some(tensor) }) }
    };
    // Nothing of the picture is left, but each output hangs on it.
    let mut nodes = vec![
        node("Cast", &["x"], "floats", Some(("to", i64::from(F32)))),
        node("ReduceSum", &["floats"], "sum", Some(("keepdims", 0))),
        node("Mul", &["sum", "zero"], "nothing", None),
    ];
    let mut initializers = vec![tensor("zero", &[], &[0.0])];
    let mut values = Vec::new();
    for (i, (dims, numbers)) in outputs.iter().enumerate() {
        assert_eq!(dims.iter().product::<i64>() as usize, numbers.len());
        let [constant, sum, out] = ["constant", "sum_with", "out"].map(|word| format!("{word}{i}"));
        initializers.push(tensor(&constant, dims, numbers));
        nodes.push(node("Add", &["nothing", &constant], &sum, None));
        nodes.push(node("Cast", &[&sum], &out, Some(("to", i64::from(elements.1)))));
        values.push(value(&out, elements.1, &dims.iter().copied().map(Some).collect::<Vec<_>>()));
    }
    let graph = Graph { nodes, name: "tiny".into(), initializers, inputs: vec![value("x", elements.0, input)], outputs: values };
    let properties = properties.iter().map(|(key, value)| Property { key: key.to_string(), value: value.to_string() }).collect();
    Model { ir_version: 7, graph: Some(graph), opset: vec![Opset { version: 11 }], properties }.encode_to_vec()
}

/// An IR: the XML and the weights beside it. `info` goes into its `model_info`.
pub fn ir(input: &[Option<i64>], (dims, numbers): Output, info: &str) -> (String, Vec<u8>) {
    let mut weights: Vec<u8> = [0i64, 1, 2, 3].iter().flat_map(|axis| axis.to_le_bytes()).collect();
    weights.extend(0f32.to_le_bytes());
    weights.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
    let ports = |dims: &[i64]| dims.iter().map(|d| format!("<dim>{d}</dim>")).collect::<String>();
    let open: Vec<i64> = input.iter().map(|d| d.unwrap_or(-1)).collect();
    let words = |dims: &[i64]| dims.iter().map(|d| if *d < 0 { "?".into() } else { d.to_string() }).collect::<Vec<_>>().join(",");
    let constant = |id: u32, element: &str, precision: &str, dims: &[i64], offset: usize, size: usize| {
        format!(
            r#"<layer id="{id}" name="c{id}" type="Const" version="opset1"><data element_type="{element}" shape="{}" offset="{offset}" size="{size}"/>
               <output><port id="0" precision="{precision}">{}</port></output></layer>"#,
            words(dims),
            ports(dims)
        )
    };
    let two = |id: u32, kind: &str, data: &str, a: &str, b: &str, dims: &str| {
        format!(
            r#"<layer id="{id}" name="n{id}" type="{kind}" version="opset1">{data}<input><port id="0">{a}</port><port id="1">{b}</port></input>
               <output><port id="2" precision="FP32">{dims}</port></output></layer>"#
        )
    };
    let (shape, out) = (ports(&open), ports(&dims));
    let xml = format!(
        r#"<?xml version="1.0"?><net name="tiny" version="11"><layers>
        <layer id="0" name="x" type="Parameter" version="opset1"><data shape="{}" element_type="f32"/>
        <output><port id="0" precision="FP32" names="x">{shape}</port></output></layer>
        {}{}{}{}{}{}
        <layer id="7" name="result" type="Result" version="opset1"><input><port id="0">{out}</port></input></layer>
        </layers><edges>
        <edge from-layer="0" from-port="0" to-layer="4" to-port="0"/><edge from-layer="1" from-port="0" to-layer="4" to-port="1"/>
        <edge from-layer="4" from-port="2" to-layer="5" to-port="0"/><edge from-layer="2" from-port="0" to-layer="5" to-port="1"/>
        <edge from-layer="5" from-port="2" to-layer="6" to-port="0"/><edge from-layer="3" from-port="0" to-layer="6" to-port="1"/>
        <edge from-layer="6" from-port="2" to-layer="7" to-port="0"/>
        </edges><rt_info><model_info>{info}</model_info></rt_info></net>"#,
        words(&open),
        constant(1, "i64", "I64", &[4], 0, 32),
        constant(2, "f32", "FP32", &[], 32, 4),
        constant(3, "f32", "FP32", &dims, 36, 4 * numbers.len()),
        two(4, "ReduceSum", r#"<data keep_dims="false"/>"#, &shape, "<dim>4</dim>", ""),
        two(5, "Multiply", r#"<data auto_broadcast="numpy"/>"#, "", "", ""),
        two(6, "Add", r#"<data auto_broadcast="numpy"/>"#, "", &out, &out),
    );
    (xml, weights)
}
