"""Invented people for the generator: names, phones of many countries, addresses in many styles."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources

import jieba
import phonenumbers
import yaml

_REGIONS = (
    "US",
    "GB",
    "AU",
    "CA",
    "IN",
    "SG",
    "NZ",
    "IE",
    "DE",
    "FR",
    "HK",
    "MY",
    "ZA",
    "PH",
    "ES",
    "NL",
)
_HAN_DIGITS = "零一二三四五六七八九"


@lru_cache(maxsize=1)
def lexicon() -> Mapping[str, object]:
    text = resources.files("ml.orders").joinpath("lexicon.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def words(name: str) -> Sequence[str]:
    """One list of the lexicon; a plain string stands for its characters."""
    found = lexicon()[name]
    return found if isinstance(found, list | str) else []


@lru_cache(maxsize=1)
def chinese_nouns() -> Sequence[str]:
    """Common nouns of jieba's dictionary: things no lexicon of ours would think of."""
    with jieba.get_dict_file() as file:
        rows = [line.decode("utf-8").split() for line in file]
    return [w for w, times, kind in rows if kind == "n" and 2 <= len(w) <= 4 and int(times) > 30]


@lru_cache(maxsize=1)
def chinese_names() -> Sequence[str]:
    """Two- and three-character names of jieba's dictionary whose first character is a surname."""
    with jieba.get_dict_file() as file:
        rows = [line.decode("utf-8").split() for line in file]
    surnames = frozenset(words("surnames_zh"))
    return [w for w, _, kind in rows if kind == "nr" and 2 <= len(w) <= 3 and w[0] in surnames]


