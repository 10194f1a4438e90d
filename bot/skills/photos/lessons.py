"""The talk about teaching: what a message wants taught, renamed or forgotten, and the name where it has none.

What waits for its name is a draft of the conversation, keyed by the message that touched it last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.conversation.messages import Button, Buttons, FileRef, Language, Reply, Table, Text
from bot.skills.photos.uploads import photos_among
from bot.skills.turn import Turn
from bot.store.changes import changes_of_message, record
from bot.store.drafts import (
    DraftState,
    StoredDraft,
    draft_of_message,
    open_draft,
    save_draft,
    start_draft,
)
from bot.store.inbox import files_of
from bot.store.jobs import enqueue, find_job
from bot.store.taught import (
    LONGEST_NAME,
    TaughtName,
    TooMany,
    clean_name,
    forget_taught,
    rename_taught,
    taught_names,
)
from bot.store.traces import said_in, turns_before
from bot.texts import number, say
from ml.photos.teach import FEWEST

KIND = JOB = "teach"
RENAMED, MERGED, FORGOTTEN = "taught.rename", "taught.merge", "taught.forget"
EARLIER = 3
"""So many turns ago photos may have come that are meant."""
READ = 1000
"""What is wanted stands in the first so many characters."""
_QUOTED = re.compile(
    r"[“「『]([^”」』]{1,80})[”」』]|(?<!\w)[\"'‘]([^\"'’]{1,80})[\"'’](?!\w)"
)  # fmt: skip
_FORGET = re.compile(r"\b(?:forget|unlearn|delete|remove|drop)\b|忘|删|去掉|移除", re.IGNORECASE)
_RENAME = re.compile(
    r"\b(?:rename|merge|should be called|is called|be one)\b|改名|更名|改叫|改成|改为|合并|并入|并到",
    re.IGNORECASE,
)
_NEW_NAME = re.compile(
    r"\b(?:to|into|as|called)\b\s*(.+)|(?:改名|更名|改叫|改成|改为|合并|并入|并到)(?:为|成|叫|到|入|进)?(.+)",
    re.IGNORECASE | re.DOTALL,
)
_AFTER_NAME = re.compile(r"\s*(?:(?:please|from now on|again)|[里中吧了])$", re.IGNORECASE)
_LIST = re.compile(
    r"\b(?:which|what|list|show me)\b[^.!]*\b(?:taught|learnt|learned|know)\b|哪些|有什么类|有啥类",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\b(?:these|those|this|that|them|they|it|photos?|pictures?|pics?)\b|这|那|它|刚|照片|图",
    re.IGNORECASE,
)
_NAMING = re.compile(
    r"(?:please\s+)?(?:call (?:it|them|these|this)|name (?:it|them)|the name is|(?:category )?name:?|"
    r"they(?:'re|’re| are)|(?:these|those) are|this is|it(?:'s|’s| is))\s+(?:all\s+)?"
    r"|(?:就)?(?:叫(?:做|作|它)?|名(?:字|称)?(?:叫|是|为)|这(?:些|个)?(?:都)?(?:是|叫)|都是)\s*",
    re.IGNORECASE,
)
_STOPS = frozenset({"cancel", "deny", "cancel_job"})
_NOT = r"(?:\bnot (?:an? |the )?|不是|不叫|别叫|认成)"
_ENDS = " \t\n.!?,;:。！？，；：、\"'“”‘’「」『』"


class Want(StrEnum):
    """What is wanted of a shop's own categories."""

    TEACH = "teach"
    RENAME = "rename"
    FORGET = "forget"
    LIST = "list"


@dataclass(frozen=True)
class Wish:
    """What a message wants: `name` to teach (empty: not said), or the known `name` to be called `new` or forgotten."""

    want: Want
    name: str = ""
    new: str = ""


def read(text: str, found: Sequence[str], known: Sequence[str]) -> Wish:
    """From the words, the categories that the NLU `found` in them, and the names of those that are `known`.

    Where several could be meant, none is guessed.
    """
    text = text[:READ]
    quoted = [a or b for a, b in _QUOTED.findall(text)]
    named = _mentioned(text, known)
    if named and _RENAME.search(text):
        return Wish(Want.RENAME, named[0], _new_name(text, named, quoted or list(found), known))
    if named and _FORGET.search(text):
        return Wish(Want.FORGET, named[0])
    if _LIST.search(text):
        return Wish(Want.LIST)
    names = quoted[-1:] or [name for name in dict.fromkeys(found) if not _denied(name, text)]
    return Wish(Want.TEACH, _trimmed(names[0]) if len(names) == 1 else "")


