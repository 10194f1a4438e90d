"""Writes the encoder as an ONNX graph in whole numbers, with adapters added to the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

from ml.sentence.package import HEADS, LAYERS, WIDTH, Floats, Weights

FLOAT = 1  # ONNX's number of the type
EPSILON = 1e-12
MOST_TOKENS = 128


@dataclass(frozen=True, eq=False)
class Adapters:
    """What is added to the pretrained weights, and what is taken off their vectors.

    `maps` has, by `LAYER.NAME` of a linear map, (inputs, rank) and (rank, outputs), whose product is added to it (LoRA,
    Hu et al. 2021). `centre` (384,) is the mean vector of many questions: E5's vectors all lie around one direction.
    """

    maps: Mapping[str, tuple[Floats, Floats]]
    centre: Floats


def written(weights: Weights, adapters: Adapters) -> bytes:
    """The encoder as an ONNX file: tokens (n,) in, `states` (n, 384) and a unit `vector` out: their mean, centred."""
    graph: bytes = _Writer(weights, adapters).model().SerializeToString()
    return graph


def _whole(array: npt.NDArray[Any], axis: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """An array as small whole numbers (seven bits, so that every processor computes the same sums) and their scales.

    `axis` is the one that shares a scale.
    """
    scales = np.maximum(np.abs(array).max(axis=axis, keepdims=True), 1e-12) / 63.0
    return np.round(array / scales).astype(np.int8), scales.astype(np.float32)


class _Writer:
    """Writes the graph of BERT's encoder, one operation after the other."""

    def __init__(self, weights: Weights, adapters: Adapters) -> None:
        self._weights, self._adapters = weights, adapters
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def model(self) -> Any:
        """The whole graph (a text at a time: nothing is padded, so a text's vector depends on it alone)."""
        state = self._embedded()
        for layer in range(LAYERS):
            state = self._layer(state, layer)
        self._nodes.append(helper.make_node("Identity", [state], ["states"]))
        mean = self._do("ReduceMean", state, self._constant(np.array([0])), keepdims=0)
        unit = self._do("LpNormalization", mean, axis=0, p=2)
        apart = self._do("Sub", unit, self._constant(self._adapters.centre.astype(np.float32)))
        self._nodes.append(helper.make_node("LpNormalization", [apart], ["vector"], axis=0, p=2))
        graph = helper.make_graph(
            self._nodes,
            "sentence encoder",
            [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["n"])],
            [
                helper.make_tensor_value_info("vector", TensorProto.FLOAT, [WIDTH]),
                helper.make_tensor_value_info("states", TensorProto.FLOAT, ["n", WIDTH]),
            ],
            list(self._constants.values()),
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)

    def _embedded(self) -> str:
        words, places = self._weights.embedded()
        table, scales = _whole(words, axis=1)
        rows = self._do("Gather", self._constant(table), "tokens")
        scale = self._do("Gather", self._constant(scales), "tokens")
        read = self._do("Mul", self._do("Cast", rows, to=FLOAT), scale)
        count = self._do("Shape", "tokens")
        nought = self._constant(np.array([0]))
        first = self._do("Slice", self._constant(places[:MOST_TOKENS]), nought, count)
        return self._normed(self._do("Add", read, first), "emb.ln")

    def _layer(self, state: str, layer: int) -> str:
        met = self._linear(self._attention(state, layer), layer, "ao")
        state = self._normed(self._do("Add", met, state), f"l{layer}.aln")
        wide = self._do("Gelu", self._linear(state, layer, "fi"))
        thought = self._linear(wide, layer, "fo")
        return self._normed(self._do("Add", thought, state), f"l{layer}.oln")

    def _attention(self, state: str, layer: int) -> str:
        query = self._heads(state, layer, "q", [1, 0, 2])
        key = self._heads(state, layer, "k", [1, 2, 0])
        value = self._heads(state, layer, "v", [1, 0, 2])
        scale = self._constant(np.array((WIDTH // HEADS) ** -0.5, dtype=np.float32))
        scores = self._do("Mul", self._do("MatMul", query, key), scale)
        seen = self._do("MatMul", self._do("Softmax", scores, axis=-1), value)
        joined = self._do("Transpose", seen, perm=[1, 0, 2])
        return self._do("Reshape", joined, self._constant(np.array([-1, WIDTH])))

    def _heads(self, state: str, layer: int, name: str, order: Sequence[int]) -> str:
        shape = self._constant(np.array([-1, HEADS, WIDTH // HEADS]))
        read = self._linear(state, layer, name)
        return self._do("Transpose", self._do("Reshape", read, shape), perm=order)

    def _linear(self, state: str, layer: int, name: str) -> str:
        matrix, scales = _whole(self._matrix(layer, name), axis=0)
        whole, scale, zero = self._do_all("DynamicQuantizeLinear", 3, state)
        product = self._do("MatMulInteger", whole, self._constant(matrix), zero)
        scale = self._do("Mul", scale, self._constant(scales[0]))
        turned = self._do("Mul", self._do("Cast", product, to=FLOAT), scale)
        return self._do("Add", turned, self._constant(self._weights.vector(f"l{layer}.{name}.b")))

    def _matrix(self, layer: int, name: str) -> Floats:
        matrix = self._weights.matrix(layer, name)
        if f"{layer}.{name}" not in self._adapters.maps:
            return matrix
        down, up = self._adapters.maps[f"{layer}.{name}"]
        return matrix + down @ up

    def _normed(self, state: str, name: str) -> str:
        scale = self._constant(self._weights.vector(f"{name}.w"))
        shift = self._constant(self._weights.vector(f"{name}.b"))
        return self._do("LayerNormalization", state, scale, shift, axis=-1, epsilon=EPSILON)

    def _constant(self, array: npt.NDArray[Any]) -> str:
        name = f"constant {len(self._constants)}"
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def _do(self, operation: str, *inputs: str, **attributes: Any) -> str:
        return self._do_all(operation, 1, *inputs, **attributes)[0]

    def _do_all(
        self, operation: str, outputs: int, *inputs: str, **attributes: Any
    ) -> tuple[str, ...]:
        names = tuple(f"value {len(self._nodes)} {number}" for number in range(outputs))
        self._nodes.append(helper.make_node(operation, list(inputs), names, **attributes))
        return names
