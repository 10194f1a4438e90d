"""`shopclerk`: the command line. Each command is a few lines here; what it does is imported when it is called."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

app = typer.Typer(
    name="shopclerk",
    help="A chat-first assistant for people who sell online, in English and Chinese.",
    epilog="Start with: shopclerk run",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


class Speaker(StrEnum):
    """As whom `ask` speaks."""

    MERCHANT = "merchant"
    CUSTOMER = "customer"


class Skill(StrEnum):
    """Skills that can be trained and measured."""

    ORDERS = "orders"
    NLU = "nlu"
    PHOTOS = "photos"
    COURIERS = "couriers"
    BUYERS = "buyers"
    ANSWERS = "answers"
    SENTENCE = "sentence"


Json = Annotated[bool, typer.Option("--json", help="One JSON object per input on stdout.")]
Source = Annotated[
    str,
    typer.Argument(metavar="[FILE|-]", help="A file, or - for standard input.", show_default=False),
]
Encoding = Annotated[
    str | None, typer.Option(help="Encoding of the input where it is not UTF-8, e.g. gb18030.")
]
Shop = Annotated[str, typer.Option(help="Which shop.")]
Data = Annotated[
    Path | None,
    typer.Option(help="Folder with the data (default: $SHOPCLERK_DATA or ../shared/data)."),
]


def example(text: str) -> str:
    """The epilog of a command."""
    return f"Example: {text}"


@app.command(epilog=example("shopclerk run"))
def run(as_json: Json = False) -> None:
    """Start everything on this machine with a demo shop and show where to go."""
    import asyncio

    from bot.launch import CannotRun
    from bot.launch import run as run_all
    from bot.settings import settings

    try:
        asyncio.run(run_all(settings(), as_json))
    except CannotRun as error:
        fail(str(error), code=1)


@app.command(epilog=example('echo "where is my order" | shopclerk nlu --json -'))
def nlu(source: Source = "-", encoding: Encoding = None, as_json: Json = False) -> None:
    """Say what texts mean: intent, entities and how sure it is. Lines of text, or JSONL {"id","text","role"?}."""
    from bot.inputs import read_documents
    from bot.launch import RASA_PYTHON
    from bot.understand import understand

    for row in understand(RASA_PYTHON, read_documents(source, encoding, by_line=True)):
        show(row, f"{row['intent']}  {row['confidence']:.2f}  {row['text']}", as_json)


@app.command(
    "parse-order",
    epilog=example('echo "2 red mugs to Ann Lee, 415-555-0134" | shopclerk parse-order --json -'),
)
def parse_order(
    source: Source = "-",
    catalog: Annotated[
        str | None, typer.Option(help="CSV: sku,name,name_zh,unit,price,aliases.")
    ] = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Read orders out of free text: a text, a folder of texts, or JSONL {"id","text"}."""
    from bot.inputs import read_documents
    from bot.order_texts import parse_documents

    documents = read_documents(source, encoding, by_line=False)
    for row, shown in parse_documents(documents, catalog, encoding):
        show(row, shown, as_json)


@app.command(
    epilog=example('echo \'{"id":1,"tokens":["two","large","pizzas"]}\' | shopclerk tag --json -')
)
def tag(source: Source = "-", encoding: Encoding = None, as_json: Json = False) -> None:
    """Tag the tokens of JSONL {"id","tokens"} with the order tagger alone (BIO)."""
    from bot.inputs import read_tokens
    from ml.orders.tag import tag as tag_tokens

    rows = read_tokens(source, encoding)
    for (given, tokens), tags in zip(rows, tag_tokens([tokens for _, tokens in rows]), strict=True):
        show(
            {"id": given, "tags": list(tags)},
            " ".join(map("/".join, zip(tokens, tags, strict=True))),
            as_json,
        )