def _denied(name: str, text: str) -> bool:
    """Whether the photos are said to be none of these: "that's a sari, not a dress"."""
    return bool(re.search(_NOT + re.escape(name), text, re.IGNORECASE))


def _mentioned(text: str, known: Sequence[str]) -> list[str]:
    """The known names that the text has, in its order; of those that begin at one place the longest."""
    places: dict[int, str] = {}
    for name in sorted(known, key=len):
        edged = r"(?<![a-z0-9])%s(?![a-z0-9])" if name.isascii() else "%s"
        for place in re.finditer(edged % re.escape(name), text, re.IGNORECASE):
            places[place.start()] = name
    return list(dict.fromkeys(places[place] for place in sorted(places)))


def _new_name(text: str, named: Sequence[str], said: Sequence[str], known: Sequence[str]) -> str:
    """What the first known name is to be called: another known one, the last of two that are said, or the rest."""
    if len(named) > 1:
        return named[1]
    if len(said) > 1:
        new = _trimmed(said[-1])
    else:
        rest = _NEW_NAME.search(text, text.casefold().find(named[0].casefold()) + len(named[0]))
        new = _trimmed(_AFTER_NAME.sub("", (rest[1] or rest[2]).strip(_ENDS))) if rest else ""
    return next((name for name in known if name.casefold() == new.casefold()), new)


def name_in(text: str) -> str:
    """The name in an answer to "what shall it be called?": "call them mugs" is mugs; empty where it is none."""
    if text.startswith("/") or len(text) > 2 * LONGEST_NAME:  # a button, or files without a word
        return ""
    quoted = [a or b for a, b in _QUOTED.findall(text)]
    name = (quoted[0] if quoted else text).strip()
    if begins := _NAMING.match(name):
        name = name[begins.end() :]
    return _trimmed(name)


def _trimmed(name: str) -> str:
    return clean_name(name.strip(_ENDS))


def begin(
    session: Session, turn: Turn, wish: Wish, files: Sequence[FileRef]
) -> tuple[tuple[Reply, ...], bool]:
    """Teach from photos: what is said, and whether the name must be asked for first."""
    if not files:
        return _how(session, turn, wish.name), False
    if wish.name:
        _enqueue(session, turn, wish.name, files)
        return (Text(say("teach_begun", turn.language, name=wish.name)),), False
    known = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    if known is None:
        body = {"files": [asdict(file) for file in files]}
        start_draft(session, turn.shop, turn.conversation, KIND, body, turn.message)
    return (), True


def photos_meant(session: Session, turn: Turn, choice: str, wish: Wish) -> tuple[FileRef, ...]:
    """The photos of the message, or of the one of a button.

    Else, where the message points at some, those of a moment ago, unless they were taught already.
    """
    if choice:
        return photos_among(said_in(session, turn.shop, turn.conversation, choice)[1])
    if here := photos_among(turn.files):
        return here
    if not wish.name and not _POINTS.search(turn.text):
        return ()
    for past in turns_before(session, turn.shop, turn.conversation, turn.message, EARLIER):
        found = photos_among(said_in(session, turn.shop, turn.conversation, past.message)[1])
        if found:
            return () if find_job(session, turn.shop, f"{JOB}-{past.message}") else found
    return ()


def hear(session: Session, turn: Turn, intent: str, found: Sequence[str]) -> DraftState:
    """Take a message to the question for the name; more photos may come before it."""
    done = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    if done is not None:
        return done.state
    draft = open_draft(session, turn.shop, turn.conversation, KIND)
    if draft is None:
        return DraftState.CANCELLED
    if intent in _STOPS:
        return _save(session, turn, draft, DraftState.CANCELLED)
    files = [*files_of(draft.body["files"]), *photos_among(turn.files)]
    name = "" if intent == "affirm" else name_in(turn.text)
    if intent == "teach_category":  # "these are mugs" is an answer, "learn a new category" is none
        wish = read(turn.text, found, ())
        name = wish.name or (name if _NAMING.match(turn.text) else "")
    body = {"files": [asdict(file) for file in files], "name": name, "asked": True}
    if not name:
        save_draft(session, turn.shop, draft.id, body, turn.message)
        return DraftState.OPEN
    _enqueue(session, turn, name, files)
    save_draft(session, turn.shop, draft.id, body, turn.message, DraftState.CONFIRMED)
    return DraftState.CONFIRMED


