"""What is posted to ask about an operation, out of what was posted once.

Decides which text of a body is the id, and that no secret of it is kept: a key
that sounds like one is left out, and a value that is not plainly a word becomes a
parameter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.profiles.draft.samples import Sample, fields_of
from opwatch.profiles.draft.url import VERSION, free_name
from opwatch.profiles.language.params import ID
from opwatch.profiles.values import word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


_ID_KEY: Final = re.compile(r".*(?:id|ids|handle|name|job|task)", re.IGNORECASE)
_SECRET: Final = re.compile(
    r".*(?:token|secret|passw|credential|auth|api_?key|signature).*", re.IGNORECASE
)
# A value that is the same for all operations: `IN_PROGRESS`, `byStatus`, `job.status`, `2.0`.
_WORD: Final = r"(?:[A-Z]{1,15}|[A-Za-z]?[a-z]{1,14}(?:[A-Z][a-z]{2,14}){0,3})"
_WORDS: Final = re.compile(rf"(?:{_WORD}(?:[ ._-]{_WORD}){{0,2}})?", re.ASCII)
_LARGEST: Final = 9_999
_DEEPEST: Final = 6


class Posting(NamedTuple):
    """A JSON *body* of templates, or a GraphQL *query* with *variables*.

    *id* is the one that it was about. *params* are what else may differ, *dropped*
    the keys that may hold secrets.
    """

    body: Any = None
    query: str = ""
    variables: Any = None
    id: str = ""
    params: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def posting_of(body: Any, samples: Sequence[Sample]) -> Posting:
    """Return what to post for any operation, out of the *body* that brought *samples*."""
    known = {text for field in fields_of(samples) for each in field.values
             if isinstance(each, (str, int)) and (text := word(each))}  # fmt: skip
    is_graphql = isinstance(body, dict) and isinstance(body.get("query"), str)
    inside = body.get("variables") or {} if is_graphql else body
    wanted = _id_in(inside, known)
    names = {wanted: ID} if wanted else {}
    dropped: list[str] = []
    filled = _fill(inside, "", names, dropped)
    params = tuple(name for name in names.values() if name != ID)
    posting = Posting(id=wanted, params=params, dropped=tuple(dropped))
    if is_graphql:
        return posting._replace(query=body["query"], variables=filled)
    return posting._replace(body=filled)


def _fill(value: Any, key: str, names: dict[str, str], dropped: list[str]) -> Any:
    """Return *value*, which is at *key*, with parameters in it.

    *names* are those of the parameters, by what they stand for; new ones are put
    there, and keys that may hold secrets in *dropped*.
    """
    if isinstance(value, dict):
        dropped += [each for each in value if _SECRET.fullmatch(each)]
        kept = {each: value[each] for each in value if not _SECRET.fullmatch(each)}
        return {each: _fill(inner, each, names, dropped) for each, inner in kept.items()}
    if isinstance(value, list):
        return [_fill(each, key, names, dropped) for each in value]
    text = word(value) or ""
    if text not in names:
        if _is_plain(value):
            return value
        names[text] = free_name(key, "value", names.values())
    return f"{{{names[text]}}}"


def _is_plain(value: Any) -> bool:
    """Tell whether *value* can be written down: it is plainly a word, or a small number."""
    if isinstance(value, str):
        return bool(_WORDS.fullmatch(value) or VERSION.fullmatch(value))
    return value is None or abs(value) <= _LARGEST


def _id_in(body: Any, known: Collection[str]) -> str:
    """Return the text in *body* that is the id: one of the *known*, best at a key for ids."""
    texts = [
        (key, text) for key, text in _texts_in(body, "") if text and not _SECRET.fullmatch(key)
    ]
    seen = [each for each in texts if each[1] in known]
    named = [each for each in seen if _ID_KEY.fullmatch(each[0])]
    likely = [each for each in texts if _ID_KEY.fullmatch(each[0])]
    return (named or seen or likely or [("", "")])[0][1]


def _texts_in(value: Any, key: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts_in(inner, name, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner, key, depth + 1)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        yield key, word(value) or ""
