"""The photo network in Keras 3: a compact residual CNN that is trained from scratch.

    photo (B, H, W, 3), 0..255 -> 3 x 3 convolution, stride 2 -> (B, H/2, W/2, stem)
    stages of residual blocks, the first of each with its stride:
        (3 x 3, BN, ReLU, 3 x 3, BN) weighed by squeeze-and-excitation, plus the shortcut, ReLU
    mean over height and width -> embedding (B, last width) -> dense -> logits (B, labels)

Residual blocks: He et al. 2016, "Deep Residual Learning for Image Recognition"; the shortcut of a halving block takes
means before its 1 x 1 convolution, and the last scale of a block starts at nought: He et al. 2019, "Bag of Tricks for
Image Classification"; squeeze-and-excitation: Hu et al. 2018. Any height and width from 64 on will do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import keras
from keras import layers

from ml.serving import Json

CENTRE, SPREAD = 127.5, 63.75


class NoWeights(Exception):
    """The pretrained weights are not there."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of one network: `labels` it tells apart; channels, blocks and first stride of each stage.

    `squeezed` is by how much squeeze-and-excitation narrows its channels (0: there is none).
    """

    labels: int
    stem: int = 24
    widths: tuple[int, ...] = (48, 96, 192, 384)
    blocks: tuple[int, ...] = (2, 2, 2, 1)
    strides: tuple[int, ...] = (2, 2, 2, 2)
    squeezed: int = 8
    dropout: float = 0.2

    def each_block(self) -> Iterator[tuple[str, int, int]]:
        """Name, channels and stride of each block, in order."""
        for stage, (width, count, stride) in enumerate(
            zip(self.widths, self.blocks, self.strides, strict=True)
        ):
            for block in range(count):
                yield f"{stage}_{block}", width, stride if block == 0 else 1

    def to_dict(self) -> dict[str, Json]:
        return asdict(self)


def build(shape: Shape, seed: int) -> keras.Model:
    """The network with fresh weights; its outputs are `embedding` and `logits`."""
    keras.utils.set_random_seed(seed)
    photo = keras.Input((None, None, 3), name="photo")
    flow = layers.Rescaling(1 / SPREAD, offset=-CENTRE / SPREAD)(photo)
    flow = layers.ReLU()(_normed(_convolution(flow, shape.stem, 3, 2, "stem"), "stem_norm"))
    for name, width, stride in shape.each_block():
        flow = _block(flow, width, stride, shape, name)
    embedding = layers.GlobalAveragePooling2D(name="embedding", dtype="float32")(flow)
    kept = layers.Dropout(shape.dropout, dtype="float32")(embedding)
    logits = layers.Dense(shape.labels, name="logits", dtype="float32")(kept)
    return keras.Model(photo, {"embedding": embedding, "logits": logits})


def build_pretrained(labels: int, seed: int, weights: str | None = "imagenet") -> keras.Model:
    """MobileNetV2 (Sandler et al. 2018) with `keras.applications`' ImageNet weights, and fresh logits.

    Raises `NoWeights` where they cannot be downloaded and no earlier download is there.
    """
    keras.utils.set_random_seed(seed)
    photo = keras.Input((None, None, 3), name="photo")
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0)(photo)
    try:
        base = keras.applications.MobileNetV2(
            input_tensor=scaled, include_top=False, weights=weights
        )
    except Exception as error:  # urllib's, ssl's, socket's, and Keras' own around them
        raise NoWeights(f"the ImageNet weights cannot be downloaded ({error})") from error
    embedding = layers.GlobalAveragePooling2D(name="embedding", dtype="float32")(base.output)
    kept = layers.Dropout(0.2, dtype="float32")(embedding)
    logits = layers.Dense(labels, name="logits", dtype="float32")(kept)
    return keras.Model(photo, {"embedding": embedding, "logits": logits})


def _block(
    flow: keras.KerasTensor, width: int, stride: int, shape: Shape, name: str
) -> keras.KerasTensor:
    shortcut = flow
    if stride > 1:
        shortcut = layers.AveragePooling2D(2, padding="same")(shortcut)
    if shortcut.shape[-1] != width:
        short = _convolution(shortcut, width, 1, 1, f"short_{name}")
        shortcut = _normed(short, f"short_norm_{name}")
    flow = layers.ReLU()(
        _normed(_convolution(flow, width, 3, stride, f"one_{name}"), f"one_norm_{name}")
    )
    flow = _normed(_convolution(flow, width, 3, 1, f"two_{name}"), f"two_norm_{name}", "zeros")
    if shape.squeezed:
        weight = layers.GlobalAveragePooling2D(keepdims=True)(flow)
        weight = layers.Dense(width // shape.squeezed, "relu", name=f"squeeze_{name}")(weight)
        weight = layers.Dense(width, "hard_sigmoid", name=f"excite_{name}")(weight)
        flow = layers.Multiply()([flow, weight])
    return layers.ReLU()(layers.Add()([shortcut, flow]))


def _convolution(
    flow: keras.KerasTensor, width: int, size: int, stride: int, name: str
) -> keras.KerasTensor:
    return layers.Conv2D(
        width, size, stride, "same", use_bias=False, kernel_initializer="he_normal", name=name
    )(flow)


def _normed(flow: keras.KerasTensor, name: str, scale: str = "ones") -> keras.KerasTensor:
    return layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, gamma_initializer=scale, name=name
    )(flow)
