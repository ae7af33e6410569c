"""The network in INT8: NNCF watches the ranges of its numbers while frames go through, and scales them to 8 bits."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import nncf
import numpy
import openvino
import openvino.passes
from provision.report import Failure

CONVOLUTIONS = ("Convolution", "GroupConvolution", "MatMul")
APART = ("Constant", "Convert", "Parameter")  # nothing NNCF could quantize


def read(core: openvino.Core, file: Path) -> openvino.Model:
    """The network as NNCF takes it: biases that an ONNX file leaves to be computed are constants, and no name is there twice."""
    model = core.read_model(file)
    passes = openvino.passes.Manager()
    passes.register_pass(openvino.passes.ConstantFolding())
    passes.run_passes(model)
    names: set[str] = set()
    for node in model.get_ordered_ops():
        if node.get_friendly_name() in names:
            node.set_friendly_name(node.get_name())
        names.add(node.get_friendly_name())
    return model


def quantized(model: openvino.Model, inputs: Sequence[numpy.ndarray], preset: str, spared: int) -> openvino.Model:
    """`inputs` are the tensors of the frames to calibrate with. What stands behind the last convolutions stays as it is,
    and so do the first `spared` convolutions."""
    nncf.set_log_level(logging.ERROR)
    return nncf.quantize(
        model,
        nncf.Dataset(inputs),
        preset=nncf.QuantizationPreset(preset),
        target_device=nncf.TargetDevice.CPU,
        subset_size=len(inputs),
        ignored_scope=nncf.IgnoredScope(names=behind_convolutions(model) + up_to_convolution(model, spared), validate=False),
    )


def behind_convolutions(model: openvino.Model) -> list[str]:
    """The names of the operations from the last convolutions to the outputs: the head's arithmetic.

    Coordinates of hundreds of pixels beside scores below 1 do not fit into 256 steps. The convolution by which
    YOLOv8 and later take the mean of a distribution (behind a Softmax) is of this arithmetic, too.
    """
    names: set[str] = set()
    ahead = [output.get_node() for result in model.get_results() for output in _sources(result)]
    while ahead:
        node = ahead.pop()
        name, kind = node.get_friendly_name(), node.get_type_name()
        if name in names or kind in APART or (kind in CONVOLUTIONS and not _takes_softmax(node)):
            continue
        names.add(name)
        ahead.extend(output.get_node() for output in _sources(node))
    return sorted(names)


def up_to_convolution(model: openvino.Model, spared: int) -> list[str]:
    """The names of the operations before the convolution of this number, counted from 0."""
    operations = [node for node in model.get_ordered_ops() if node.get_type_name() not in APART]
    places = [place for place, node in enumerate(operations) if node.get_type_name() in CONVOLUTIONS]
    if spared >= len(places):
        raise Failure(f"The model has {len(places)} convolutions, of which {spared} cannot be spared.")
    return [node.get_friendly_name() for node in operations[:places[spared]]] if spared else []


def save(model: openvino.Model, file: Path) -> None:
    # What was not quantized keeps its precision: it is little, and coordinates are in it.
    openvino.save_model(model, file, compress_to_fp16=False)


def _takes_softmax(node: openvino.Node) -> bool:
    source = node.input_value(0).get_node()
    while source.get_type_name() in ("Reshape", "Transpose"):
        source = source.input_value(0).get_node()
    return source.get_type_name() == "Softmax"


def _sources(node: openvino.Node) -> list[openvino.Output]:
    return [node.input_value(place) for place in range(node.get_input_size())]
