"""Writes a trained answerer as two ONNX graphs: one reads a question, one writes answers step by step.

By hand rather than by `model.export`, as in `ml/orders/export.py`: the runtime has a GRU operator of its own,
and one graph then serves a single step of a beam (T = 1) and whole given answers alike. Weights are kept in half
precision and turned to single when loaded. The contract test compares both graphs with Keras.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from ml.answers.beam import DECODER, ENCODER, LIKELIEST
from ml.answers.network import EPSILON

Floats = npt.NDArray[np.float32]
Value = onnx.ValueInfoProto


class _Graph:
    """Nodes and weights on their way into one graph."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, value: Floats) -> str:
        """Half precision in the file; the runtime turns it to single once, when it loads."""
        half = np.ascontiguousarray(value, np.float16)
        self.weights.append(numpy_helper.from_array(half, f"{name}_half"))
        return self.add("Cast", [f"{name}_half"], name, to=TensorProto.FLOAT)

    def numbers(self, name: str, values: Sequence[int]) -> str:
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def add(
        self, kind: str, inputs: list[str], output: str, **attributes: float | str | list[int]
    ) -> str:
        outputs = output.split()
        self.nodes.append(
            helper.make_node(kind, inputs, outputs, None, None, None, None, **attributes)
        )
        return outputs[0]

    def dense(self, flow: str, layer: keras.layers.Layer, name: str) -> str:
        kernel, bias = _arrays(layer)
        graph = self.add("MatMul", [flow, self.weight(f"{name}_kernel", kernel)], f"{name}_product")
        return self.add("Add", [graph, self.weight(f"{name}_bias", bias)], f"{name}_sum")

    def write(self, name: str, path: Path, inputs: list[Value], outputs: list[Value]) -> None:
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.weights)
        opset = [helper.make_opsetid("", 17)]
        made = helper.make_model(graph, opset_imports=opset, ir_version=9)
        onnx.checker.check_model(made)
        onnx.save(made, str(path))


def export(model: keras.Model, folder: Path) -> tuple[str, str]:
    """Writes both graphs into `folder`."""
    _export_encoder(model, folder / ENCODER)
    _export_decoder(model, folder / DECODER)
    return ENCODER, DECODER


def _export_encoder(model: keras.Model, path: Path) -> None:
    """states (S, W) -> memory (S, M), keys (D, S), first (1, D); topics (1, topics), subject (1, size) where learnt."""
    graph = _Graph()
    mean, spread = _arrays(model.get_layer("standard"))
    centred = graph.add("Sub", ["states", graph.weight("common", mean)], "centred")
    standard = graph.add("Div", [centred, graph.weight("spread", spread)], "standard")
    first_in_time = graph.add("Unsqueeze", [standard, graph.numbers("one", [1])], "read_in_time")
    arrays = _arrays(model.get_layer("encoder"))
    states = _gru(graph, "encoder", [arrays[:3], arrays[3:]], first_in_time, None)
    width = 2 * arrays[1].shape[0]
    memory = graph.add("Reshape", [states, graph.numbers("flat", [-1, width])], "memory")
    (kernel,) = _arrays(model.get_layer("attention"))
    keys = graph.add("MatMul", [memory, graph.weight("attention", kernel)], "keys_in_time")
    graph.add("Transpose", [keys], "keys", perm=[1, 0])
    average = graph.add("ReduceMean", [memory], "mean", axes=[0], keepdims=1)
    strongest = graph.add("ReduceMax", [memory], "strongest", axes=[0], keepdims=1)
    plain = graph.add("ReduceMean", [standard], "plain", axes=[0], keepdims=1)
    summary = graph.add("Concat", [average, strongest, plain], "summary", axis=1)
    outputs = [
        _float("memory", ["S", width]),
        _float("keys", [kernel.shape[1], "S"]),
        _float("first", [1, kernel.shape[1]]),
    ]
    if _has_topics(model):
        scores = graph.dense(summary, model.get_layer("topics"), "topic")
        graph.add("LogSoftmax", [scores], "topics", axis=1)
        chances = graph.add("Softmax", [scores], "chances", axis=1)
        (rows,) = _arrays(model.get_layer("subject"))
        subject = graph.add("MatMul", [chances, graph.weight("subjects", rows)], "subject")
        summary = subject
        outputs += [_float("topics", [1, rows.shape[0]]), _float("subject", [1, rows.shape[1]])]
    graph.add("Tanh", [graph.dense(summary, model.get_layer("bridge"), "bridge")], "first")
    graph.write("encoder", path, [_float("states", ["S", len(mean)])], outputs)


def _has_topics(model: keras.Model) -> bool:
    return any(layer.name == "topics" for layer in model.layers)