def question(session: Session, turn: Turn) -> tuple[Reply, ...]:
    """Ask for the name."""
    draft = open_draft(session, turn.shop, turn.conversation, KIND)
    again = draft is not None and draft.body.get("asked") and not turn.files
    return (Text(say("teach_name_again" if again else "teach_name", turn.language)),)


def result(session: Session, turn: Turn) -> tuple[Reply, ...]:
    """How the asking ended."""
    draft = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    if draft is None or draft.state is not DraftState.CONFIRMED:
        return (Text(say("teach_cancelled", turn.language)),)
    return (Text(say("teach_begun", turn.language, name=draft.body["name"])),)


def change(session: Session, turn: Turn, wish: Wish) -> tuple[Reply, ...]:
    """List, or ask once more before anything is renamed, merged or forgotten."""
    if wish.want is Want.LIST:
        return _how(session, turn, "")
    known = {one.name: one for one in taught_names(session, turn.shop)}
    named, language = known[wish.name], turn.language
    fields = {"name": wish.name, "new": wish.new, "photos": number(named.photos, language)}
    if wish.want is Want.FORGET:
        return _sure("teach_forget", f"forget:{named.id}:", language, fields)
    if not wish.new or wish.new == wish.name:
        return (Text(say("teach_new_name", language, name=wish.name)),)
    if wish.new in known:
        return _sure("teach_merge", f"merge:{named.id}:{known[wish.new].id}", language, fields)
    return _sure("teach_rename", f"rename:{named.id}:{wish.new}", language, fields)


def _sure(
    key: str, choice: str, language: Language, fields: Mapping[str, object]
) -> tuple[Reply, ...]:
    buttons = (
        Button(say(f"{key}_it", language), _payload(choice)),
        Button(say("teach_leave", language), _payload("leave::")),
    )
    return (Buttons(say(key, language, **fields), buttons),)


def sure(session: Session, turn: Turn, choice: str) -> tuple[Reply, ...]:
    """What was asked for once more is done, and written down; a turn that is tried again gets the same answer."""
    word, id_, rest = choice.split(":", 2)
    if word == "leave":
        return (Text(say("teach_left", turn.language)),)
    if changes_of_message(session, turn.shop, turn.message):
        return (Text(say("teach_done", turn.language)),)
    names = {one.id: one.name for one in taught_names(session, turn.shop)}
    name, new = names.get(id_, ""), names.get(rest, rest)
    if not name or (word == "merge" and rest not in names):
        return (Text(say("note_old_button", turn.language)),)
    if word == "forget":
        forget_taught(session, turn.shop, name)
    else:
        try:
            rename_taught(session, turn.shop, name, new)
        except TooMany as error:
            return (Text(say(f"teach_full_{error.what}", turn.language, most=error.most)),)
    record(
        session,
        turn.shop,
        turn.author,
        {"forget": FORGOTTEN, "merge": MERGED, "rename": RENAMED}[word],
        id_,
        now=turn.now,
        before={"name": name},
        after={"name": new} if new else None,
    )
    return (Text(say("teach_done", turn.language)),)


STEPS = ("forget", "merge", "rename", "leave")


def _how(session: Session, turn: Turn, name: str) -> tuple[Reply, ...]:
    """What is known and how more is taught."""
    known = taught_names(session, turn.shop)
    told = Text(say("teach_how", turn.language, name=name or say("teach_example", turn.language)))
    return (told, _table(known, turn.language)) if known else (told,)


def _table(known: Sequence[TaughtName], language: Language) -> Table:
    rows = tuple(
        (
            one.name,
            number(one.photos, language),
            "" if one.photos >= FEWEST else say("teach_too_few", language, fewest=FEWEST),
        )
        for one in known
    )
    columns = tuple(say(f"column_{key}", language) for key in ("category", "photos", "check"))
    return Table(say("teach_known", language), columns, rows)


def _enqueue(session: Session, turn: Turn, name: str, files: Sequence[FileRef]) -> None:
    enqueue(
        session,
        turn.shop,
        f"{JOB}-{turn.message}",
        JOB,
        {"files": [asdict(file) for file in files], "name": name, "message": turn.message},
        conversation=turn.conversation,
        language=turn.language,
        total=len(files),
    )


def _save(session: Session, turn: Turn, draft: StoredDraft, state: DraftState) -> DraftState:
    return save_draft(session, turn.shop, draft.id, draft.body, turn.message, state).state


def _payload(choice: str) -> str:
    return f"/teach_category{json.dumps({'choice': choice})}"
