"""Whether a reason is one. Pure: text in, what is wrong with it out.

In Danville, Illinois, more than four thousand look-ups said "immigration" or "ICE+ERO"; elsewhere the reason was
"investigation", or a dot. A screen cannot tell a true reason from a careful lie; it stops the careless one, and what it
lets through stands under a name for good.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.settings.policy import SearchSettings

_LOOK_ALIKES: Final = str.maketrans("аеорсхуіјѕԁһкмтвнαοερτυικνх", "aeopcxyijsdhkmtbhaoeptuiknx")
"""Cyrillic and Greek letters that pass for Latin ones, in lower case."""
_DIGITS_AS_LETTERS: Final = str.maketrans("01345", "oieas")
_MASHED: Final = frozenset(
    ["asdf", "asdfgh", "qwer", "qwerty", "zxcv", "blah", "lorem", "ipsum", "foo", "bar", "abc", "xyz"]
)
CHARACTERS_MIN: Final = 8
"""Of the shortest reason for anything; a search's has more."""
MEANING_WORDS_MIN: Final = 2
"""Different words that say something, beside the boilerplate."""


def says_too_little(reason: str) -> bool:
    """Whether this is no reason for anything: invisible characters and dots do not count."""
    return len(plain(reason)) < CHARACTERS_MIN


def reason_faults(reason: str, rules: SearchSettings) -> Iterator[tuple[str, str]]:
    """What is wrong with a reason: (code, sentence). Nothing: it can stand."""
    bare = plain(reason)
    words = bare.split()
    if not words:
        yield "reason blank", "a reason is missing: say what happened, and why this helps"
        return
    if len(bare) < rules.reason_characters_min or len(words) < rules.reason_words_min:
        yield (
            "reason too short",
            f"a reason has at least {rules.reason_words_min} words and {rules.reason_characters_min} characters",
        )
    elif len(set(words) - _empty(rules)) < MEANING_WORDS_MIN:
        yield "reason boilerplate", "these words fit any search: say what happened, where, and what is looked for"
    for key, title in prohibited_by(bare, rules):
        yield f"prohibited: {key}", f"the department prohibits this: {title}"


def prohibited_by(reason: str, rules: SearchSettings) -> Iterator[tuple[str, str]]:
    """Prohibited purposes whose words stand in a reason, however they are spelled."""
    bare = plain(reason)
    spellings = (bare, bare.translate(_DIGITS_AS_LETTERS), _joined(bare))
    for purpose in rules.prohibited:
        found = (re.search(rf"\b{re.escape(plain(word))}\b", text) for word in purpose.words for text in spellings)
        if any(found):
            yield purpose.key, purpose.title


def plain(text: str) -> str:
    """Lower case Latin letters, digits and single blanks: what is left when tricks of writing are taken away."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_LOOK_ALIKES)
    visible = "".join(c for c in decomposed if unicodedata.category(c) not in {"Mn", "Cf"})
    return " ".join(re.sub(r"[\W_]+", " ", visible).split())


def _joined(bare: str) -> str:
    """`i c e warrant` → `ice warrant`: letters that stand alone belong together."""
    return re.sub(r"\b(\w) (?=\w\b)", r"\1", bare)


def _empty(rules: SearchSettings) -> frozenset[str]:
    own = {word for purpose in rules.purposes for word in plain(f"{purpose.key} {purpose.title}").split()}
    boilerplate = {word for phrase in rules.boilerplate for word in plain(phrase).split()}
    return frozenset(own | boilerplate | _MASHED)