class People:
    """Draws people from a seeded source; nothing here is a real person's data."""

    def __init__(self, rng: random.Random, real_addresses: Sequence[str] = ()) -> None:
        self.rng = rng
        self.real_addresses = real_addresses

    def name(self, chinese: bool) -> str:
        return self._chinese_name() if chinese else self._english_name()

    def _english_name(self) -> str:
        first, last = self.rng.choice(words("first_names")), self.rng.choice(words("last_names"))
        roll = self.rng.random()
        if roll < 0.62:
            return f"{first} {last}"
        if roll < 0.76:
            return first
        if roll < 0.84:
            return f"{self.rng.choice(words('titles_en'))} {self.rng.choice([first, last, last])}"
        if roll < 0.9:
            return f"{first} {self.rng.choice('ABCDEFGHJKLMNPRSTW')}. {last}"
        return (
            f"{first[0]}. {last}"
            if roll < 0.94
            else f"{first} {last}-{self.rng.choice(words('last_names'))}"
        )

    def _chinese_name(self) -> str:
        surname = self.rng.choice(words("surnames_zh"))
        if self.rng.random() < 0.03:
            surname = self.rng.choice(words("double_surnames_zh"))
        roll = self.rng.random()
        if roll > 0.6:
            return self.rng.choice(chinese_names())
        if roll < 0.13:
            return surname + self.rng.choice(words("honorifics_zh"))
        if roll < 0.18:
            return self.rng.choice(words("nicknames_zh")) + surname
        given = "".join(
            self.rng.choice(words("given_zh")) for _ in range(self.rng.choice((1, 2, 2, 2)))
        )
        return surname + given + (self.rng.choice(words("honorifics_zh")) if roll > 0.96 else "")

    def _characters(self) -> Sequence[str]:
        """Characters of given names: mostly usual ones, sometimes any."""
        return words("given_zh") if self.rng.random() < 0.7 else self.rng.choice(chinese_nouns())

    def phone(self, chinese: bool) -> str:
        if self.rng.random() < (0.95 if chinese else 0.06):
            return self._chinese_phone()
        return self._world_phone(
            self.rng.choice(_REGIONS[:8] if self.rng.random() < 0.7 else _REGIONS)
        )

    def _chinese_phone(self) -> str:
        digits = f"1{self.rng.choice('3456789')}" + "".join(
            self.rng.choice("0123456789") for _ in range(9)
        )
        roll = self.rng.random()
        if roll < 0.68:
            return digits
        if roll < 0.78:
            return self.rng.choice(" -").join((digits[:3], digits[3:7], digits[7:]))
        if roll < 0.88:
            return self.rng.choice(("+86 ", "+86", "86-", "0086 ", "(+86)")) + digits
        if roll < 0.96:
            area = self.rng.choice(("010", "021", "0571", "0755", "028", "0512", "020"))
            return (
                f"{area}{self.rng.choice(('-', ' ', ''))}{self.rng.randint(2000000, 88999999):08d}"
            )
        return "".join(_HAN_DIGITS[int(d)] for d in digits)

    def _world_phone(self, region: str) -> str:
        example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if example is None:
            return self._chinese_phone()
        digits = list(phonenumbers.national_significant_number(example))
        for place in range(3, len(digits)):
            digits[place] = self.rng.choice("0123456789")
        number = phonenumbers.PhoneNumber(
            country_code=example.country_code, national_number=int("".join(digits))
        )
        style = self.rng.choice((0, 1, 2, 2, 2))
        text = str(phonenumbers.format_number(number, style))
        roll = self.rng.random()
        if roll < 0.2:
            return text.replace(" ", "").replace("-", "").replace("(", "").replace(")", "")
        if roll < 0.3:
            return text.replace(" ", ".").replace("(", "").replace(")", "")
        return text.replace(" ", "-") if roll < 0.4 else text

    def address(self, chinese: bool) -> str:
        return self._chinese_address() if chinese else self._english_address()

    def _english_address(self) -> str:
        roll = self.rng.random()
        if self.real_addresses and roll < 0.2:
            return self.rng.choice(self.real_addresses)
        street = self._street()
        if roll < 0.55:
            tail = self.rng.choice(words("us_cities"))
        elif roll < 0.75:
            tail = f"{self.rng.choice(words('uk_towns'))}{self.rng.choice((', ', ' '))}{self._uk_postcode()}"
        else:
            tail = self.rng.choice(words("other_cities"))
        glue = self.rng.choice((", ", ", ", ", ", "\n", " "))
        parts = [*self._inside(), street, tail] if roll < 0.97 else [street]
        if self.rng.random() < 0.06:
            parts.append(self.rng.choice(("UK", "USA", "United Kingdom", "England")))
        return glue.join(parts)

    def _street(self) -> str:
        name = self.rng.choice(words("street_names"))
        if self.rng.random() < 0.1:
            name = self.rng.choice(words("last_names"))
        number = str(self.rng.choice((self.rng.randint(1, 99), self.rng.randint(1, 9999))))
        number += self.rng.choice(("", "", "", "", "", "a", "B", "-12", "/3"))
        side = self.rng.choice(("", "", "", "", "N ", "West ", "SE ", "Old ", "Upper "))
        if self.rng.random() < 0.05:
            return f"PO Box {self.rng.randint(10, 9999)}"
        return f"{number}{self.rng.choice((' ', ' ', ', '))}{side}{name} {self.rng.choice(words('street_types'))}"

    def _inside(self) -> list[str]:
        pick = self.rng.random()
        n = self.rng.randint(1, 40)
        if pick < 0.58:
            return []
        if pick < 0.7:
            return [self.rng.choice(words("places_en"))]
        return [
            self.rng.choice(
                (
                    f"Apt {n}{self.rng.choice(('', 'B', 'C'))}", f"Flat {n}", f"Unit {n}", f"Suite {n}00", f"#{n:02d}-{n + 3}",
                    f"{n}th Floor", f"Building {n}", f"Room {n}06, Tower B", f"The Old {self.rng.choice(words('street_names'))} House",
                    f"{self.rng.choice(words('last_names'))} Ltd", f"Gate {self.rng.choice('ABC')}", "St Brigid's Primary School",
                    f"Blk {n}", f"c/o {self.rng.choice(words('last_names'))} & Sons" if pick > 0.99 else f"Apartment {n}",
                )
            )
        ]  # fmt: skip

    def _uk_postcode(self) -> str:
        letters = "ABDEFGHJLNPQRSTUWXYZ"
        pick = self.rng.choice
        area = "".join(pick(letters) for _ in range(pick((1, 2, 2))))
        code = f"{area}{self.rng.randint(1, 29)} {self.rng.randint(1, 9)}{pick(letters)}{pick(letters)}"
        return code if self.rng.random() < 0.85 else code.replace(" ", "")

    def _chinese_address(self) -> str:
        state, city, district = self.rng.choice(words("places_zh")).split("|")
        head = [state if state != city else "", city, district]
        roll = self.rng.random()
        if roll < 0.12:
            head = ["", city, district]
        elif roll < 0.2:
            head = ["", "", district]
        elif roll < 0.26:
            head = ["", city.removesuffix("市"), ""]
        glue = self.rng.choice(("", "", "", "", " "))
        if self.rng.random() < 0.08:
            return self._village(glue.join(p for p in head if p))
        parts = [p for p in [*head, self._road(), self._compound(), self._door()] if p]
        if self.rng.random() < 0.15:
            parts.append(self.rng.choice(words("departments_zh")))
        if self.rng.random() < 0.05:
            parts = parts[-2:]
        text = glue.join(parts)
        return text + (f" {self.rng.randint(100000, 859999)}" if self.rng.random() < 0.06 else "")

    def _road(self) -> str:
        if self.rng.random() < 0.15:
            return ""
        name = self.rng.choice(words("roads_zh"))
        if self.rng.random() < 0.4:
            made = self.rng.choice(words("compound_names_zh")) + self.rng.choice(words("given_zh"))
            name = made + self.rng.choice(("路", "街", "大道", "东路", "西路", "北街", "巷", "弄"))
        return name + (f"{self.rng.randint(1, 1999)}号" if self.rng.random() < 0.85 else "")

    def _compound(self) -> str:
        if self.rng.random() < 0.3:
            return ""
        return self.rng.choice(words("compound_names_zh")) + self.rng.choice(words("compounds_zh"))

    def _door(self) -> str:
        n, m, k = self.rng.randint(1, 32), self.rng.randint(1, 6), self.rng.randint(101, 3204)
        return self.rng.choice(
            (
                f"{n}号楼{m}单元{k}", f"{n}栋{k}室", f"{n}幢{k}", f"{m}单元{k}室", f"{k}室", f"{n}层", f"{n}楼", f"{n}-{m}-{k}",
                f"{'ABCD'[m % 4]}座{k}", f"{n}栋{m}单元{k}号", f"{'一二三四五六'[m - 1]}楼", "", f"{n}号", "南门", f"{'东西南北'[m % 4]}区{n}栋{k}宿舍",
            )
        )  # fmt: skip

    def _village(self, head: str) -> str:
        name = "".join(self.rng.choice(words("given_zh")) for _ in range(2))
        town = self.rng.choice(words("compound_names_zh")) + self.rng.choice(("镇", "乡", "街道"))
        return f"{head}{town}{name}村{self.rng.choice(('', f'{self.rng.randint(1, 20)}组', f'{self.rng.randint(1, 300)}号'))}"
