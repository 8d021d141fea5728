"""``opwatch profile new``: a profile drafted from sample answers.

Decides where samples are read from, and that a person is asked only what they leave
open, and only at a terminal.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from opwatch.cli import options as opt
from opwatch.cli import questions
from opwatch.cli.files import body_of, bytes_of, write_new
from opwatch.cli.options import STDIN
from opwatch.cli.parameters import command, option
from opwatch.domain.errors import BadReferenceError, StartError, UsageError
from opwatch.domain.origin import OriginError
from opwatch.domain.outcome import Outcome
from opwatch.domain.trouble import Trouble
from opwatch.output.commands.profile import (
    ask_meaning,
    ask_status,
    ask_url,
    write_left_out,
    write_next_steps,
    write_notes,
)
from opwatch.output.streams import Sink
from opwatch.output.text.sentences import describe
from opwatch.profiles import Config, is_url, load_config, name_fault, parse_body
from opwatch.session.input import answer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opwatch.domain.messages import Response
    from opwatch.domain.secret import Secret
    from opwatch.profiles.draft.propose import Known, Proposal
    from opwatch.profiles.draft.samples import Sample


@dataclass(frozen=True, kw_only=True)
class DraftOptions:
    """What was typed behind ``profile new``."""

    sources: Annotated[
        list[str],
        option(
            "--from",
            metavar="FILE|URL|-",
            help="A sample answer: JSON, or as curl -i prints it; repeatable.",
        ),
    ]
    name: Annotated[
        str | None, option("--name", metavar="NAME", help="The name of the profile.")
    ] = None
    url: Annotated[
        str | None,
        option("--url", metavar="URL", help="The URL that a sample in a file came from."),
    ] = None
    data: Annotated[
        str | None,
        option(
            "--data",
            "-d",
            metavar="TEXT|@FILE|@-",
            help="The JSON that was posted to get the samples.",
        ),
    ] = None
    output: Annotated[
        Path | None,
        option(
            "--output",
            "-o",
            help="Write it to this file instead of standard output.",
        ),
    ] = None
    config: opt.ConfigFile = None
    token_stdin: opt.TokenStdin = False
    ca_file: opt.CaFile = None

    def run(self) -> int:
        """Write the profile; return the exit code."""
        fault = None if self.name is None else name_fault(self.name)
        if fault:
            raise UsageError(fault)
        config = load_config(self.config, os.environ)
        token = self._token()
        fetched = self._fetched(config, token)
        samples = [each for source in self.sources for each in self._read(source, fetched)]
        if not samples:
            raise UsageError("there is no sample to draft a profile from")
        self._write(self._propose(samples, self._known(samples)), config)
        return 0

    def _token(self) -> Secret | None:
        from opwatch.cli.selection import Selection
        from opwatch.engine import raise_on_signals

        options = opt.ProfileOptions(token_stdin=self.token_stdin)
        # Typed at a terminal, which a signal must not leave without echo.
        with raise_on_signals():
            return Selection(options, self.sources).token()

    def _read(self, source: str, fetched: Mapping[str, Response]) -> list[Sample]:
        """Return the samples in *source*; an error answer holds none."""
        from opwatch.profiles.draft.samples import samples_of

        answer = fetched.get(source) or answer_of(bytes_of(source))
        if not answer.is_good:
            write_left_out(sys.stderr, source, answer.status)
            return []
        return samples_of(answer, "standard input" if source == STDIN else source)

    def _fetched(self, config: Config, token: Secret | None) -> dict[str, Response]:
        """Return what the URLs among the sources answer."""
        from opwatch.cli.runner import context_of
        from opwatch.engine import raise_on_signals, run_to_end
        from opwatch.session.detect import fetch_samples

        urls = [source for source in self.sources if is_url(source)]
        if not urls:
            return {}
        context = replace(context_of(os.environ, ca_file=self.ca_file), token_from_stdin=token)
        with raise_on_signals():
            answers = run_to_end(fetch_samples(urls, config, context))
        return {url: _usable(url, answer, token) for url, answer in answers.items()}

    def _known(self, samples: list[Sample]) -> Known:
        from opwatch.profiles.draft.propose import Known

        fetched = any(each.url for each in samples)
        url = self.url or (
            None if fetched or not questions.has_person() else questions.ask(ask_url())
        )
        return Known(
            name=self.name or "",
            url=url or None,
            is_open=fetched and not self.token_stdin,
            has_token=fetched and self.token_stdin,
            body=self._posted(),
        )

    def _posted(self) -> Any:
        """Return the JSON that was posted; None if nothing was.

        Raises:
            UsageError: it is not JSON, or no --url names where it was posted.
        """
        body = body_of(self.data)
        if body is None:
            return None
        if self.data == f"@{STDIN}" and STDIN in self.sources:
            raise UsageError("standard input cannot be both the body and a sample")
        if self.url is None:
            raise UsageError("--data needs --url, the URL that it was posted to")
        if any(map(is_url, self.sources)):
            raise UsageError(
                "--from requests a URL with GET; save the answer to the POST in a file"
            )
        found = parse_body(body)
        if found.fault is not None or not isinstance(found.data, (dict, list)):
            raise UsageError("--data is not a JSON object or list")
        return found.data

    def _propose(self, samples: list[Sample], known: Known) -> Proposal:
        """Return what *samples* suggest, once a person has been asked what they leave open."""
        from opwatch.profiles.draft.propose import propose
        from opwatch.profiles.language.spec import STATES

        try:
            proposal = propose(samples, known)
        except OriginError as error:
            raise BadReferenceError(known.url or "", f"not the URL of an API: {error}") from error
        if not questions.has_person():
            return proposal
        if proposal.candidates:
            path = questions.choose(ask_status(proposal.candidates), proposal.candidates)
            if path:
                known = known._replace(status=path)
                proposal = propose(samples, known)
        if proposal.unclear:
            write_notes(sys.stderr, proposal.notes)
        answers = {
            word: questions.choose(ask_meaning(word, STATES), STATES) for word in proposal.unclear
        }
        meanings = {word: bucket for word, bucket in answers.items() if bucket}
        return propose(samples, known._replace(meanings=meanings)) if meanings else proposal

    def _write(self, proposal: Proposal, config: Config) -> None:
        if self.output is None:
            sink = Sink(sys.stdout)
            sink.write(proposal.text)
            sink.flush()
        else:
            write_new(self.output, proposal.text)
        write_next_steps(
            sys.stderr,
            name=proposal.name,
            path=None if self.output is None else str(self.output),
            folder=str(config.folder or ""),
            unclear=proposal.unclear,
            has_status=proposal.has_status,
        )


@command(
    "new",
    examples=[
        (
            "opwatch profile new --from running.json --from failed.json -o my-api.yaml",
            "from saved answers",
        ),
        (
            "curl -i https://api.example.com/jobs/42 | opwatch profile new --from -",
            "from a whole answer",
        ),
    ],
)
def new_profile(*, options: DraftOptions) -> int:
    """Draft a profile from sample answers.

    It is commented, for you to read through. Give an answer of each state that
    you have: running, succeeded, failed.
    """
    return options.run()


def _usable(url: str, answer: Response | Trouble, token: Secret | None) -> Response:
    """Return *answer* if it can be a sample.

    Raises:
        StartError: there is none, or the URL needs another credential.
    """
    if isinstance(answer, Trouble):
        raise StartError(f"no sample from {url}: {describe(answer)}", Outcome.UNKNOWN)
    if answer.status in {401, 403}:
        what = "the token was refused" if token else "it needs a credential"
        hint = None if token else "give a token with --token-stdin"
        message = f"no sample from {url}: {what} (HTTP {answer.status})"
        raise StartError(message, Outcome.DENIED, hint=hint)
    return answer