@app.command(
    epilog=example(
        'shopclerk ask --role merchant "parse this order: 2 red mugs to Ann Lee, 415-555-0134"'
    )
)
def ask(
    text: Annotated[str, typer.Argument(help="What to say (- reads it from standard input).")],
    role: Annotated[Speaker, typer.Option(help="As whom to speak.")] = Speaker.MERCHANT,
    file: Annotated[
        list[str] | None,
        typer.Option("--file", metavar="PATH", help="Attach a file (again for more)."),
    ] = None,
    conversation: Annotated[
        str | None, typer.Option(help="Go on with this conversation (default: a new one).")
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long to wait for the answer.")] = 60.0,
    shop: Shop = "demo",
    as_json: Json = False,
) -> None:
    """Say one thing to the running system and print the replies. Needs `shopclerk run` in another shell."""
    from bot import asking, inputs
    from bot.conversation.messages import Role
    from bot.settings import settings

    said = inputs.checked(inputs.read_text("-") if text == "-" else text, "TEXT")
    if not said.strip() and not file:
        raise inputs.BadInput("TEXT is empty")
    try:
        turn = asking.ask(settings(), shop, Role(role), said, file or [], conversation, seconds)
    except asking.NotAnswered as error:
        fail(str(error), code=1)
    show(turn.to_dict(), turn.to_text(), as_json)


@app.command(epilog=example('echo "how long can I return things" | shopclerk answer --json -'))
def answer(
    source: Source = "-",
    shop: Shop = "demo",
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Answer customers' questions from the shop's files and records. Lines, or JSONL {"id","text","order_number"?}."""
    from bot.question_texts import answer_lines, read_questions

    for row, shown in answer_lines(read_questions(source, encoding), shop):
        show(row, shown, as_json)


@app.command(epilog=example("shopclerk classify --json photos/ more.zip"))
def classify(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Pictures, folders, zip archives.")
    ],
    shop: Shop = "demo",
    as_json: Json = False,
) -> None:
    """Put product photos into categories, and tell what is wrong with them and which show the same."""
    from bot.photo_files import classify_files

    for row, shown in classify_files(paths, shop):
        show(row, shown, as_json)


@app.command(epilog=example('shopclerk teach "tea pots" photos/teapots'))
def teach(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the category is called.")],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH...", help="5 to 20 photos of it: pictures, folders, zip archives."
        ),
    ] = None,
    rename: Annotated[
        str, typer.Option(help="Call it so; into a category that is there, both become one.")
    ] = "",
    forget: Annotated[bool, typer.Option("--forget", help="Forget it and its photos.")] = False,
    shop: Shop = "demo",
    as_json: Json = False,
) -> None:
    """Teach a new category of photos from a few of them; it is known from the next photo on."""
    from bot.photo_files import change_taught, teach_files

    if bool(paths) + bool(rename) + forget != 1:
        fail("give photos to teach from, or --rename NEW, or --forget")
    row, shown = teach_files(name, paths, shop) if paths else change_taught(name, rename, shop)
    show(row, shown, as_json)


@app.command(epilog=example("shopclerk train orders"))
def train(
    skill: Annotated[Skill, typer.Argument(help="What to train.")],
    data: Data = None,
    pretrained: Annotated[
        bool, typer.Option(help="Photos only: begin with ImageNet's weights (they are downloaded).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train the model of a skill on this machine."""
    from bot.measures import train as train_skill

    show(row := train_skill(skill, data, pretrained), table(row), as_json)


@app.command(epilog=example("shopclerk evaluate orders"))
def evaluate(
    skill: Annotated[Skill, typer.Argument(help="What to measure.")],
    data: Data = None,
    plain: Annotated[
        bool,
        typer.Option(help="Photos only: train a plain network to compare with (about an hour)."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure a skill on a named data set, its baselines beside it."""
    from bot import measures

    for row in measures.evaluate(skill, data, plain):
        show(row, measures.shown(row), as_json)


@app.command(epilog=example("shopclerk bench turn"))
def bench(
    what: Annotated[str, typer.Argument(help="What to time: turn, answers or photos.")] = "turn",
    turns: Annotated[
        int, typer.Option("--turns", "--number", help="How many of them.", min=2, max=100_000)
    ] = 200,
    as_json: Json = False,
) -> None:
    """Time this machine: turns, answers or photos, with Rasa, the encoder or the network alone beside them."""
    if what == "turn":
        result = _bench_turn(turns)
    elif what == "answers":
        from bot.answer_bench import bench_answers

        result = bench_answers(turns, _tell).to_dict()
    elif what == "photos":
        from bot.photo_bench import bench_photos

        result = bench_photos(turns, _tell)
    else:
        fail(f"there is no benchmark {what!r}; there are: turn, answers, photos")
    show(result, table(result), as_json)


def _bench_turn(turns: int) -> dict[str, float]:
    import asyncio

    from bot.bench import BenchFailed, bench_turn

    try:
        return asyncio.run(bench_turn(turns, _tell)).to_dict()
    except BenchFailed as error:
        fail(str(error), code=1)


@app.command(epilog=example("shopclerk doctor"))
def doctor(as_json: Json = False) -> None:
    """Tell what is missing or wrong on this machine and how to mend it."""
    from bot.doctor import examine

    findings = list(examine())
    for finding in findings:
        show(finding.to_dict(), finding.to_text(), as_json)
    raise typer.Exit(code=any(finding.is_bad for finding in findings))


@app.command("import", epilog=example("shopclerk import catalogue.csv --shop demo --yes"))
def import_(
    source: Annotated[
        str, typer.Argument(metavar="FILE|-", help="CSV: sku,name,name_zh,unit,price,aliases.")
    ],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without, only say what would be done.")
    ] = False,
    shop: Shop = "demo",
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Add the new products of a catalogue to a shop."""
    from bot.catalogue_files import import_catalogue

    row = import_catalogue(shop, source, encoding, yes)
    told = f"{row['new']} new products, {row['known']} known ones left as they are"
    show(row, f"{told}; {'added' if yes else 'nothing done yet, agree with --yes'}", as_json)


@app.command(epilog=example("shopclerk export --shop demo > catalogue.csv"))
def export(shop: Shop = "demo", as_json: Json = False) -> None:
    """Write a shop's catalogue as CSV (or as JSON, a product a line)."""
    from bot.catalogue_files import export_catalogue

    for line in export_catalogue(shop, as_json):
        print(line)


NOT_BUILT_YET = {
    "couriers": (
        "Recommend a courier and a slot per address.",
        "shopclerk couriers --json --history deliveries.csv --rates rates.csv addresses.csv",
    ),
    "routes": ("Plan delivery routes.", "shopclerk routes --json --seconds 10 stops.csv"),
    "segment": ("Group buyers by what they do.", "shopclerk segment --json orders.csv"),
    "promote": (
        "Draft a promotion for a segment.",
        'shopclerk promote --json --segment "At risk" --percent 10',
    ),
    "recommend": (
        "Recommend products per buyer.",
        "shopclerk recommend --json --history orders.csv --buyer B1",
    ),
}


def _not_built_yet(name: str, summary: str, usage: str) -> None:
    settings = {"allow_extra_args": True, "ignore_unknown_options": True}

    @app.command(
        name, help=f"{summary} (Not there yet.)", epilog=example(usage), context_settings=settings
    )
    def command(as_json: Json = False) -> None:
        fail(f"{name} is not there yet; it comes with a later version")


for _name, (_summary, _usage) in NOT_BUILT_YET.items():
    _not_built_yet(_name, _summary, _usage)


def show(row: dict[str, Any], text: str, as_json: bool) -> None:
    """One result on stdout, for programs or for people."""
    print(json.dumps(row, ensure_ascii=False) if as_json else text, flush=True)


def table(row: dict[str, Any]) -> str:
    """Names and values, one a line."""
    width = max(map(len, row), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in row.items())


def fail(text: str, code: int = 2) -> NoReturn:
    """One line on stderr, and the end."""
    _tell(text)
    raise typer.Exit(code=code)


def main() -> None:
    """Entry of the program: bad use or input becomes one clear line and exit code 2, never a traceback."""
    for stream in (sys.stdout, sys.stderr):  # a lone surrogate becomes a JSON escape
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    arguments = sys.argv[1:] or ["--help"]
    try:
        code = app(arguments, prog_name="shopclerk", standalone_mode=False)
    except typer.TyperException as error:
        _tell(f"{error.format_message()} (see: shopclerk {_command(arguments)}--help)")
        code = error.exit_code
    except typer.Abort:
        code = 130
    except Exception as error:
        code = _known(error)
    sys.exit(code or 0)


KNOWN_ERRORS = {"DataMissingError": 2, "ModelError": 1, "NotUnderstood": 1}
"""Errors of the models by name, as importing their modules costs seconds; and the exit code of each."""


def _known(error: Exception) -> int:
    """Exit code of an error that a user can do something about, told in one line; any other is raised."""
    from bot.inputs import BadInput

    if not isinstance(error, BadInput) and type(error).__name__ not in KNOWN_ERRORS:
        raise error
    _tell(str(error))
    return KNOWN_ERRORS.get(type(error).__name__, 2)


def _command(arguments: list[str]) -> str:
    known = {
        command.name or getattr(command.callback, "__name__", "")
        for command in app.registered_commands
    }
    return f"{arguments[0]} " if arguments[0] in known else ""


def _tell(text: str) -> None:
    print(f"shopclerk: {' '.join(text.split())}", file=sys.stderr)
