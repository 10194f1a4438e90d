"""Writes a trained photo network as ONNX: in full precision, and in 8-bit whole numbers.

By hand, as the other networks of `ml/`: norms are folded into the convolutions before them, bytes go in, and weights
are kept in half precision and turned to single when loaded. The contract test compares it with Keras.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx
from keras import layers
from onnx import TensorProto, helper, numpy_helper

from ml.photos.classifier import EMBEDDING, INPUT, LOGITS

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
_OPSET, _IR = 17, 9


def export(model: keras.Model, path: Path) -> None:
    """photos (N, H, W, 3) bytes -> embedding (N, width), logits (N, labels).

    Raises `NotImplementedError` for a network with other layers than those of `network.py`.
    """
    onnx.save(_Writer(model).graph(), str(path))


class _Writer:
    """Goes through the layers in order; what Keras has as (N, H, W, C) is (N, C, H, W) here.

    A mean over height and width is (N, C) here, whether or not Keras keeps the sides.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._named: dict[int, str] = {}
        self._flat: set[str] = set()
        self._makers = {id(layer.output): layer for layer in model.layers}

    def graph(self) -> onnx.ModelProto:
        flow = self._do("Cast", [INPUT], to=TensorProto.FLOAT)
        self._named[id(self._model.inputs[0])] = self._do("Transpose", [flow], perm=[0, 3, 1, 2])
        for layer in self._model.layers:
            if not isinstance(layer, layers.InputLayer):
                self._named[id(layer.output)] = self._layer(layer)
        outputs = []
        for name in (EMBEDDING, LOGITS):
            found = self._model.output[name]
            self._do("Identity", [self._named[id(found)]], output=name)
            shape: list[str | int] = ["N", int(found.shape[-1])]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        side: list[str | int] = ["N", "H", "W", 3]
        graph = helper.make_graph(
            self._nodes,
            "photos",
            [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, side)],
            outputs,
            self._weights,
        )
        made = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR
        )
        onnx.checker.check_model(made)
        return made

    def _layer(self, layer: keras.layers.Layer) -> str:
        """What a layer makes of what came before it."""
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        flows = [self._named[id(one)] for one in inputs]
        match layer:
            case layers.Dropout():
                return flows[0]
            case layers.Conv2D() | layers.DepthwiseConv2D():
                return flows[0]  # goes with its norm
            case layers.BatchNormalization():
                return self._convolved(flows[0], self._makers[id(layer.input)], layer)
            case layers.ReLU():
                return self._relu(flows[0], layer)
            case layers.Rescaling():
                flow = self._do("Mul", [flows[0], self._weight(layer.scale)])
                return self._do("Add", [flow, self._weight(layer.offset)])
            case layers.ZeroPadding2D():
                (top, bottom), (left, right) = layer.padding
                pads = self._numbers([0, 0, top, left, 0, 0, bottom, right])
                return self._do("Pad", [flows[0], pads])
            case layers.AveragePooling2D():
                sides = {"kernel_shape": layer.pool_size, "strides": layer.strides}
                return self._do("AveragePool", flows, auto_pad="SAME_UPPER", **sides)
            case layers.GlobalAveragePooling2D():
                return self._flattened(self._do("GlobalAveragePool", flows))
            case layers.Dense():
                return self._dense(flows[0], layer)
            case layers.Add():
                return self._do("Add", flows)
            case layers.Multiply():
                return self._do("Mul", [self._spread(flow, layer) for flow in flows])
        raise NotImplementedError(f"{type(layer).__name__} cannot be exported")

    def _convolved(
        self, flow: str, layer: keras.layers.Layer, norm: layers.BatchNormalization
    ) -> str:
        """A convolution with the norm behind it: y = scale (x - mean) / spread + shift."""
        (kernel,) = _arrays(layer)
        scale, shift, mean, variance = _arrays(norm)
        factor = scale / np.sqrt(variance + norm.epsilon)
        apart = isinstance(layer, layers.DepthwiseConv2D)  # (h, w, C, 1), else (h, w, C, made)
        folded = kernel * factor[:, None] if apart else kernel * factor
        return self._do(
            "Conv",
            [
                flow,
                self._weight(np.transpose(folded, (2, 3, 0, 1) if apart else (3, 2, 0, 1))),
                self._weight(shift - mean * factor),
            ],
            kernel_shape=kernel.shape[:2],
            strides=layer.strides,
            group=kernel.shape[2] if apart else 1,
            auto_pad="SAME_UPPER" if layer.padding == "same" else "VALID",
        )

    def _relu(self, flow: str, layer: layers.ReLU) -> str:
        if layer.max_value is None:
            return self._do("Relu", [flow])
        return self._do("Clip", [flow, self._weight(0.0), self._weight(layer.max_value)])

    def _dense(self, flow: str, layer: layers.Dense) -> str:
        kernel, bias = _arrays(layer)
        made = self._do("Gemm", [flow, self._weight(kernel), self._weight(bias)])
        match layer.activation.__name__:
            case "relu":
                made = self._do("Relu", [made])
            case "hard_sigmoid":  # Keras' is relu6(x + 3) / 6
                made = self._do("HardSigmoid", [made], alpha=1 / 6, beta=0.5)
        self._flat.add(made)
        return made

    def _flattened(self, flow: str) -> str:
        flat = self._do("Flatten", [flow])
        self._flat.add(flat)
        return flat

    def _spread(self, flow: str, layer: layers.Multiply) -> str:
        """What is (N, C) as (N, C, 1, 1)."""
        if flow not in self._flat:
            return flow
        return self._do("Reshape", [flow, self._numbers([-1, int(layer.output.shape[-1]), 1, 1])])

    def _weight(self, value: Any) -> str:
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(value, np.float16), name))
        return self._do("Cast", [name], to=TensorProto.FLOAT)

    def _numbers(self, values: list[int]) -> str:
        name = f"numbers_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def _do(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        output = output or f"value_{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(kind, inputs, [output], None, None, None, None, **attributes)
        )
        return output


def _arrays(layer: keras.layers.Layer) -> list[Floats]:
    return [np.asarray(weight, np.float32) for weight in layer.get_weights()]


def quantise(whole: Path, small: Path, photos: Bytes) -> None:
    """The graph in 8-bit whole numbers, their ranges taken from what `photos` (N, S, S, 3) bring about."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches: Iterator[Bytes] = iter(np.array_split(photos, max(len(photos) // 32, 1)))

        def get_next(self) -> dict[str, Bytes] | None:
            batch = next(self._batches, None)
            return None if batch is None else {INPUT: batch}

    folded = small.with_name(f"{small.name}.folded")
    quant_pre_process(str(whole), str(folded), skip_symbolic_shape=True)
    quantize_static(
        str(folded),
        str(small),
        Reader(),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "Add", "Mul"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
    )
    folded.unlink()
