"""The talk about teaching: what a message wants taught, renamed or forgotten, and the name where it has none.

What waits for its name is a draft of the conversation, keyed by the message that touched it last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.conversation.messages import Button, Buttons, FileRef, Language, Reply, Table, Text
from bot.skills.photos.uploads import is_photo
from bot.skills.turn import Turn
from bot.store.drafts import (
    DraftState,
    StoredDraft,
    draft_of_message,
    open_draft,
    save_draft,
    start_draft,
)
from bot.store.engine import NotFound
from bot.store.jobs import enqueue
from bot.store.taught import (
    LONGEST_NAME,
    TaughtInfo,
    TooMany,
    clean_name,
    forget_taught,
    rename_taught,
    taught,
)
from bot.store.traces import said_in, turns_before
from bot.texts import number, say
from ml.photos.teach import FEWEST

KIND = JOB = "teach"
EARLIER = 3
"""So many turns ago photos may have come that are meant."""
_QUOTED = re.compile(r"[\"“”「『](.+?)[\"“”」』]|(?<!\w)['‘](.+?)['’](?!\w)")
_FORGET = re.compile(r"\b(?:forget|unlearn|delete|remove|drop)\b|忘|删|去掉|移除", re.IGNORECASE)
_RENAME = re.compile(
    r"\b(?:rename|merge)\b.*?\b(?:to|into|as|with|and)\b\s*(.+)"
    r"|(?:改名|更名|改叫|改成|改为|合并|并入|并到)(?:[为成叫到入]|进)*(.+)",
    re.IGNORECASE | re.DOTALL,
)
_NAMING = re.compile(
    r"(?:please\s+)?(?:call (?:it|them|these|this)|name (?:it|them)|the name is|(?:category )?name:?|"
    r"they(?:'re|’re| are)|(?:these|those) are|this is|it(?:'s|’s| is))\s+(?:all\s+)?"
    r"|(?:就)?(?:叫(?:做|作|它)?|名(?:字|称)?(?:叫|是|为)?|这(?:些|个)?(?:都)?(?:是|叫)|(?:都)?是)\s*",
    re.IGNORECASE,
)
_NOT = r"(?:\bnot (?:an? |the )?|不是|不叫|别叫|认成)"
_ENDS = " \t\n.!?,;:。！？，；：、\"'“”‘’「」『』"


class Want(StrEnum):
    """What is wanted of a shop's own categories."""

    TEACH = "teach"
    RENAME = "rename"
    FORGET = "forget"


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
    quoted = [a or b for a, b in _QUOTED.findall(text)]
    named = _first_named(text, known)
    if named and (renamed := _RENAME.search(text)):
        return Wish(
            Want.RENAME, named, _trimmed(quoted[-1] if quoted else renamed[1] or renamed[2])
        )
    if named and _FORGET.search(text):
        return Wish(Want.FORGET, named)
    names = quoted[-1:] or [name for name in dict.fromkeys(found) if not _denied(name, text)]
    return Wish(Want.TEACH, _trimmed(names[0]) if len(names) == 1 else "")


def _denied(name: str, text: str) -> bool:
    """Whether the photos are said to be none of these: "that's a sari, not a dress"."""
    return bool(re.search(_NOT + re.escape(name), text, re.IGNORECASE))


def _first_named(text: str, known: Sequence[str]) -> str:
    """The known name that the text has first, the longest where one begins another."""
    plain = clean_name(text[:2000]).casefold() if len(text) <= LONGEST_NAME else text.casefold()
    places = [(plain.find(name.casefold()), -len(name), name) for name in known]
    return min((one for one in places if one[0] >= 0), default=(0, 0, ""))[2]


def name_in(text: str) -> str:
    """The name in an answer to "what shall it be called?": "call them mugs" is mugs; empty where it is none."""
    quoted = [a or b for a, b in _QUOTED.findall(text)]
    name = quoted[0] if quoted else text
    if begins := _NAMING.match(name.strip()):
        name = name.strip()[begins.end() :]
    return _trimmed(name) if len(name) <= 2 * LONGEST_NAME else ""


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


