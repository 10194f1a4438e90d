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
# What the decoder starts from says what to write: an answer in a language, or the topic of a question.
# `<and>` stands between two answers, `<gap>` for what is hidden.
ENGLISH, CHINESE, TOPIC, AND, GAP = "<en>", "<zh>", "<topic>", "<and>", "<gap>"
CONTROLS = (ENGLISH, CHINESE, TOPIC, AND, GAP)
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

    def encode(self, text: str) -> list[int]:
        """Piece numbers of `text`."""
        sound = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate becomes "?"
        return list(self._pieces.encode(PLACEHOLDER.sub(self._marked, sound)))

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


class Shortlist:
    """Some pieces of a vocabulary, numbered by their place: those that answers of one shop are written with.

    Padding, the unknown piece and the end keep their numbers.
    """

    def __init__(self, subwords: Subwords, pieces: Iterable[int]) -> None:
        self.subwords = subwords
        self.pieces = tuple(sorted({PAD, UNKNOWN, END, *pieces}))
        self._places = {piece: place for place, piece in enumerate(self.pieces)}

    @classmethod
    def of(cls, subwords: Subwords, texts: Iterable[str]) -> Shortlist:
        """What these texts are written with; bytes are among them, so that no text is impossible."""
        used = {piece for text in texts for piece in subwords.encode(text)}
        kept = (*subwords.controls.values(), *subwords.bytes, *subwords.slots)
        return cls(subwords, {*kept, *used})

    @classmethod
    def whole(cls, subwords: Subwords) -> Shortlist:
        """Every piece."""
        return cls(subwords, range(subwords.size))

    def control(self, name: str) -> int:
        """The place of a control piece."""
        return self._places[self.subwords.controls[name]]

    def target(self, text: str) -> list[int]:
        """Places of a text's pieces, its parts (`... <and> ...`) joined by the control piece.

        A piece that is not among these is spelled in bytes.
        """
        places: list[int] = []
        for part in text.split(f" {AND} "):
            places += [self.control(AND)] if places else []
            places += [place for piece in self.subwords.encode(part) for place in self._at(piece)]
        return places

    def parts(self, places: Sequence[int]) -> tuple[str, ...]:
        """The texts that places stand for, one for each question that was answered; the end is left out."""
        groups: list[list[int]] = [[]]
        for place in places:
            if place == self.control(AND):
                groups.append([])
            elif place != END:
                groups[-1].append(self.pieces[place])
        found = (self.subwords.decode(group).strip() for group in groups)
        return tuple(part for part in found if part)

    def shown(self, places: Sequence[int]) -> tuple[str, ...]:
        """As `Subwords.shown`."""
        return self.subwords.shown([self.pieces[place] for place in places])

    def _at(self, piece: int) -> list[int]:
        known = [piece] if piece in self._places else self.subwords.spelled(piece)
        return [self._places[one] for one in known]


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
