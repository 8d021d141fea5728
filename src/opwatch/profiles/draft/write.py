"""A draft of a profile, as text, for a person to read and correct.

Decides the order, the comments and the quoting. Only keys, status words and the
fixed parts of the URL and of a posted body come into the file: anything else may
be a secret, or personal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opwatch.profiles.draft.words import guess_words, stem
from opwatch.profiles.draft.yaml import as_comment, flow, fold, path_scalar, scalar
from opwatch.profiles.language.expressions import spelling
from opwatch.profiles.language.spec import STATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opwatch.profiles.draft.body import Posting
    from opwatch.profiles.draft.infer import Inference
    from opwatch.profiles.draft.rules import DraftRule
    from opwatch.profiles.draft.url import Addressing

MODELINE: Final = "# yaml-language-server: $schema=opwatch.schema.json"
_WIDE: Final = 100


class DraftPlan(NamedTuple):
    """What a draft is to be: its *name*, where its API is, and which variable holds a token.

    *address* is None if no URL is known. *variable* is empty where the API wants
    no credential. *is_tried* means that the API accepted such a token.
    *handoff_header* is the header that held the status URL in a sample, *posting* is
    what was posted to get one.
    """

    name: str
    address: Addressing | None = None
    variable: str = ""
    is_tried: bool = False
    handoff_header: str = ""
    posting: Posting | None = None


def draft(plan: DraftPlan, found: Inference) -> str:
    """Return the YAML of a profile that passes ``profile check``."""
    request = (_head(plan), _where(plan), _batch(found), _auth(plan))
    answer = (_reading(found), _rules(found), _states(found), _verify(found), _pace(found))
    lines = [line for part in (*request, *answer, _handoff(plan, found)) for line in part]
    return "\n".join(lines).rstrip() + "\n"


def _head(plan: DraftPlan) -> Iterator[str]:
    yield MODELINE
    yield "# The editor's schema:  opwatch profile schema > opwatch.schema.json"
    yield "# Drafted from sample answers. Review it: the lines marked CHECK are guesses."
    yield f"# Try it:  opwatch profile check FILE;  opwatch profile explain -p {plan.name} REF"
    yield "version: 1"
    yield f"title: {scalar(plan.name)}"
    yield ""


def _where(plan: DraftPlan) -> Iterator[str]:
    address = plan.address
    if address is None:
        yield "# CHECK: no URL was given. Operations are named by their URLs; for plain ids write"
        yield "# base_url: https://…  and  request: {path: '/…/{id}'}"
        yield "params:"
        yield "  server: {required: true, help: where the API is}"
        yield "base_url: '{server}'"
        yield ""
        return
    posted = plan.posting.params if plan.posting else ()
    parameters = dict.fromkeys((*address.params, *posted))
    params = [f"  {name}: {{required: true}}" for name in parameters]
    if address.wide:
        params.insert(0, "  id: {encode: path}  # its slashes separate segments")
    if params:
        yield "params:  # CHECK: what else may differ from one operation to the next"
        yield from params
    yield f"base_url: {scalar(address.base_url)}"
    yield "request:"
    if not address.is_sure:
        yield "  # CHECK: it is not clear which part of the path is the id, if any is; if it was"
        yield "  # posted, or asked for in a GraphQL query, give that with --data."
    yield f"  path: {path_scalar(address.path)}"
    if address.query:
        yield f"  query: {flow(address.query)}"
    if address.dropped:
        names = ", ".join(as_comment(name) for name in address.dropped)
        yield f"  # CHECK: left out of the query, because it may hold secrets: {names}"
    if plan.posting is not None:
        yield from _request_body(plan.posting)
    yield ""


def _request_body(posting: Posting) -> Iterator[str]:
    if posting.dropped:
        names = ", ".join(as_comment(name) for name in posting.dropped)
        yield f"  # CHECK: left out of the body, because it may hold secrets: {names}"
    if not posting.id:
        yield "  # CHECK: it is not clear what in the body is the id; put {id} there"
    if not posting.query:
        yield f"  body: {flow(posting.body)}"
        return
    yield "  graphql:"
    is_plain = "#" not in posting.query and '"' not in posting.query
    query = " ".join(posting.query.split()) if is_plain else posting.query
    yield from fold("query", query, indent=4, width=_WIDE)
    if posting.variables:
        yield f"    variables: {flow(posting.variables)}"


def _batch(found: Inference) -> Iterator[str]:
    batch = found.operation_list.batch if found.operation_list else None
    if found.operation_list is None or batch is None:
        return
    what = {"query": batch.query, **({} if batch.style == "repeat" else {"style": batch.style})}
    items = found.operation_list.items
    yield "# Several are requested at once, and each is found in the answer by its id."
    yield f"batch: {flow({**what, 'items': items, **({'id': found.id} if found.id else {})})}"
    yield ""


def _auth(plan: DraftPlan) -> Iterator[str]:
    if not plan.variable:
        yield "auth: none  # the sample came without a credential"
    else:
        note = "" if plan.is_tried else "  # CHECK: or none, header, query, basic, oauth2?"
        yield f"auth: {{bearer: {{env: {plan.variable}}}}}{note}"
    yield ""


def _reading(found: Inference) -> Iterator[str]:
    lines = list(_fields(found))
    if lines:
        yield "# Where things are in an answer (JMESPath); of a list, the first that is not empty."
        yield "read:"
        yield from lines
        yield ""


def _fields(found: Inference) -> Iterator[str]:
    if found.operation_list and not found.operation_list.batch:
        note = (
            "  # CHECK: only the first of the list is read" if found.operation_list.most > 1 else ""
        )
        yield f"  root: {scalar(found.operation_list.items.removeprefix('@') + '[0]')}{note}"
    if found.id:
        yield f"  id: {scalar(found.id)}  # an answer about another id is never used"
    if found.decision.status:
        yield from _entry("status", found.decision.status)
    elif not found.decision.is_complete:
        yield "  # CHECK: no field looks like a status word."
        if found.candidates:
            places = ", ".join(as_comment(each) for each in found.candidates[:9])
            yield f"  # It could be at: {places}"
        yield "  status: status"
    if found.progress:
        yield from _entry("progress", found.progress)
    yield from _entry("message", found.message)
    if found.error:
        yield from _entry(
            "error", [{name: _one_or_all(paths) for name, paths in found.error.items()}]
        )
    for name, paths in found.times.items():
        yield from _entry(name, paths)
    yield from _entry("link", found.link)
    yield from _entry("result", found.result)


def _rules(found: Inference) -> Iterator[str]:
    rules = found.decision.rules
    if not rules:
        return
    yield "# The first rule that fits decides, before any word; null, false, '', [], {} do not fit."
    yield "rules:"
    for rule in rules:
        if rule.why:
            yield f"  # {'CHECK: ' if rule.is_guess else ''}{rule.why}"
        yield from _rule(rule)
    if not found.decision.is_complete:
        yield "absent_status: running  # CHECK: nothing shows that it has succeeded"
    yield ""


def _rule(rule: DraftRule) -> Iterator[str]:
    yield f"  - state: {rule.state}"
    if rule.http:
        yield f"    http: {rule.http}"
    if rule.when:
        yield from fold("when", rule.when, indent=4, width=_WIDE)
    if rule.partial:
        yield "    partial: true  # a success with warnings"


def _states(found: Inference) -> Iterator[str]:
    words = found.decision.words
    ruled = {rule.state for rule in found.decision.rules if not rule.partial}
    if not words and "succeeded" in ruled:
        return
    seen = [word for word in (*words, *found.decision.neutral) if isinstance(word, str)]
    known = {spelling(stem(word)) for word in seen}
    yield "# What each status word means, in any case and with any separators. A word that is not"
    yield "# listed goes on as running, with a warning; it never ends an operation."
    yield "states:"
    for bucket in STATES:
        listed = [word for word, meaning in words.items() if meaning == bucket]
        if listed:
            yield f"  {bucket}: {flow(listed)}"
            continue
        likely = [word for word in guess_words(bucket, seen) if spelling(stem(word)) not in known]
        if not found.decision.is_guessable:
            if bucket == "succeeded":
                yield f"  {bucket}: [TODO]  # CHECK: which word means that all of it succeeded?"
        elif likely and not ("succeeded" in ruled and bucket in ruled):
            yield f"  {bucket}: {flow(likely)}  # CHECK: not in the samples"
    unclear = [word for word, meaning in words.items() if meaning is None]
    if unclear:
        yield f"  # CHECK: in the samples, but not clear: {flow(unclear)}"
    for note in found.decision.notes:
        yield f"  # CHECK: {note}."
    yield ""


def _verify(found: Inference) -> Iterator[str]:
    denials = [*found.denials, *(each for _, inner in found.parts for each in inner)]
    if not denials:
        return
    yield "# CHECK: beside these a success is undecided, and after a minute unknown. Which of them"
    yield "# say nothing about the operation, and which make it 'means: failed' or 'partial'?"
    yield "verify:"
    if found.parts:
        yield f"  parts: {flow([path for path, _ in found.parts])}"
    yield "  unless:"
    for each in dict.fromkeys(denials):
        more = {"are": each.values, "means": each.means}
        doubt = {"fields": each.path, **{key: value for key, value in more.items() if value}}
        yield f"    - {flow(doubt)}"
    yield ""


def _pace(found: Inference) -> Iterator[str]:
    if found.conditional:
        yield "conditional: true  # the answers carry an ETag"
    yield "poll: {first: 5s, longest: 1m}"
    yield ""


def _handoff(plan: DraftPlan, found: Inference) -> Iterator[str]:
    yield "# Where the answer to a start names its operation:  curl -i … | opwatch wait -p NAME -"
    yield "handoff:"
    for header in dict.fromkeys(
        (plan.handoff_header or "Location", "Operation-Location", "Location")
    ):
        yield f"  - {{header: {header}}}"
    if found.id and plan.address is not None:
        yield f"  - {flow({'body': found.id})}"


def _entry(key: str, found: Sequence[Any]) -> Iterator[str]:
    """Yield *key* with what was *found* for it: one, or a list; nothing if nothing was."""
    if len(found) == 1 and isinstance(found[0], str):
        yield from fold(key, found[0], indent=2, width=_WIDE)
    elif found:
        yield f"  {key}: {flow(_one_or_all(found))}"


def _one_or_all(found: Sequence[Any]) -> Any:
    return found[0] if len(found) == 1 else list(found)
