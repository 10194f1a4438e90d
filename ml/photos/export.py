"""Writes a trained photo network as ONNX: in full precision, and in 8-bit whole numbers.

By hand, as the other networks of `ml/`: norms are folded into the convolutions before them, bytes go in, and weights
are kept in half precision and turned to single when loaded. The contract test compares it with Keras.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from ml.photos.classifier import EMBEDDING, INPUT, LOGITS
from ml.photos.network import CENTRE, SPREAD, Shape

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
_OPSET, _IR = 17, 9


def export(model: keras.Model, shape: Shape, path: Path) -> None:
    """photos (N, H, W, 3) bytes -> embedding (N, width), logits (N, labels)."""
    onnx.save(_Writer(model, shape).graph(), str(path))


class _Writer:
    def __init__(self, model: keras.Model, shape: Shape) -> None:
        self._model, self._shape = model, shape
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def graph(self) -> onnx.ModelProto:
        flow = self._do("Cast", ["photos"], to=TensorProto.FLOAT)
        flow = self._do("Transpose", [flow], perm=[0, 3, 1, 2])
        flow = self._do("Sub", [flow, self._weight(np.float32(CENTRE))])
        flow = self._do("Mul", [flow, self._weight(np.float32(1 / SPREAD))])
        flow = self._do("Relu", [self._convolved(flow, "stem", "stem_norm", 2)])
        for stage, (width, count) in enumerate(
            zip(self._shape.widths, self._shape.blocks, strict=True)
        ):
            for block in range(count):
                flow = self._block(flow, f"{stage}_{block}", width, 2 if block == 0 else 1)
        mean = self._do("GlobalAveragePool", [flow])
        self._do("Flatten", [mean], output=EMBEDDING)
        self._dense(EMBEDDING, "logits", output=LOGITS)
        side: list[str | int] = ["N", "H", "W", 3]
        graph = helper.make_graph(
            self._nodes,
            "photos",
            [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, side)],
            [
                helper.make_tensor_value_info(
                    EMBEDDING, TensorProto.FLOAT, ["N", self._shape.widths[-1]]
                ),
                helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["N", self._shape.labels]),
            ],
            self._weights,
        )
        made = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR
        )
        onnx.checker.check_model(made)
        return made

    def _block(self, flow: str, name: str, width: int, stride: int) -> str:
        shortcut = flow
        if stride > 1:
            shortcut = self._do(
                "AveragePool",
                [shortcut],
                kernel_shape=[2, 2],
                strides=[2, 2],
                auto_pad="SAME_UPPER",
            )
        if any(layer.name == f"short_{name}" for layer in self._model.layers):
            shortcut = self._convolved(shortcut, f"short_{name}", f"short_norm_{name}", 1)
        one = self._do("Relu", [self._convolved(flow, f"one_{name}", f"one_norm_{name}", stride)])
        two = self._convolved(one, f"two_{name}", f"two_norm_{name}", 1)
        mean = self._do("Flatten", [self._do("GlobalAveragePool", [two])])
        squeezed = self._do("Relu", [self._dense(mean, f"squeeze_{name}")])
        # Keras' hard sigmoid is relu6(x + 3) / 6.
        share = self._do(
            "HardSigmoid", [self._dense(squeezed, f"excite_{name}")], alpha=1 / 6, beta=0.5
        )
        share = self._do("Reshape", [share, self._numbers([-1, width, 1, 1])])
        weighed = self._do("Mul", [two, share])
        return self._do("Relu", [self._do("Add", [shortcut, weighed])])

    def _convolved(self, flow: str, name: str, norm: str, stride: int) -> str:
        """A convolution with the norm behind it: y = scale (x - mean) / spread + shift."""
        (kernel,) = _arrays(self._model.get_layer(name))
        layer = self._model.get_layer(norm)
        scale, shift, mean, variance = _arrays(layer)
        factor = scale / np.sqrt(variance + layer.epsilon)
        folded = np.transpose(kernel * factor, (3, 2, 0, 1))
        return self._do(
            "Conv",
            [flow, self._weight(folded), self._weight(shift - mean * factor)],
            kernel_shape=list(kernel.shape[:2]),
            strides=[stride, stride],
            auto_pad="SAME_UPPER",
        )

    def _dense(self, flow: str, name: str, output: str = "") -> str:
        kernel, bias = _arrays(self._model.get_layer(name))
        return self._do("Gemm", [flow, self._weight(kernel), self._weight(bias)], output=output)

    def _weight(self, value: Any) -> str:
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(value, np.float16), name))
        return self._do("Cast", [name], to=TensorProto.FLOAT)

    def _numbers(self, values: Sequence[int]) -> str:
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
