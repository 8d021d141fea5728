"""Sample answers, from whatever holds them: a saved body, or what ``curl -i`` prints.

Decides what one text holds: a whole answer, a JSON document, or one in each line.
"""

from __future__ import annotations

from dataclasses import replace

from opwatch.domain.errors import UsageError
from opwatch.domain.messages import Headers, Response
from opwatch.profiles import Sample, parse_body
from opwatch.session.input import last_answer


def answer_of(data: bytes, url: str = "", received_at: float = 0.0) -> Response:
    """Return the answer that *data* is: a whole one, or else the body of a good one.

    *received_at* is in seconds since the epoch.
    """
    stripped = data.lstrip()
    if not stripped.startswith(b"HTTP/"):
        return Response(200, url, Headers(), data, received_at)
    return replace(last_answer(stripped), url=url, received_at=received_at)


def samples_of(answer: Response, source: str) -> list[Sample]:
    """Return the samples in *answer*, which was read from *source*.

    Raises:
        UsageError: it has a body, and that is no JSON.
    """
    whole = parse_body(answer.body)
    bodies = [whole]
    if whole.fault is not None:
        bodies = [parse_body(line) for line in answer.body.splitlines() if line.strip()]
    if any(each.fault for each in bodies):
        raise UsageError(f"{source} holds no JSON: {whole.detail or whole.fault}")
    documents = [each.data for each in bodies] or [None]
    return [Sample(each, answer.status, answer.headers, answer.url or None) for each in documents]