def _export_decoder(model: keras.Model, path: Path) -> None:
    """tokens, wanted (B, T), state (B, D), memory (S, M), keys (D, S), subject (1, size) -> log_probs (B, T, pieces), the
    `LIKELIEST` of them with their places, those of `wanted`, next_state (B, D), attention (B, T, S)."""
    graph = _Graph()
    (pieces,) = _arrays(model.get_layer("embedding"))
    table = graph.weight("table", pieces)
    words = graph.add("Gather", [table, "tokens"], "written")
    if _has_topics(model):
        words = graph.add("Add", [words, "subject"], "meant")
    in_time = graph.add("Transpose", [words], "written_in_time", perm=[1, 0, 2])
    axis = graph.numbers("axis", [0])
    state = graph.add("Unsqueeze", ["state", axis], "state_of_one_direction")
    arrays = _arrays(model.get_layer("decoder"))
    states = _gru(graph, "decoder", [arrays], in_time, state)
    graph.add("Squeeze", ["decoder_last", axis], "next_state")
    squeezed = graph.add("Squeeze", [states, graph.numbers("direction", [1])], "states_in_time")
    states = graph.add("Transpose", [squeezed], "states", perm=[1, 0, 2])
    scores = graph.add("MatMul", [states, "keys"], "matches")
    attention = graph.add("Softmax", [scores], "attention", axis=2)
    contexts = graph.add("MatMul", [attention, "memory"], "contexts")
    both = graph.add("Concat", [states, contexts], "both", axis=2)
    joined = graph.dense(both, model.get_layer("joined"), "join")
    if _has_topics(model):
        (kernel,) = _arrays(model.get_layer("hint"))
        hint = graph.add("MatMul", ["subject", graph.weight("hints", kernel)], "hint")
        joined = graph.add("Add", [joined, hint], "hinted")
    scale, shift = _arrays(model.get_layer("normal"))
    inputs = [joined, graph.weight("scale", scale), graph.weight("shift", shift)]
    joined = graph.add("LayerNormalization", inputs, "normal", axis=-1, epsilon=EPSILON)
    turned = graph.add("Transpose", [table], "table_turned", perm=[1, 0])
    product = graph.add("MatMul", [joined, turned], "product")
    bias = _arrays(model.get_layer("pieces"))[0]
    logits = graph.add("Add", [product, graph.weight("bias", bias)], "logits")
    chances = graph.add("LogSoftmax", [logits], "log_probs", axis=2)
    count = graph.numbers("count", [min(LIKELIEST, len(pieces))])
    graph.add("TopK", [chances, count], "best best_places", axis=2)
    place = graph.add("Unsqueeze", ["wanted", graph.numbers("last", [2])], "wanted_places")
    found = graph.add("GatherElements", [chances, place], "found", axis=2)
    graph.add("Squeeze", [found, "last"], "wanted_log_probs")
    _write_decoder(graph, path, model, len(pieces), arrays[1].shape[0])


def _write_decoder(graph: _Graph, path: Path, model: keras.Model, pieces: int, states: int) -> None:
    width = int(model.get_layer("attention").weights[0].shape[0])  # both directions of the encoder
    size = int(model.get_layer("embedding").output_dim)
    inputs = [
        _int("tokens", ["B", "T"]),
        _int("wanted", ["B", "T"]),
        _float("state", ["B", states]),
        _float("memory", ["S", width]),
        _float("keys", [states, "S"]),
        *([_float("subject", [1, size])] if _has_topics(model) else []),
    ]
    best = min(LIKELIEST, pieces)
    outputs = [
        _float("log_probs", ["B", "T", pieces]),
        _float("next_state", ["B", states]),
        _float("attention", ["B", "T", "S"]),
        _float("best", ["B", "T", best]),
        helper.make_tensor_value_info("best_places", TensorProto.INT64, ["B", "T", best]),
        _float("wanted_log_probs", ["B", "T"]),
    ]
    graph.write("decoder", path, inputs, outputs)


def _gru(
    graph: _Graph, name: str, directions: Sequence[Sequence[Floats]], flow: str, state: str | None
) -> str:
    """(T, B, in) -> (T, directions, B, units), and `NAME_last` (directions, B, units). Keras and ONNX have
    the same order of gates; both biases are kept apart as in Keras's `reset_after`."""
    kernel, recurrent, bias = (np.stack([one[n].T for one in directions]) for n in range(3))
    bias = bias.transpose(0, 2, 1).reshape(len(directions), -1)
    inputs = [
        flow,
        graph.weight(f"{name}_kernel", kernel),
        graph.weight(f"{name}_recurrent", recurrent),
        graph.weight(f"{name}_bias", bias),
        *(["", state] if state else []),
    ]
    graph.add(
        "GRU", inputs, f"{name}_states {name}_last", hidden_size=recurrent.shape[2], linear_before_reset=1,
        direction="bidirectional" if len(directions) == 2 else "forward",
    )  # fmt: skip
    return f"{name}_states"


def _arrays(layer: keras.layers.Layer) -> list[Floats]:
    return [np.asarray(weight, np.float32) for weight in layer.weights]


def _float(name: str, shape: list[str | int]) -> Value:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _int(name: str, shape: list[str | int]) -> Value:
    return helper.make_tensor_value_info(name, TensorProto.INT64, shape)
