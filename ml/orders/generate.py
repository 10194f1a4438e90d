"""Writes synthetic order messages, labelled piece by piece, over random catalogues.

Nothing here was ever sent by a customer: every message is SYNTHETIC and says so wherever it is
shown or measured. Each message comes with the spans that the tagger should find, the catalogue it
was written over, and the orders a careful reader would write down.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ml.orders.data import Sources
from ml.orders.people import People, chinese_nouns, lexicon, words
from ml.orders.types import CatalogueItem, Label, Span

Piece = tuple[str, Label | None]


@dataclass(frozen=True, slots=True)
class GoldLine:
    """What was ordered in the end; `sku` is empty when the item is not in the catalogue."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class GoldOrder:
    """The truth about one order of a message."""

    name: str
    phone: str
    address: str
    lines: tuple[GoldLine, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One synthetic message."""

    text: str
    spans: tuple[Span, ...]
    catalogue: tuple[CatalogueItem, ...]
    orders: tuple[GoldOrder, ...]
    chinese: bool


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a random catalogue in both languages, its variants each an item of their own."""

    base: str
    base_zh: str
    units: tuple[str, ...]
    units_zh: tuple[str, ...]
    variants: tuple[tuple[str, str], ...]
    items: tuple[CatalogueItem, ...]


@dataclass(slots=True)
class Line:
    """One wish of a customer while its message is being written."""

    product: Product
    variant: int
    quantity: int
    chinese: bool
    words: str
    sku: str

    @property
    def gold(self) -> GoldLine:
        return GoldLine(self.sku, self.quantity)


@dataclass(slots=True)
class Party:
    """Who gets it; an empty text means it is not said."""

    name: str = ""
    phone: str = ""
    address: str = ""


@dataclass(slots=True)
class Draft:
    """One order while its message is being written."""

    party: Party
    lines: list[Line]
    extras: list[list[Piece]] = field(default_factory=list)


ENGLISH_NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
CHINESE_NUMBERS = [
    "零",
    "一",
    "二",
    "三",
    "四",
    "五",
    "六",
    "七",
    "八",
    "九",
    "十",
    "十一",
    "十二",
    "十三",
    "十四",
    "十五",
    "十六",
    "十七",
    "十八",
    "十九",
    "二十",
]


class Shop:
    """A random catalogue of 5 to 60 products."""

    def __init__(self, rng: random.Random, names: Sequence[str]) -> None:
        self.rng = rng
        self.names = names
        self.products = [
            self._product(self._code(i)) for i in range(rng.choice((6, 12, 20, 30, 45)))
        ]
        self.items = tuple(item for product in self.products for item in product.items)

    def _code(self, number: int) -> str:
        letters = "".join(
            self.rng.choice(string.ascii_uppercase) for _ in range(self.rng.choice((2, 3, 3, 4)))
        )
        return f"{letters}{self.rng.choice(('-', '-', '', '_'))}{number:02d}"

    def _product(self, sku: str) -> Product:
        entry = self.rng.choice(words("products")).split("|")
        base, base_zh, units, units_zh, kinds = entry
        if self.rng.random() < 0.6:
            adjective, adjective_zh = self.rng.choice(words("adjectives")).split("|")
            base, base_zh = f"{adjective} {base}", adjective_zh + base_zh
        base, base_zh = self._strange(base, base_zh)
        if self.rng.random() < 0.35:
            base, base_zh = self._packed(base, base_zh)
        variants = self._variants(kinds)
        codes = [f"{sku}-{self._suffix(v[0], i)}" if v[0] else sku for i, v in enumerate(variants)]
        items = tuple(
            self._item(code, base, base_zh, v) for code, v in zip(codes, variants, strict=True)
        )
        return Product(
            base, base_zh, tuple(units.split(",")), tuple(units_zh.split(",")), variants, items
        )

    def _suffix(self, variant: str, number: int) -> str:
        letters = "".join(c for c in variant.upper() if c.isalnum())[: self.rng.choice((1, 3, 4))]
        return letters + str(number)

    def _strange(self, base: str, base_zh: str) -> tuple[str, str]:
        """Names from elsewhere, so that no word list is enough: shop invoices, nouns, made-up brands."""
        roll = self.rng.random()
        if self.names and roll < 0.2:
            base = self.rng.choice(self.names)
        elif roll < 0.28:
            base = f"{_made_up(self.rng)} {base}"
        if self.rng.random() < 0.25:
            base_zh = self.rng.choice(chinese_nouns()) + self.rng.choice(
                ("", base_zh[-2:], base_zh)
            )
        return base, base_zh

    def _packed(self, base: str, base_zh: str) -> tuple[str, str]:
        """Names that say how much is in a pack: counting words are then words of the catalogue too."""
        n = self.rng.choice((2, 3, 5, 6, 10, 12, 20, 24, 50, 100, 500))
        size, size_zh = self.rng.choice(
            (
                ("500 g", "500克"),
                ("1 L", "1升"),
                ("280 g", "280克"),
                ("0.5 mm", "0.5毫米"),
                ("70%", "70%"),
                ("35 x 75 cm", "35×75厘米"),
            )
        )
        word, word_zh = self.rng.choice(
            (
                ("packs", "包"),
                ("rolls", "卷"),
                ("bags", "袋"),
                ("sheets", "张"),
                ("pcs", "支"),
                ("bottles", "瓶"),
            )
        )
        tail, tail_zh = self.rng.choice(
            (
                (f"{n} {word}", f"{n}{word_zh}"), (f"{n} {word}", f"{n}{word_zh}装"), (f"box of {n}", f"{n}盒"), (f"case of {n}", f"×{n}盒整箱"),
                (f"pack of {n}", f"{n}本装"), ("single", "单盒"), (f"{size} tin", f"{size_zh}罐装"), (size, size_zh), ("with lid", "带盖"), (f"bag of {n}", f"{n}片袋装"),
            )
        )  # fmt: skip
        return (
            f"{base}{self.rng.choice((', ', ' '))}{tail}",
            f"{base_zh}{self.rng.choice((' ', ''))}{tail_zh}",
        )

    def _variants(self, kinds: str) -> tuple[tuple[str, str], ...]:
        table = lexicon()["variants"]
        named = [k for k in kinds.split(",") if k]
        if not named or not isinstance(table, dict) or self.rng.random() < 0.3:
            return (("", ""),)
        chosen = table[self.rng.choice(named)]
        some = self.rng.sample(chosen, min(len(chosen), self.rng.choice((1, 2, 2, 3, 4))))
        return tuple((v.split("|")[0], v.split("|")[1]) for v in some)

    def _item(self, sku: str, base: str, base_zh: str, variant: tuple[str, str]) -> CatalogueItem:
        word, word_zh = variant
        name = self.rng.choice(
            (f"{base}, {word}", f"{base} {word}", f"{base} ({word})", f"{word} {base}")
        )
        name_zh = self.rng.choice(
            (f"{base_zh} {word_zh}", f"{word_zh}{base_zh}", f"{base_zh}（{word_zh}）")
        )
        if not word:
            name, name_zh = base, base_zh
        aliases = [f"{word} {base.split()[-1]}".strip(), f"{word_zh}{base_zh[-3:]}"]
        kept = tuple(a for a in aliases if self.rng.random() < 0.5)
        cents = self.rng.choice((self.rng.randint(2, 300) * 100, self.rng.randint(99, 29999)))
        title = name.title() if self.rng.random() < 0.4 else name
        return CatalogueItem(
            sku, title, name_zh if self.rng.random() < 0.9 else "", "", cents, kept
        )


def _made_up(rng: random.Random) -> str:
    syllables = (
        "ka",
        "lo",
        "vi",
        "ne",
        "tor",
        "bri",
        "zen",
        "mo",
        "sul",
        "ari",
        "pex",
        "nova",
        "tek",
        "lux",
        "dor",
        "el",
        "fin",
        "gro",
    )
    word = "".join(rng.choice(syllables) for _ in range(rng.choice((2, 2, 3))))
    return rng.choice(
        (
            word.title(),
            word,
            word.upper() + str(rng.randint(1, 900)),
            word.title() + "-" + str(rng.randint(1, 50)),
        )
    )


class Writer:
    """Writes messages, one after the other, from one seed."""

    def __init__(self, seed: int, sources: Sources | None = None) -> None:
        self.rng = random.Random(seed)
        self.sources = sources or Sources()
        self.people = People(self.rng, self.sources.addresses)
        self.shop = Shop(self.rng, self.sources.names)
        self.zh = False

    def messages(self, count: int) -> Iterator[Message]:
        for number in range(count):
            if number % 5 == 0:
                self.shop = Shop(self.rng, self.sources.names)
            yield self.message()

    def message(self) -> Message:
        self.zh = self.rng.random() < 0.5
        pieces, drafts = self._junk() if self.rng.random() < 0.1 else self._orders()
        pieces = Noise(self.rng, self.zh).apply(pieces)
        text, spans = joined(pieces)
        orders = tuple(
            GoldOrder(
                d.party.name, d.party.phone, d.party.address, tuple(line.gold for line in d.lines)
            )
            for d in drafts
        )
        items = () if self.rng.random() < 0.04 else self._shown_items(drafts)
        return Message(text, spans, items, orders, self.zh)

    def _shown_items(self, drafts: Sequence[Draft]) -> tuple[CatalogueItem, ...]:
        """The catalogue, sometimes without something that was ordered: the tagger must still see it."""
        hidden = {line.sku for d in drafts for line in d.lines if self.rng.random() < 0.08}
        return tuple(item for item in self.shop.items if item.sku not in hidden)

    # Small choices

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, *options: str) -> str:
        return self.rng.choice(options)

    def word(self, name: str) -> str:
        return self.rng.choice(words(f"{name}_{'zh' if self.zh else 'en'}"))

    def filled(self, template: str) -> str:
        item = self.rng.choice(self.shop.products)
        shown = (item.base_zh if self.zh else item.base).lower()
        number = str(self.rng.randint(20, 99999))
        return (
            template.replace("{n}", number)
            .replace("{k}", str(self.rng.randint(2, 40)))
            .replace("{item}", shown)
        )

    def framed(self, template: str, words_: str, label: Label) -> list[Piece]:
        left, _, right = template.partition("{}")
        return [(left, None), (words_, label), (right, None)]

    # Lines

    def line(self) -> Line:
        product = self.rng.choice(self.shop.products)
        variant = self.rng.randrange(len(product.items))
        chinese = self.zh if not self.chance(0.07) else not self.zh
        quantity = self.rng.choice(
            (
                1,
                1,
                1,
                2,
                2,
                2,
                3,
                3,
                4,
                5,
                6,
                8,
                10,
                12,
                20,
                self.rng.randint(1, 60),
                self.rng.randint(1, 500),
            )
        )
        shown = self._item_words(product, variant, chinese, quantity)
        return Line(product, variant, quantity, chinese, shown, product.items[variant].sku)

    def _item_words(self, product: Product, variant: int, chinese: bool, quantity: int) -> str:
        item = product.items[variant]
        word, word_zh = product.variants[variant]
        base, aside = (product.base_zh, word_zh) if chinese else (product.base, word)
        full = (item.name_zh or item.name) if chinese else item.name
        roll = self.rng.random()
        if roll < 0.25:
            return full
        if roll < 0.28:
            return item.sku
        if roll < 0.38 and item.aliases:
            return self.rng.choice(item.aliases)
        if chinese:
            whole = base if self.chance(0.3) else base.split(" ")[0].split("×")[0]
            short = whole if self.chance(0.7) else whole[-max(2, len(whole) - 2) :]
            bare = aside.removesuffix("色") if self.chance(0.3) else aside
            return (
                self.pick(
                    f"{aside}{short}",
                    f"{bare}{short}",
                    f"{short}{aside}",
                    f"{short} {aside}",
                    f"{aside}的{short}",
                    f"{short}（{aside}）",
                )
                if aside
                else short
            )
        return self._english_words(base, aside, quantity)

    def _english_words(self, base: str, aside: str, quantity: int) -> str:
        whole = base if self.chance(0.3) else base.split(",")[0]
        short = whole if self.chance(0.65) else " ".join(whole.split()[-2:])
        short = short.lower() if self.chance(0.7) else short
        if quantity > 1 and self.chance(0.75) and not short.endswith("s"):
            short = _plural(short)
        if not aside:
            return short
        size = f"size {aside}" if self.chance(0.25) else aside
        return self.pick(
            f"{aside} {short}",
            f"{aside} {short}",
            f"{short} {aside}",
            f"{short}, {size}",
            f"{short} ({size})",
            f"{short} - {aside}",
            f"{short} in {aside}",
        )

    def amount(self, quantity: int) -> str:
        if self.zh:
            return self._chinese_amount(quantity)
        roll = self.rng.random()
        if quantity == 1 and roll < 0.25:
            return self.pick("a", "one", "an")
        if quantity == 2 and roll < 0.12:
            return self.pick("a couple of", "a couple", "a pair of")
        if quantity % 12 == 0 and roll < 0.5:
            many = quantity // 12
            return self.pick("a dozen", "one dozen", "dozen") if many == 1 else f"{many} dozen"
        if quantity == 6 and roll < 0.3:
            return self.pick("half a dozen", "half dozen")
        if quantity <= 20 and roll < 0.3:
            return ENGLISH_NUMBERS[quantity]
        return f"{quantity:,}" if quantity > 999 else str(quantity)

    def _chinese_amount(self, quantity: int) -> str:
        roll = self.rng.random()
        if quantity == 2:
            return "2" if roll < 0.35 else self.pick("两", "两", "两", "俩", "二")
        if quantity == 3 and roll < 0.05:
            return "仨"
        if quantity == 6 and roll < 0.15:
            return "半打"
        if quantity % 12 == 0 and roll < 0.3:
            return (
                f"{'一两三四五六七八九十'[quantity // 12 - 1]}打"
                if quantity // 12 <= 10
                else str(quantity)
            )
        if quantity <= 20 and roll < 0.5:
            return CHINESE_NUMBERS[quantity]
        if quantity % 10 == 0 and quantity < 100 and roll < 0.6:
            return f"{CHINESE_NUMBERS[quantity // 10]}十"
        return str(quantity)

    def price(self, line: Line) -> str:
        cents = line.product.items[line.variant].price_cents or 1000
        number = (
            f"{cents / 100:.2f}"
            if cents % 100
            else self.pick(str(cents // 100), f"{cents / 100:.2f}")
        )
        if self.zh:
            return self.pick(
                f"{number}元", f"¥{number}", f"￥{number}", f"{number}块", number, number
            )
        return self.pick(
            f"${number}",
            f"${number}",
            f"£{number}",
            f"€{number}",
            f"{number} USD",
            number,
            f"${number}",
        )

    def unit(self, line: Line) -> str:
        if self.zh:
            own = line.product.units_zh
            return (
                self.rng.choice(own if self.chance(0.8) else words("units_zh"))
                if not self.chance(0.1)
                else "个"
            )
        own_en = [
            u if line.quantity == 1 or u in ("pc", "kg") else _plural(u) for u in line.product.units
        ]
        return self.rng.choice(own_en if self.chance(0.7) else words("units_en"))

    def line_pieces(self, line: Line) -> list[Piece]:
        if self.zh:
            return self._chinese_line(line)
        return self._english_line(line)

    def _english_line(self, line: Line) -> list[Piece]:
        item: Piece = (line.words, Label.ITEM)
        roll = self.rng.random()
        if line.quantity == 1 and roll < 0.2:
            return [(self.pick("", "the ", "my usual "), None), item]
        spoken = self.amount(line.quantity)
        quantity: Piece = (spoken, Label.QUANTITY)
        digits: Piece = (str(line.quantity), Label.QUANTITY)
        priced = self._priced(line) if self.chance(0.18) else []
        if self.chance(0.02):
            return [
                quantity,
                (" ", None),
                item,
                (", they were ", None),
                (self.price(line), Label.PRICE),
                (" last time", None),
            ]
        if roll < 0.42 or (not spoken.isdigit() and roll < 0.75):
            return [quantity, (" ", None), item, *priced]
        unit: Piece = (self.unit(line), Label.UNIT)
        return self.rng.choice(
            (
                [digits, (self.pick(" x ", "x ", " X ", "× "), None), item, *priced],
                [item, (self.pick(" x", " x ", " *", " × ", " X", "x"), None), digits, *priced],
                [
                    item,
                    (
                        self.pick(" (", " - ", ": ", ", ", " ", " = ", " – ", " qty ", ", qty: "),
                        None,
                    ),
                    digits,
                    *priced,
                ],
                [
                    quantity,
                    (" ", None),
                    unit,
                    (self.pick(" of ", " of ", " ", " of the ", " of your "), None),
                    item,
                    *priced,
                ],
                [quantity, (" ", None), unit, (self.pick(" of ", " "), None), item, *priced],
                [
                    item,
                    (self.pick(" ", ", ", " - ", ": "), None),
                    digits,
                    (self.pick(" ", ""), None),
                    unit,
                    *priced,
                ],
                [
                    quantity,
                    (self.pick(" of the ", " of those ", " of your ", " more "), None),
                    item,
                    *priced,
                ],
                [digits, (self.pick("", " "), None), unit, (" ", None), item, *priced],
                [(self.pick("qty ", "Qty: ", "# "), None), digits, (" ", None), item, *priced],
            )
        )

    def _priced(self, line: Line) -> list[Piece]:
        price: Piece = (self.price(line), Label.PRICE)
        if self.zh:
            unit = self.unit(line)
            return self.rng.choice(
                (
                    [
                        (self.pick("，", " ", ""), None),
                        price,
                        (self.pick(f"一{unit}", f"每{unit}", f"1{unit}", f"一{unit}对吧"), None),
                    ],
                    [(" 单价", None), price],
                    [("@", None), price],
                    [(" ", None), price, (f"/{unit}", None)],
                    [("（", None), price, ("）", None)],
                )
            )
        return self.rng.choice(
            (
                [(" @ ", None), price], [(" at ", None), price, (self.pick(" each", " apiece", " per piece", "", " ea"), None)],
                [(" (", None), price, (self.pick(")", "/pc)", " each)"), None)], [(" for ", None), price, (" each", None)], [(", ", None), price, (" each", None)],
                [(" - ", None), price],
            )
        )  # fmt: skip

    def _chinese_line(self, line: Line) -> list[Piece]:
        item: Piece = (line.words, Label.ITEM)
        if line.quantity == 1 and self.chance(0.15):
            return [item]
        spoken = self.amount(line.quantity)
        quantity: Piece = (spoken, Label.QUANTITY)
        digits: Piece = (str(line.quantity), Label.QUANTITY)
        unit: Piece = (self.unit(line), Label.UNIT)
        priced = self._priced(line) if self.chance(0.15) else []
        if spoken.endswith("打") or spoken in ("俩", "仨"):
            return self.rng.choice(
                (
                    [quantity, item, *priced],
                    [item, quantity, *priced],
                    [item, ("要", None), quantity],
                )
            )
        gap = self.pick("", "", "", " ")
        if self.chance(0.03):
            price: Piece = (self.price(line), Label.PRICE)
            return [
                ("单价", None),
                price,
                ("的", None),
                item,
                (self.pick("拿", "要", "来"), None),
                quantity,
                unit,
            ]
        return self.rng.choice(
            (
                [quantity, unit, (gap, None), item, *priced],
                [quantity, unit, item, *priced],
                [quantity, unit, item, *priced],
                [item, (gap, None), quantity, unit, *priced],
                [item, (gap, None), quantity, unit, *priced],
                [item, (self.pick("x", "*", "×", " x", " *", "X", "x "), None), digits, *priced],
                [
                    item,
                    (self.pick("要", "来", "：", ":", "，", " ", "，要", "拿", " - ", "——"), None),
                    quantity,
                    unit,
                    *priced,
                ],
                [item, (self.pick("（", "("), None), quantity, unit, (self.pick("）", ")"), None)],
                [digits, (self.pick("x", "*", " "), None), item],
                [item, (self.pick(" ", ""), None), digits, *priced],
                [
                    quantity,
                    (self.pick("大", "小", ""), None),
                    unit,
                    (self.pick("的", "", "那个"), None),
                    item,
                ],
            )
        )

    def spread(self) -> tuple[list[Piece], list[Line]] | None:
        """ "navy tee, one M, two L"; 白色两个 蓝色一个: variants with a quantity each."""
        rich = [p for p in self.shop.products if len(p.items) > 1]
        if not rich:
            return None
        product = self.rng.choice(rich)
        chosen = self.rng.sample(
            range(len(product.items)), self.rng.choice((2, 2, min(3, len(product.items))))
        )
        lines, pieces = (
            [],
            [(product.base_zh if self.zh else _plural(product.base).lower(), Label.ITEM)],
        )
        pieces_: list[Piece] = [
            *pieces,
            (
                self.pick("，", " ", "：", "") if self.zh else self.pick(", ", ": ", " - ", " "),
                None,
            ),
        ]
        for place, variant in enumerate(chosen):
            quantity = self.rng.choice((1, 2, 3, 4, 5, 10))
            word = product.variants[variant][1 if self.zh else 0]
            lines.append(
                Line(product, variant, quantity, self.zh, word, product.items[variant].sku)
            )
            if place:
                pieces_.append(
                    (
                        self.pick("，", " ", "、", "")
                        if self.zh
                        else self.pick(", ", " and ", " "),
                        None,
                    )
                )
            pieces_ += self._variant_pieces(lines[-1], word)
        return pieces_, lines

    def _variant_pieces(self, line: Line, word: str) -> list[Piece]:
        named: Piece = (
            word.removesuffix("色") if self.zh and self.chance(0.3) else word,
            Label.VARIANT,
        )
        amount: Piece = (self.amount(line.quantity), Label.QUANTITY)
        if self.zh:
            unit: Piece = (
                self.unit(line) if amount[0] != "俩" and self.chance(0.8) else "",
                Label.UNIT,
            )
            return self.rng.choice(
                (
                    [named, amount, unit],
                    [amount, unit, named],
                    [named, ("x", None), (str(line.quantity), Label.QUANTITY)],
                )
            )
        return self.rng.choice(
            (
                [amount, (" ", None), named],
                [amount, (" in ", None), named],
                [named, (" x", None), (str(line.quantity), Label.QUANTITY)],
                [(str(line.quantity), Label.QUANTITY), (" ", None), named],
            )
        )

    # Fields of the buyer

    def party(self) -> Party:
        chinese = self.zh if not self.chance(0.06) else not self.zh
        said = [self.chance(0.72), self.chance(0.75), self.chance(0.75)]
        return Party(
            self.people.name(chinese if not self.zh else self.chance(0.93)) if said[0] else "",
            self.people.phone(chinese) if said[1] else "",
            self.people.address(chinese) if said[2] else "",
        )

    def name_pieces(self, name: str) -> list[Piece]:
        return self.framed(self.word("name_frames"), name, Label.BUYER)

    def phone_pieces(self, phone: str) -> list[Piece]:
        return self.framed(self.word("phone_frames"), phone, Label.PHONE)

    def address_pieces(self, address: str) -> list[Piece]:
        return self.framed(self.word("address_frames"), address, Label.ADDRESS)

    def party_block(self, party: Party) -> list[Piece]:
        parts = [
            made(value)
            for made, value in (
                (self.name_pieces, party.name),
                (self.phone_pieces, party.phone),
                (self.address_pieces, party.address),
            )
            if value
        ]
        if self.chance(0.4):
            parts = self._bare(party)
        if self.chance(0.4):
            self.rng.shuffle(parts)
        glue = (
            self.pick("，", "\n", " ", "，", "；", "、", "\n", ",")
            if self.zh
            else self.pick(", ", "\n", ". ", " ", "; ", ", ", " / ", "\n", " | ")
        )
        return _glued(parts, glue)

    def _bare(self, party: Party) -> list[list[Piece]]:
        rows: list[Piece] = [
            (party.name, Label.BUYER),
            (party.phone, Label.PHONE),
            (party.address, Label.ADDRESS),
        ]
        return [[row] for row in rows if row[0]]

    def form_block(self, party: Party) -> list[Piece]:
        """The block that a shopping app copies, label by label."""
        if not self.zh:
            labels = self.rng.choice(
                (
                    ("Name", "Phone", "Address"),
                    ("Full name", "Phone number", "Shipping address"),
                    ("Customer", "Contact no.", "Deliver to"),
                    ("NAME", "TEL", "ADDR"),
                )
            )
        else:
            labels = self.rng.choice(
                (
                    ("收货人", "手机号码", "详细地址"),
                    ("收件人", "电话", "地址"),
                    ("姓名", "联系电话", "收货地址"),
                    ("收件人姓名", "手机", "收件地址"),
                    ("【姓名】", "【电话】", "【地址】"),
                )
            )
        colon = (
            self.pick("：", ":", ": ", "： ", " ")
            if self.zh
            else self.pick(": ", ":", " : ", " - ")
        )
        address = party.address
        if self.zh and self.chance(0.2) and len(address) > 10:
            cut = self.rng.randint(6, len(address) - 3)
            address = f"{address[:cut]}\n详细地址{colon}{address[cut:]}"
            labels = (labels[0], labels[1], "所在地区")
            party.address = address
        rows = [
            (labels[0], party.name, Label.BUYER),
            (labels[1], party.phone, Label.PHONE),
            (labels[2], address, Label.ADDRESS),
        ]
        parts: list[list[Piece]] = [
            [(label + colon, None), (value, kind)] for label, value, kind in rows if value
        ]
        if self.chance(0.3):
            self.rng.shuffle(parts)
        return _glued(
            parts, "\n" if self.chance(0.85) else self.pick(" ", "，" if self.zh else ", ")
        )

    # Extras

    def extras(self, shares: tuple[float, float, float] = (0.3, 0.33, 0.25)) -> list[list[Piece]]:
        kinds: tuple[tuple[float, Callable[[], list[Piece]]], ...] = (
            (shares[0], self.payment_pieces),
            (shares[1], self.delivery_pieces),
            (shares[2], self.note_pieces),
        )
        return [made() for share, made in kinds if self.chance(share)]

    def payment_pieces(self) -> list[Piece]:
        return self.framed(self.word("pay_frames"), self.word("payment"), Label.PAYMENT)

    def delivery_pieces(self) -> list[Piece]:
        if self.chance(0.2):
            return self.framed(self.word("carrier_frames"), self.word("carriers"), Label.DELIVERY)
        wish = self.word("delivery") if self.chance(0.5) else self._made_delivery()
        return self.framed(self.word("deliver_frames"), wish, Label.DELIVERY)

    def _made_delivery(self) -> str:
        n, hour = self.rng.randint(1, 31), self.rng.randint(1, 11)
        if self.zh:
            day = self.pick(
                "今天",
                "明天",
                "后天",
                f"{n}号",
                f"{self.rng.randint(1, 12)}月{n}日",
                "下周" + self.rng.choice("一二三四五六日"),
                "周" + self.rng.choice("一二三四五六日"),
                "星期" + self.rng.choice("一二三四五六天"),
                "月底",
                "节前",
            )
            part = self.pick(
                "", "", "上午", "下午", "晚上", f"{hour}点", f"{hour}点半", f"下午{hour}点"
            )
            return day + part + self.pick("前", "之前", "以前", "后", "之后", "", "", "以后")
        weekday = self.pick(
            "Monday",
            "Tuesday",
            "wednesday",
            "Thursday",
            "friday",
            "Sat",
            "sunday",
            "Mon",
            "Fri",
            "tmrw",
            f"the {n}th",
            f"{n}/12",
            f"Dec {n}",
            f"{n} March",
            "the weekend",
            "next week",
            "Easter",
            "tomorrow",
        )
        part = self.pick(
            "",
            "",
            "",
            " morning",
            " afternoon",
            " evening",
            f" before {hour}pm",
            f" after {hour}:30",
            f" at {hour}am",
        )
        return (
            self.pick("by ", "before ", "on ", "after ", "no later than ", "for ", "by ", "")
            + weekday
            + part
        )

    def note_pieces(self) -> list[Piece]:
        return self.framed(self.word("note_frames"), self.word("notes"), Label.NOTE)

    def chatter(self) -> list[Piece]:
        real = self.sources.chatter_zh if self.zh else self.sources.chatter_en
        if real and self.chance(0.65):
            return [(self.rng.choice(real), None)]
        return [(self.filled(self.word("chatter")), None)]

    # Corrections: they change what is true and say so

    def correction(self, draft: Draft) -> list[Piece]:
        kinds = [
            self._fix_quantity,
            self._fix_quantity,
            self._fix_quantity,
            self._fix_last,
            self._swap_item,
            self._fix_phone,
        ]
        if len(draft.lines) > 1:
            kinds += [self._remove_line, self._remove_line]
        return self.rng.choice(kinds)(draft)

    def _cue(self) -> Piece:
        if self.zh:
            return (
                self.pick(
                    "不对",
                    "等等",
                    "不对不对",
                    "说错了",
                    "改一下",
                    "啊不",
                    "等下",
                    "哦不",
                    "更正一下",
                    "打错了",
                    "不好意思",
                    "改主意了",
                ),
                Label.CHANGE,
            )
        return (
            self.pick(
                "no",
                "no wait",
                "actually",
                "sorry",
                "oh wait",
                "correction",
                "scratch that",
                "I mean",
                "on second thought",
                "oops",
                "wait",
                "hang on",
                "sorry I meant",
                "no sorry",
                "edit",
            ),
            Label.CHANGE,
        )

    def _short(self, line: Line) -> Piece:
        """The item once more, in fewer words."""
        if self.zh or any(ord(c) > 0x3000 for c in line.words):
            return (
                line.words if self.chance(0.6) else line.words[-max(2, len(line.words) // 2) :],
                Label.ITEM,
            )
        return (self.pick(line.words, line.words.split()[-1], line.words), Label.ITEM)

    def _fix_quantity(self, draft: Draft) -> list[Piece]:
        line = self.rng.choice(draft.lines)
        line.quantity = self.rng.choice(
            [n for n in (1, 2, 3, 4, 5, 6, 8, 10, 12) if n != line.quantity]
        )
        amount: Piece = (self.amount(line.quantity) if line.quantity > 1 else "1", Label.QUANTITY)
        if self.zh:
            unit: Piece = (self.unit(line) if amount[0][-1] not in "俩仨打" else "", Label.UNIT)
            to = self.pick("改成", "改为", "要", "还是要", "换成", "变成", "改")
            return (
                [self._cue(), ("，", None), self._short(line), (to, Label.CHANGE), amount, unit]
                if self.chance(0.5)
                else [self._short(line), (to if "改" in to else "改成", Label.CHANGE), amount, unit]
            )
        frames = (
            [
                self._cue(),
                (self.pick(", ", " "), None),
                (self.pick("make the", "make that", "change the"), Label.CHANGE),
                (" ", None),
                self._short(line),
                (self.pick(" ", " to "), None),
                amount,
            ],
            [
                (self.pick("make", "change", "please change"), Label.CHANGE),
                (self.pick(" the ", " "), None),
                self._short(line),
                (self.pick(" to ", " "), None),
                amount,
            ],
            [
                self._cue(),
                (self.pick(", ", " ", " - "), None),
                amount,
                (" ", None),
                self._short(line),
            ],
            [
                (
                    self.pick("should be", "better make it", "I meant", "actually make it"),
                    Label.CHANGE,
                ),
                (" ", None),
                amount,
                (" ", None),
                self._short(line),
            ],
        )
        return list(self.rng.choice(frames))

    def _fix_last(self, draft: Draft) -> list[Piece]:
        line = draft.lines[-1]
        line.quantity = self.rng.choice(
            [n for n in (1, 2, 3, 4, 5, 6, 8, 10) if n != line.quantity]
        )
        amount: Piece = (self.amount(line.quantity) if line.quantity > 1 else "1", Label.QUANTITY)
        if self.zh:
            unit: Piece = (self.unit(line) if amount[0][-1] not in "俩仨打" else "", Label.UNIT)
            return [
                self._cue(),
                (self.pick("，", "", " "), None),
                (self.pick("要", "改成", "是", "来"), Label.CHANGE),
                amount,
                unit,
            ]
        return [
            self._cue(),
            (self.pick(", ", " ", "... "), None),
            (self.pick("make it", "make that", "let's say", "I need", "better"), Label.CHANGE),
            (" ", None),
            amount,
        ]

    def _remove_line(self, draft: Draft) -> list[Piece]:
        line = draft.lines.pop(self.rng.randrange(len(draft.lines)))
        short = self._short(line)
        if self.zh:
            return self.rng.choice(
                (
                    [
                        short,
                        (
                            self.pick("不要了", "先不要了", "就不要了", "取消", "去掉吧", "算了"),
                            Label.REMOVE,
                        ),
                    ],
                    [(self.pick("去掉", "取消", "删掉", "不要"), Label.REMOVE), short],
                    [
                        self._cue(),
                        ("，", None),
                        short,
                        (self.pick("不要了", "不用了"), Label.REMOVE),
                    ],
                    [("把", None), short, (self.pick("去掉", "删了", "取消掉"), Label.REMOVE)],
                )
            )
        return self.rng.choice(
            (
                [
                    (
                        self.pick(
                            "remove",
                            "take off",
                            "cancel",
                            "forget",
                            "skip",
                            "leave out",
                            "drop",
                            "scratch",
                            "no need for",
                            "don't send",
                            "please remove",
                            "without",
                        ),
                        Label.REMOVE,
                    ),
                    (self.pick(" the ", " "), None),
                    short,
                ],
                [
                    self._cue(),
                    (self.pick(", ", " "), None),
                    (self.pick("remove", "forget", "cancel", "skip", "no"), Label.REMOVE),
                    (self.pick(" the ", " "), None),
                    short,
                ],
                [
                    short,
                    (" ", None),
                    (
                        self.pick("not needed anymore", "no longer needed", "cancelled"),
                        Label.REMOVE,
                    ),
                ],
            )
        )

    def _swap_item(self, draft: Draft) -> list[Piece]:
        line = self.rng.choice(draft.lines)
        old, new = self._short(line), self.line()
        line.product, line.variant, line.sku, line.words, line.chinese = (
            new.product,
            new.variant,
            new.sku,
            new.words,
            new.chinese,
        )
        item: Piece = (new.words, Label.ITEM)
        if self.zh:
            return [
                (self.pick("把", "", "那个"), None),
                old,
                (self.pick("换成", "改成", "换"), Label.CHANGE),
                item,
            ]
        return [
            (self.pick("change", "swap", "replace", "actually change", "switch"), Label.CHANGE),
            (self.pick(" the ", " "), None),
            old,
            (self.pick(" to ", " for ", " with ", " for the "), None),
            item,
        ]

    def _fix_phone(self, draft: Draft) -> list[Piece]:
        if not draft.party.phone:
            return self._fix_last(draft)
        draft.party.phone = self.people.phone(self.zh)
        piece: Piece = (draft.party.phone, Label.PHONE)
        if self.zh:
            return [self._cue(), (self.pick("，电话是", "电话写错了，是", "，手机号"), None), piece]
        return [
            self._cue(),
            (self.pick(", my number is ", " the phone is ", ", new phone "), None),
            piece,
        ]

    # Whole orders and messages

    def draft(self, most: int = 5) -> Draft:
        count = self.rng.choice((1, 1, 1, 2, 2, 3, 4, most))
        lines: list[Line] = []
        while len(lines) < count:
            line = self.line()
            if all(line.sku != other.sku for other in lines) or self.chance(0.2):
                lines.append(line)
            count -= 1 if self.chance(0.05) else 0
        return Draft(self.party(), lines or [self.line()])

    def list_pieces(self, draft: Draft) -> list[Piece]:
        """The lines, as a sentence or a list."""
        parts = [self.line_pieces(line) for line in draft.lines]
        if self.chance(0.1) and (extra := self.spread()):
            parts.append(extra[0])
            draft.lines.extend(extra[1])
        if len(draft.lines) == len(parts) >= 2 and self.chance(0.05):
            return self._each(draft)
        if self.chance(0.1):
            parts[-1] = [
                *parts[-1],
                (self.pick("，", " ") if self.zh else ", ", None),
                *self._fix_last(draft),
            ]
        if self.chance(0.3):
            bullet = self.pick("- ", "* ", "", "• ", "", "> ", "1")
            rows = [
                [(f"{i + 1}. " if bullet == "1" else bullet, None), *p] for i, p in enumerate(parts)
            ]
            return [("\n", None), *_glued(rows, "\n")]
        if self.zh:
            return _glued(
                parts, self.pick("，", "、", "，", " ", "和", "，还有", "；", ",", "+", "，再来")
            )
        glue = self.pick(", ", ", ", " and ", ", ", "; ", " + ", " ", ",", ". ")
        last = self.pick(" and ", ", and ", " & ", " plus ", " and also ") if len(parts) > 1 else ""
        return _glued(parts, glue, last) if self.chance(0.7) else _glued(parts, glue)

    def _each(self, draft: Draft) -> list[Piece]:
        quantity = self.rng.choice((1, 2, 3, 5))
        for line in draft.lines:
            line.quantity = quantity
        items: list[list[Piece]] = [[(line.words, Label.ITEM)] for line in draft.lines]
        if self.zh:
            return [
                *_glued(items, "、", "和"),
                ("各", None),
                (self.amount(quantity), Label.QUANTITY),
                (self.unit(draft.lines[-1]) if self.chance(0.8) else "", Label.UNIT),
            ]
        amount: Piece = (str(quantity) if quantity == 1 else self.amount(quantity), Label.QUANTITY)
        return [*_glued(items, ", ", " and "), (", ", None), amount, (" each", None)]

    def chat(self, draft: Draft) -> list[Piece]:
        """A chat message: greeting, wish, who, how, in any order."""
        order = [*self._opening(), *self.list_pieces(draft)]
        parts = [order]
        if draft.party.name or draft.party.phone or draft.party.address:
            parts.append(
                self.form_block(draft.party) if self.chance(0.2) else self.party_block(draft.party)
            )
        parts += self.extras()
        for _ in range(self.rng.choice((0, 0, 0, 1, 1, 2, 3))):
            parts.append(self.chatter())
        if self.chance(0.45):
            self.rng.shuffle(parts)
        if self.chance(0.2):
            parts.append(self.correction(draft))
        if self.chance(0.4):
            parts.append([(self.word("closings"), None)])
        parts = [p for p in parts if p]
        if self.zh:
            return _glued(parts, self.pick("，", "。", " ", "\n", "，", "；", "~", "\n\n"))
        return _glued(parts, self.pick(". ", ", ", " ", "\n", ". ", "! ", "\n\n", "; "))

    def spoken(self, draft: Draft) -> list[Piece]:
        """Dictated: no marks, fillers between, numbers as words."""
        fillers = words("fillers_zh" if self.zh else "fillers_en")
        blank = "" if self.zh else " "
        parts: list[list[Piece]] = [
            [(self.word("intros"), None)],
            *(self.line_pieces(line) for line in draft.lines),
        ]
        wishes = [
            made(value)
            for made, value in (
                (self.name_pieces, draft.party.name),
                (self.phone_pieces, draft.party.phone),
                (self.address_pieces, draft.party.address),
            )
            if value
        ]
        parts += [*wishes, *self.extras((0.2, 0.3, 0.15))]
        out: list[Piece] = []
        for part in parts:
            if self.chance(0.4):
                out.append((f"{self.rng.choice(fillers)}{blank}", None))
            out.extend(part)
            out.append((blank, None))
        return [
            (text.lower().replace("：", "").replace(": ", " ") if label is None else text, label)
            for text, label in out
        ]

    def _opening(self) -> list[Piece]:
        greeting = self.word("greetings") if self.chance(0.5) else ""
        intro = self.word("intros") if self.chance(0.75) else ""
        if self.zh:
            return [
                (greeting + (self.pick("，", " ", "，") if greeting else ""), None),
                (intro, None),
            ]
        return [
            (greeting + (self.pick(" ", ", ", "\n") if greeting else ""), None),
            (intro + (" " if intro else ""), None),
        ]

    def mail(self, draft: Draft) -> list[Piece]:
        """An e-mail with a subject, a list, an address block and a signature."""
        zh = self.zh
        pieces: list[Piece] = []
        if self.chance(0.4):
            pieces.append(
                (
                    self.pick("主题：订货\n\n", "标题: 采购单\n")
                    if zh
                    else self.pick(
                        "Subject: Order\n\n", "Subject: Re: Quote {n}\n\n", "Subject: PO {n}\n"
                    ),
                    None,
                )
            )
        pieces.append((f"{self.word('greetings')}\n\n", None))
        if self.chance(0.6):
            pieces.append(
                (
                    self.filled(self.word("chatter")) + self.pick("。\n", "\n")
                    if zh
                    else self.filled(self.word("chatter")).capitalize() + ".\n",
                    None,
                )
            )
        pieces.append((self.word("intros") + ("：\n" if zh else ":\n"), None))
        bullet = self.pick("- ", "", "* ", "> ", "• ", "  ")
        rows = [[(bullet, None), *self.line_pieces(line)] for line in draft.lines]
        pieces += [*_glued(rows, "\n"), (self.pick("\n\n", "\n"), None)]
        signed = (
            Party("", draft.party.phone, draft.party.address) if self.chance(0.5) else draft.party
        )
        block = self.form_block(signed) if self.chance(0.4) else self.party_block(signed)
        if block and signed is not draft.party:
            draft.party.address = signed.address
        extras = _glued(
            self.extras(), self.pick(". ", "\n", ".\n") if not zh else self.pick("。", "\n", "，")
        )
        middle = [part for part in (block, extras) if part]
        if self.chance(0.3):
            middle.reverse()
        pieces += _glued(middle, "\n\n" if self.chance(0.6) else "\n")
        if self.chance(0.15):
            pieces += [("\n", None), *self.correction(draft)]
        pieces.append((f"\n\n{self.word('closings')}", None))
        if signed is not draft.party and draft.party.name:
            pieces += [("\n", None), (draft.party.name, Label.BUYER)]
        return pieces

    def table(self, draft: Draft) -> list[Piece]:
        """Rows copied from a sheet: tabs, bars or commas."""
        bar = self.pick("\t", "\t", "\t", " | ", ",", ";", "  ")
        order = self.rng.sample(("item", "quantity"), 2)
        if self.chance(0.5):
            order.insert(self.rng.randint(1, 2), "price")
        if self.chance(0.35):
            order.insert(self.rng.randint(0, len(order)), "unit")
        coded = self.chance(0.2)
        apart = bar if self.chance(0.25) else ""
        heads = {
            "item": ("品名", "Item"),
            "quantity": ("数量", "Qty"),
            "price": ("单价", "Unit price"),
            "unit": ("单位", "Unit"),
        }
        rows: list[list[Piece]] = []
        if self.chance(0.6):
            head = bar.join(heads[name][0 if self.zh else 1] for name in order)
            if apart:
                head = head.replace("Item", f"Item{bar}Colour").replace("品名", f"品名{bar}规格")
            rows.append([((f"#{bar}" if coded else "") + head, None)])
        for number, line in enumerate(draft.lines, 1):
            cells = [self._cell(name, line, apart) for name in order]
            rows.append(
                [*([(f"{number}{bar}", None)] if coded else []), *_glued([[c] for c in cells], bar)]
            )
        pieces = _glued(rows, "\n")
        if self.chance(0.3):
            pieces.append(
                (f"\n{'合计' if self.zh else 'Total'}{bar}{self.rng.randint(20, 9000)}", None)
            )
        block = self.form_block(draft.party) if self.chance(0.5) else self.party_block(draft.party)
        extras = [[("\n", None), *extra] for extra in self.extras()]
        after: list[Piece] = [("\n" if self.chance(0.6) else "\n\n", None), *block] if block else []
        tail = [piece for extra in extras for piece in extra]
        return (
            [*pieces, *after, *tail]
            if self.chance(0.6) or not block
            else [*block, ("\n", None), *pieces, *tail]
        )

    def _cell(self, name: str, line: Line, bar: str = "") -> Piece:
        if name == "item":
            word = line.product.variants[line.variant][1 if self.zh else 0]
            base = line.product.base_zh if self.zh else line.product.base
            return (f"{base}{bar}{word}" if bar and word else line.words, Label.ITEM)
        if name == "quantity":
            return (str(line.quantity), Label.QUANTITY)
        return (self.unit(line), Label.UNIT) if name == "unit" else (self.price(line), Label.PRICE)

    def terse(self, draft: Draft) -> list[Piece]:
        """Everything in a row, as little as possible between."""
        parts = (
            [self.line_pieces(line) for line in draft.lines]
            + self._bare(draft.party)
            + self.extras((0.15, 0.15, 0.1))
        )
        if self.chance(0.5):
            self.rng.shuffle(parts)
        return _glued(
            parts,
            self.pick("，", " ", " ", "\n", ",")
            if self.zh
            else self.pick(", ", " ", "\n", " / ", ","),
        )

    def form(self, draft: Draft) -> list[Piece]:
        """A filled-in form: every row a label and a value."""
        colon = self.pick("：", ":") if self.zh else ": "
        item = (
            self.pick("商品", "产品", "品名", "内容", "货品", "订购")
            if self.zh
            else self.pick("Item", "Product", "Order", "Items", "I want")
        )
        rows: list[list[Piece]] = (
            [[*self.form_block(draft.party)]] if self._bare(draft.party) else []
        )
        for line in draft.lines:
            if self.chance(0.35):
                many = (
                    self.pick("数量", "件数")
                    if self.zh
                    else self.pick("Qty", "Quantity", "How many")
                )
                rows.append(
                    [
                        (item + colon, None),
                        (line.words, Label.ITEM),
                        ("\n" + many + colon, None),
                        (str(line.quantity), Label.QUANTITY),
                    ]
                )
            else:
                rows.append([(item + colon, None), *self.line_pieces(line)])
        rows += self.extras((0.4, 0.4, 0.4))
        if self.chance(0.4):
            self.rng.shuffle(rows)
        return _glued(rows, "\n")

    def _one(self, draft: Draft) -> list[Piece]:
        style = self.rng.choices(
            (self.chat, self.mail, self.table, self.terse, self.form, self.spoken),
            (50, 13, 10, 13, 12, 6),
        )[0]
        return style(draft)

    def _orders(self) -> tuple[list[Piece], list[Draft]]:
        if self.chance(0.86):
            draft = self.draft()
            return self._one(draft), [draft]
        if self.chance(0.2):
            return self._rows()
        return self._several()

    def _several(self) -> tuple[list[Piece], list[Draft]]:
        drafts = [self.draft(3) for _ in range(self.rng.choice((2, 2, 2, 3, 4)))]
        style = self.rng.choice((self.chat, self.terse, self.form, self.terse, self._for_someone))
        heading = self._heading()
        pieces: list[Piece] = []
        if self.chance(0.3):
            pieces.append((self.word("greetings") + ("，" if self.zh else "\n"), None))
        if self.chance(0.25):
            pieces.append(
                (
                    self.pick("一共两单\n", "分开寄：\n", "帮我下几单\n", "几个地址：\n")
                    if self.zh
                    else self.pick(
                        "two orders please\n",
                        "separate parcels:\n",
                        "A few orders:\n",
                        "three deliveries for you\n",
                    ),
                    None,
                )
            )
        if self.chance(0.12):
            pieces += [
                *self._shared(),
                (self.pick("\n", "。") if self.zh else self.pick("\n", ". "), None),
            ]
        numbered = heading(0).strip() != ""
        for place, draft in enumerate(drafts):
            if not draft.party.name and not draft.party.address:
                draft.party.name = self.people.name(self.zh)
            split = heading(place)
            if place or numbered:
                pieces.append((split if place else split.lstrip("\n"), Label.SPLIT))
            pieces += style(draft)
        if self.chance(0.25):
            pieces += [
                (self.pick("\n", "，", "。") if self.zh else self.pick("\n", ". ", "\n\n"), None),
                *self._shared(),
            ]
        return pieces, drafts

    def _shared(self) -> list[Piece]:
        """Said once, for every order."""
        extra = self.payment_pieces() if self.chance(0.6) else self.delivery_pieces()
        lead = (
            self.pick("都", "全部", "两单都", "统一", "一起")
            if self.zh
            else self.pick("both ", "all ", "for all of them: ", "everything ", "both orders: ")
        )
        return [(lead, None), *extra]

    def _for_someone(self, draft: Draft) -> list[Piece]:
        """ "for Doreen (18 Sycamore Rd): 1 mug"; 小李（13812345678，杭州...）：杯子两个."""
        who, *where = self._bare(draft.party) or [[(self.people.name(self.zh), Label.BUYER)]]
        draft.party.name = draft.party.name or ("" if who[0][1] is not Label.BUYER else who[0][0])
        lead = self.pick("", "给", "寄") if self.zh else self.pick("for ", "", "to ", "For ")
        inside = [
            ("（" if self.zh else " (", None),
            *_glued(where, "，" if self.zh else ", "),
            ("）" if self.zh else ")", None),
        ]
        colon = (self.pick("：", ":", " ") if self.zh else self.pick(": ", " - ", " "), None)
        lines = _glued([self.line_pieces(line) for line in draft.lines], "，" if self.zh else ", ")
        return [(lead, None), *who, *(inside if where else []), colon, *lines]

    def _heading(self) -> Callable[[int], str]:
        if self.zh:
            options = (
                "\n第{n}单：",
                "\n订单{n}：",
                "\n{d}、",
                "\n{d}. ",
                "\n---\n",
                "\n\n",
                "\n=====\n",
                "\n另外一单：",
                "\n还有一个：",
                "；另一份",
                "\n第{n}个：",
                "\n({d}) ",
                "\n再一单 ",
                "\n",
                "。第{n}份 ",
                "\n包裹{d}：",
            )
            numbers: Sequence[str] = "一二三四五"
        else:
            options = (
                "\nOrder {d}:\n",
                "\nOrder #{d}: ",
                "\n{d}. ",
                "\n{d}) ",
                "\n---\n",
                "\n\n",
                "\nNext order:\n",
                "\nSecond one: ",
                "\n====\n",
                "\nAlso for my sister: ",
                "\nAnother order: ",
                "\nParcel {d}: ",
                "\n",
                "; and another order ",
                "\nand a separate one for my neighbour:\n",
                "\nDelivery {d} - ",
            )
            numbers = ("1", "2", "3", "4", "5")
        chosen = self.rng.choice(options)
        first_too = "{" in chosen
        return lambda place: (
            chosen.replace("{n}", numbers[place]).replace("{d}", str(place + 1))
            if first_too or place
            else ""
        )

    def _rows(self) -> tuple[list[Piece], list[Draft]]:
        """One order per row of a copied sheet."""
        drafts = [
            Draft(
                Party(
                    self.people.name(self.zh),
                    self.people.phone(self.zh),
                    self.people.address(self.zh).replace("\n", ", "),
                ),
                [self.line()],
            )
            for _ in range(self.rng.choice((2, 3, 4)))
        ]
        order = self.rng.sample((0, 1, 2), 3)
        lines_first = self.chance(0.3)
        bar = self.pick("\t", "\t", " | ", "，" if self.zh else "; ")
        pieces: list[Piece] = []
        if self.chance(0.5):
            heads = ("姓名", "电话", "地址") if self.zh else ("Name", "Phone", "Address")
            goods = ("商品" + bar + "数量") if self.zh else ("Item" + bar + "Qty")
            names = bar.join(heads[i] for i in order)
            pieces = [
                (bar.join((goods, names) if lines_first else (names, goods)), None),
                ("\n", None),
            ]
        for place, draft in enumerate(drafts):
            fields = self._bare(draft.party)
            who = [fields[i] for i in order]
            what: list[list[Piece]] = [
                [self._cell("item", draft.lines[0])],
                [self._cell("quantity", draft.lines[0])],
            ]
            row = _glued([*what, *who] if lines_first else [*who, *what], bar)
            pieces += [*([("\n", Label.SPLIT)] if place else []), *row]
        return pieces, drafts

    def _junk(self) -> tuple[list[Piece], list[Draft]]:
        count = self.rng.choice((1, 1, 2, 3))
        parts = [
            self.chatter() if self.chance(0.5) else [(self.filled(self.word("junk")), None)]
            for _ in range(count)
        ]
        if self.chance(0.3):
            parts.insert(0, [(self.word("greetings"), None)])
        return _glued(
            parts, self.pick("，", " ", "。") if self.zh else self.pick(". ", " ", ", ", "\n")
        ), []


class Noise:
    """What phones, haste and copying do to a text; pieces keep their labels."""

    def __init__(self, rng: random.Random, zh: bool) -> None:
        self.rng = rng
        self.zh = zh

    def apply(self, pieces: list[Piece]) -> list[Piece]:
        roll = self.rng.random()
        change: list[Callable[[str, Label | None], str]] = []
        if not self.zh and roll < 0.3:
            change.append(lambda text, _: text.lower())
        elif not self.zh and roll < 0.33:
            change.append(lambda text, _: text.upper())
        if self.rng.random() < 0.12:
            change.append(self._without_marks)
        if self.rng.random() < 0.15:
            change.append(self._typo)
        if self.rng.random() < 0.05:
            change.append(
                lambda text, _: "".join(
                    chr(ord(c) + 0xFEE0) if c in string.digits else c for c in text
                )
            )
        if self.rng.random() < 0.05:
            change.append(
                lambda text, label: text.replace("\n", " ") if label is not Label.SPLIT else text
            )
        for step in change:
            pieces = [(step(text, label), label) for text, label in pieces]
        return pieces

    def _without_marks(self, text: str, label: Label | None) -> str:
        if label is not None:
            return text
        return (
            text.replace(",", "")
            .replace(".", "")
            .replace("!", "")
            .replace("，", " ")
            .replace("。", " ")
            .replace("：", " ")
        )

    def _typo(self, text: str, label: Label | None) -> str:
        if (
            label in (Label.PHONE, Label.QUANTITY, Label.PRICE, Label.UNIT, Label.SPLIT)
            or len(text) < 5
            or self.rng.random() > 0.3
        ):
            return text
        at = self.rng.randrange(1, len(text) - 1)
        if not (text[at].isascii() and text[at].isalpha()):
            return text
        kind = self.rng.random()
        if kind < 0.35:
            return text[:at] + text[at + 1 :]
        if kind < 0.7:
            return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
        return text[:at] + self.rng.choice(string.ascii_lowercase) + text[at:]


def _plural(words_: str) -> str:
    if words_.endswith(("s", "sh", "ch", "x")) and not words_.endswith("ss"):
        return words_ if words_.endswith("s") else words_ + "es"
    if words_.endswith("y") and words_[-2:-1] not in "aeiou":
        return words_[:-1] + "ies"
    return words_ + "s"


def _glued(parts: Sequence[Sequence[Piece]], glue: str, last: str = "") -> list[Piece]:
    out: list[Piece] = []
    for place, part in enumerate(parts):
        if place:
            out.append((last if last and place == len(parts) - 1 else glue, None))
        out.extend(part)
    return out


def joined(pieces: Sequence[Piece]) -> tuple[str, tuple[Span, ...]]:
    """The text and its spans, with blanks at the ends of a span left out of it."""
    text, spans = "", []
    for words_, label in pieces:
        if label is not None and words_:
            inner = words_.strip(" ") or words_
            start = len(text) + words_.index(inner)
            spans.append(Span(label, start, start + len(inner)))
        text += words_
    return text, tuple(spans)
