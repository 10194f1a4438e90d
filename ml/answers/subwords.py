"""One subword vocabulary for both languages, with a single token for every placeholder.

SentencePiece unigram pieces (Kudo 2018); a sign that no piece covers becomes its UTF-8 bytes, so that
nothing is lost. A placeholder `{name}` takes one of `SLOTS` reserved pieces: which name has which slot
is the shop's own matter and can grow without touching the network.
"""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import sentencepiece

from ml.orders.tokens import fold

PAD, UNKNOWN, END = 0, 1, 2
# What the decoder starts from says what to write: an answer in a language, the plain text of a
# noisy one, or the topic of a question. `<and>` stands between two answers, `<gap>` for what is hidden.
ENGLISH, CHINESE, PLAIN, TOPIC, AND, GAP = "<en>", "<zh>", "<plain>", "<topic>", "<and>", "<gap>"
CONTROLS = (ENGLISH, CHINESE, PLAIN, TOPIC, AND, GAP)
TAGS = {"en": ENGLISH, "zh": CHINESE}
SLOTS = 256
# A slot is a private-use character inside SentencePiece; people's texts are rid of those first.
_FIRST = 0xE000
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,63})\}")
# Longer questions are cut: an attack must not cost more than a long letter.
CHARACTERS = 1000
# Stands in no text: no piece is learnt across it.
WORD_END = "\u241f"
_FILES = ("subwords.model", "placeholders.json")


class SlotsFullError(Exception):
    """More placeholders than the vocabulary has slots; the text says how many there may be."""


def tidy(question: str) -> str:
    """NFKC, lower case, simplified, single blanks, at most `CHARACTERS`; signs that nobody sees go."""
    composed = unicodedata.normalize("NFKC", question[:CHARACTERS])[:CHARACTERS].lower()
    return " ".join("".join(map(_visible, fold(composed))).split())


def _visible(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind == "Cc":
        return " "
    return "" if kind in ("Cf", "Cs", "Co", "Cn") else sign


class Subwords:
    """Texts to piece numbers and back; `names` says which placeholder has which slot."""

    def __init__(self, model: bytes, names: Sequence[str] = ()) -> None:
        if len(names) > SLOTS:
            raise SlotsFullError(
                f"there are {len(names)} placeholders, more than the {SLOTS} that the answerer has room for:"
                " remove some from the answers"
            )
        self.model = model
        self.names = tuple(names)
        self._pieces = sentencepiece.SentencePieceProcessor(model_proto=model)
        self._slots = {name: chr(_FIRST + slot) for slot, name in enumerate(self.names)}

    @classmethod
    def load(cls, folder: Path) -> Subwords:
        names = json.loads((folder / _FILES[1]).read_text(encoding="utf-8"))
        return cls((folder / _FILES[0]).read_bytes(), names)

    def save(self, folder: Path) -> tuple[str, ...]:
        """Writes the vocabulary into `folder` and says which files it is."""
        (folder / _FILES[0]).write_bytes(self.model)
        (folder / _FILES[1]).write_text(json.dumps(self.names, indent=0) + "\n", encoding="utf-8")
        return _FILES

    def with_names(self, names: Iterable[str]) -> Subwords:
        """The same pieces with further placeholders taken up; those known keep their slots."""
        return Subwords(self.model, tuple(dict.fromkeys([*self.names, *names])))

    @property
    def size(self) -> int:
        return int(self._pieces.get_piece_size())

    @cached_property
    def controls(self) -> dict[str, int]:
        return {name: int(self._pieces.piece_to_id(name)) for name in CONTROLS}

    def encode(self, text: str, sample: float = 0.0) -> list[int]:
        """Piece numbers of `text`. With `sample` > 0 one of all ways to cut it is drawn: the smaller,
        the wilder (`alpha` of Kudo 2018)."""
        sound = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate becomes "?"
        marked = PLACEHOLDER.sub(self._marked, sound)
        if sample:
            return list(
                self._pieces.encode(marked, enable_sampling=True, alpha=sample, nbest_size=-1)
            )
        return list(self._pieces.encode(marked))

    def decode(self, numbers: Sequence[int]) -> str:
        """The text of piece numbers; control pieces and slots without a name are left out."""
        return self._named(self._pieces.decode([int(number) for number in numbers]))

    def shown(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """Each piece as a person may read it: `▁` is a blank, `</s>` the end."""
        return tuple(self._named(self._pieces.id_to_piece(int(number))) for number in numbers)

    def spelled(self, number: int) -> list[int]:
        """The bytes that spell a piece, as piece numbers."""
        written = str(self._pieces.id_to_piece(number)).replace("▁", " ").encode()
        return [self.bytes[byte] for byte in written]

    @cached_property
    def bytes(self) -> list[int]:
        """The pieces of all 256 bytes."""
        return [int(self._pieces.piece_to_id(f"<0x{byte:02X}>")) for byte in range(256)]

    @cached_property
    def slots(self) -> list[int]:
        """The pieces of the named placeholders."""
        return [int(self._pieces.piece_to_id(sign)) for sign in self._slots.values()]

    def _marked(self, found: re.Match[str]) -> str:
        return self._slots.get(found[1], found[0])

    def _named(self, text: str) -> str:
        return re.sub(
            "[\ue000-\ue0ff]",
            lambda found: (
                "{" + self.names[slot] + "}"
                if (slot := ord(found[0]) - _FIRST) < len(self.names)
                else ""
            ),
            text,
        )


def learn(texts: Iterable[str], size: int, names: Sequence[str] = ()) -> Subwords:
    """Learns `size` pieces from texts; the same texts give the same pieces."""
    written = io.BytesIO()
    slots = [chr(_FIRST + slot) for slot in range(SLOTS)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([PLACEHOLDER.sub(" ", text) for text in texts]),
        model_writer=written,
        vocab_size=size,
        model_type="unigram",
        character_coverage=0.9999,
        byte_fallback=True,
        pretokenization_delimiter=WORD_END,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        pad_id=PAD, unk_id=UNKNOWN, eos_id=END, bos_id=-1,
        pad_piece="<pad>", unk_piece="<unk>", eos_piece="</s>",
        control_symbols=list(CONTROLS),
        user_defined_symbols=["\n", *slots],
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
    )  # fmt: skip
    return Subwords(written.getvalue(), names)


def placeholders(texts: Iterable[str]) -> list[str]:
    """The names of all placeholders, in the order of their first use."""
    return list(dict.fromkeys(name for text in texts for name in PLACEHOLDER.findall(text)))
