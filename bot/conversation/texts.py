"""The few sentences the core says itself, when the dialogue engine cannot speak."""

from __future__ import annotations

from bot.conversation.messages import MAX_TEXT, Language, Text

_TEXTS = {
    "empty": (
        'I did not get any text. Type what you need, or say "help" to see what I can do.',
        "我没有收到文字。请告诉我您需要什么，或者输入“帮助”看看我能做什么。",
    ),
    "too_long": (
        f"That is more than I can read at once (over {MAX_TEXT:,} characters). Please send it as a file, or in parts.",
        f"内容太长了（超过 {MAX_TEXT:,} 个字符），我一次读不完。请作为文件发送，或者分几次发。",
    ),
    "failed": (
        "Sorry, something went wrong on my side and I could not finish that. "
        "Nothing was lost; please try again. (Error {id})",
        "抱歉，我这边出了点问题，这次没能完成。您的内容没有丢失，请再试一次。（错误编号 {id}）",
    ),
}


def core_text(key: str, language: Language, **fields: str) -> Text:
    """One of the core's own sentences."""
    english, chinese = _TEXTS[key]
    return Text((chinese if language is Language.ZH else english).format(**fields))