def photos_meant(session: Session, turn: Turn, choice: str) -> tuple[FileRef, ...]:
    """The photos of the message, of the one of a button, or else of the last one that had some a moment ago."""
    if choice:
        return _photos(said_in(session, turn.shop, turn.conversation, choice)[1])
    if here := _photos(turn.files):
        return here
    for past in turns_before(session, turn.shop, turn.conversation, turn.message, EARLIER):
        if found := _photos(said_in(session, turn.shop, turn.conversation, past.message)[1]):
            return found
    return ()


def _photos(files: Sequence[FileRef]) -> tuple[FileRef, ...]:
    return tuple(file for file in files if is_photo(file))


def hear(session: Session, turn: Turn, cancelled: bool) -> DraftState:
    """Take a message to the question for the name; more photos may come before it."""
    done = draft_of_message(session, turn.shop, turn.conversation, KIND, turn.message)
    if done is not None:
        return done.state
    draft = open_draft(session, turn.shop, turn.conversation, KIND)
    if draft is None:
        return DraftState.CANCELLED
    if cancelled:
        return _save(session, turn, draft, DraftState.CANCELLED)
    files = [*_files(draft), *_photos(turn.files)]
    name = name_in(turn.text)
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
    """Rename at once; what cannot be taken back, forgetting and merging, is asked for once more."""
    known = {one.name: one for one in taught(session, turn.shop)}
    named = known[wish.name]
    photos, language = number(len(named.photos), turn.language), turn.language
    if wish.want is Want.FORGET:
        text = say("teach_forget", language, name=wish.name, photos=photos)
        return _sure(text, "teach_forget_it", f"forget:{named.id}", language)
    if not wish.new or wish.new == wish.name:
        return (Text(say("teach_new_name", language, name=wish.name)),)
    if wish.new in known:
        text = say("teach_merge", language, name=wish.name, new=wish.new, photos=photos)
        return _sure(text, "teach_merge_it", f"merge:{named.id}:{known[wish.new].id}", language)
    rename_taught(session, turn.shop, wish.name, wish.new)
    return (Text(say("teach_renamed", language, name=wish.name, new=wish.new)),)


def _sure(text: str, yes: str, choice: str, language: Language) -> tuple[Reply, ...]:
    buttons = (
        Button(say(yes, language), _payload(choice)),
        Button(say("teach_leave", language), _payload("leave:")),
    )
    return (Buttons(text, buttons),)


def sure(session: Session, turn: Turn, choice: str) -> tuple[Reply, ...]:
    """What was asked for once more is done; a second time it is done already."""
    word, *ids = choice.split(":")
    if word == "leave":
        return (Text(say("teach_left", turn.language)),)
    names = {one.id: one.name for one in taught(session, turn.shop)}
    try:
        if word == "forget" and ids[0] in names:
            forget_taught(session, turn.shop, names[ids[0]])
        elif word == "merge" and all(one in names for one in ids):
            rename_taught(session, turn.shop, names[ids[0]], names[ids[1]])
    except TooMany as error:
        return (Text(say("teach_full", turn.language, why=error)),)
    except NotFound:
        pass
    return (Text(say("teach_done", turn.language)),)


STEPS = ("forget", "merge", "leave")


def _how(session: Session, turn: Turn, name: str) -> tuple[Reply, ...]:
    """What is known and how more is taught."""
    known = taught(session, turn.shop)
    told = Text(say("teach_how", turn.language, name=name or say("teach_example", turn.language)))
    return (told, _table(known, turn.language)) if known else (told,)


def _table(known: Sequence[TaughtInfo], language: Language) -> Table:
    rows = tuple(
        (
            one.name,
            number(len(one.photos), language),
            "" if len(one.photos) >= FEWEST else say("teach_too_few", language, fewest=FEWEST),
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


def _files(draft: StoredDraft) -> list[FileRef]:
    return [FileRef(**file) for file in draft.body["files"]]


def _save(session: Session, turn: Turn, draft: StoredDraft, state: DraftState) -> DraftState:
    return save_draft(session, turn.shop, draft.id, draft.body, turn.message, state).state


def _payload(choice: str) -> str:
    return f"/teach_category{json.dumps({'choice': choice})}"
