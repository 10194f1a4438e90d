"""Writes a trained network as ONNX with the runtime's own LSTM operator.

By hand rather than by `model.export`: the runtime's LSTM takes the length of every text of a
batch, so texts of different lengths share a batch and none is changed by its neighbours' padding,
and spelling is worked out once per distinct token of a batch instead of once per place.
The contract test compares it with Keras.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Floats = npt.NDArray[np.float32]


class _Graph:
    """Nodes and weights on their way into one graph."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, value: npt.NDArray[np.generic]) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(
        self, kind: str, inputs: list[str], output: str, **attributes: int | str | list[int]
    ) -> str:
        self.nodes.append(
            helper.make_node(kind, inputs, [output], None, None, None, None, **attributes)
        )
        return output


def export(model: keras.Model, path: Path) -> None:
    """Writes `model` (made by `network.build`) to `path`, checked."""
    graph = _Graph()
    flow = _embedded(graph, model)
    level = 0
    while any(layer.name == f"bilstm_{level}" for layer in model.layers):
        flow = _bilstm(graph, model, level, flow)
        level += 1
    kernel, bias = (np.asarray(w, np.float32) for w in model.get_layer("logits").get_weights())
    graph.add("MatMul", [flow, graph.weight("out_kernel", kernel)], "scores")
    graph.add("Add", ["scores", graph.weight("out_bias", bias)], "logits")
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "tagger",
            _inputs(),
            [_value("logits", TensorProto.FLOAT, ["B", "T", len(bias)])],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    onnx.checker.check_model(made)
    onnx.save(made, str(path))


def _inputs() -> list[onnx.ValueInfoProto]:
    places = [
        _value(name, TensorProto.INT32, ["B", "T"])
        for name in ("words", "tokens", "shapes", "marks", "gaps")
    ]
    return [
        *places,
        _value("characters", TensorProto.INT32, ["U", 12]),
        _value("lengths", TensorProto.INT32, ["B"]),
    ]


def _value(name: str, kind: int, shape: list[str | int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _embedded(graph: _Graph, model: keras.Model) -> str:
    """Word, spelling, shape and marks side by side: (B, T, all)."""
    parts = []
    for name, source in (
        ("word", "words"),
        ("shapes", "shapes"),
        ("marks", "marks"),
        ("gaps", "gaps"),
    ):
        (table,) = model.get_layer(f"{name}_embedding").get_weights()
        parts.append(
            graph.add("Gather", [graph.weight(f"{name}_table", table), source], f"{name}_vectors")
        )
    (table,) = model.get_layer("character_embedding").get_weights()
    kernel, bias = model.get_layer("character_conv").get_weights()
    letters = graph.add("Gather", [graph.weight("character_table", table), "characters"], "letters")
    turned = graph.add("Transpose", [letters], "letters_first", perm=[0, 2, 1])
    weights = [
        graph.weight("conv_kernel", kernel[0].transpose(2, 1, 0)),
        graph.weight("conv_bias", bias),
    ]
    graph.add("Conv", [turned, *weights], "convolved", kernel_shape=[3], pads=[1, 1])
    graph.add("Relu", ["convolved"], "bent")
    graph.add("ReduceMax", ["bent"], "spellings", axes=[2], keepdims=0)
    parts.insert(1, graph.add("Gather", ["spellings", "tokens"], "spelled"))
    return graph.add("Concat", parts, "embedded", axis=2)


def _bilstm(graph: _Graph, model: keras.Model, level: int, flow: str) -> str:
    forward_w, forward_r, forward_b, backward_w, backward_r, backward_b = model.get_layer(
        f"bilstm_{level}"
    ).get_weights()
    kernel = np.stack([_gates(forward_w.T), _gates(backward_w.T)])
    recurrent = np.stack([_gates(forward_r.T), _gates(backward_r.T)])
    bias = np.stack([_gates(forward_b), _gates(backward_b)])
    units = recurrent.shape[2]
    names = [
        graph.add("Transpose", [flow], f"time_first_{level}", perm=[1, 0, 2]),
        graph.weight(f"kernel_{level}", kernel),
        graph.weight(f"recurrent_{level}", recurrent),
        graph.weight(f"bias_{level}", np.concatenate([bias, np.zeros_like(bias)], axis=1)),
        "lengths",
    ]
    graph.add("LSTM", names, f"states_{level}", hidden_size=units, direction="bidirectional")
    graph.add("Transpose", [f"states_{level}"], f"batch_first_{level}", perm=[2, 0, 1, 3])
    shape = graph.weight(f"shape_{level}", np.array([0, 0, 2 * units], np.int64))
    return graph.add("Reshape", [f"batch_first_{level}", shape], f"flow_{level}")


def _gates(weights: Floats) -> Floats:
    """Keras keeps its gates as input, forget, cell, output; ONNX as input, output, forget, cell."""
    inner, forget, cell, out = np.split(np.asarray(weights, np.float32), 4)
    return np.concatenate([inner, out, forget, cell])
