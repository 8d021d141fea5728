"""``opwatch profile``: which profiles there are, what is in them, whether they are valid.

``explain`` and ``new`` are modules of their own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

from opwatch.cli import options as opt
from opwatch.cli.commands.profile_explain import explain_reference
from opwatch.cli.commands.profile_new import new_profile
from opwatch.cli.files import bytes_of
from opwatch.cli.parameters import Group, argument, command, option
from opwatch.domain.auth import BasicAuth, HeaderAuth, NoAuth, OAuth2Auth, QueryAuth, Scheme
from opwatch.domain.errors import Problem, ProfileError, UsageError
from opwatch.output.commands.profile import checked, profile_facts
from opwatch.output.errors import write_error
from opwatch.output.formats.sheet import write_facts, write_json, write_rows
from opwatch.output.streams import Sink
from opwatch.profiles import (
    Definition,
    check,
    load_config,
    load_profile,
    manifest_schema,
    parse_body,
    profile_problems,
    schema,
)
from opwatch.session.input import answer_of


@command(
    "list",
    examples=[
        ("opwatch profile list", "all of them, with how well their facts are sourced"),
        ("opwatch profile list --json | jq -r .[].name", "their names"),
    ],
)
def list_profiles(*, config: opt.ConfigFile = None, as_json: opt.AsJson = False) -> int:
    """List all profiles, built in and your own.

    One that is broken is reported instead; the exit code is 2 then.
    """
    known = load_config(config, os.environ)
    facts: list[dict[str, Any]] = []
    code = 0
    for name in known.names():
        try:
            facts.append(_facts(load_profile(name, known)))
        except UsageError as problem:
            write_error(sys.stderr, problem)
            code = 2
    if as_json:
        write_json(sys.stdout, facts)
        return code
    rows = [(each["name"], each["origin"], each["confidence"], each["title"]) for each in facts]
    write_rows(sys.stdout, ("PROFILE", "FROM", "CONFIDENCE", "TITLE"), rows)
    return code


@command(
    "show",
    examples=[
        ("opwatch profile show azure-async", "its parameters, its credential, its notes"),
        ("opwatch profile show azure-async --source", "the YAML, to copy and change"),
    ],
)
def show_profile(
    name: Annotated[str, argument(metavar="PROFILE")],
    *,
    config: opt.ConfigFile = None,
    as_json: opt.AsJson = False,
    source: Annotated[bool, option("--source", help="Print the YAML itself.")] = False,
) -> int:
    """Show a profile.

    What it is for, its parameters, its credential, and how certain its facts are.
    """
    definition = load_profile(name, load_config(config, os.environ))
    if source:
        sink = Sink(sys.stdout)
        sink.write("\n".join(definition.node.position.source.lines) + "\n")
        sink.flush()
        return 0
    facts = _facts(definition)
    if as_json:
        write_json(sys.stdout, facts)
    else:
        write_facts(sys.stdout, profile_facts(facts))
    return 0


@command(
    "check",
    examples=[
        ("opwatch profile check my-api.yaml", "every problem, with file, line and column"),
        ("opwatch profile check my-api.yaml --answer saved.json", "also comparisons of nothing"),
    ],
)
def check_files(
    files: Annotated[list[Path] | None, argument(metavar="FILE")] = None,
    *,
    all_: Annotated[bool, option("--all", help="Check every profile.")] = False,
    answers: Annotated[
        list[str] | None,
        option(
            "--answer",
            metavar="FILE",
            help="A saved answer of the API, with which more is found; repeatable.",
        ),
    ] = None,
    strict: Annotated[bool, option("--strict", help="Exit with 2 for a warning too.")] = False,
    config: opt.ConfigFile = None,
) -> int:
    """Check profile and configuration files.

    Without a file, your own configuration is checked. Every problem is reported with
    file, line and column. Exit code 2 if there is any; a warning alone leaves it at 0.
    """
    known = load_config(config, os.environ)
    files = files or []
    if not files and not all_:
        if known.path is None:
            raise UsageError("no file given", hint="name one, or use --all for every profile")
        files = [known.path]
    if answers and (all_ or len(files) != 1):
        raise UsageError("--answer goes with one file", hint="it is an answer of one API")
    samples = [_sample(each) for each in answers or ()]
    problems: list[Problem] = []
    for path in files:
        problems += _problems_of_file(path, known, samples)
    count = len(files)
    if all_:
        count += len(known.names())
        for name in known.names():
            problems += profile_problems(name, known)
    if problems:
        write_error(sys.stderr, ProfileError(tuple(problems)))
    if (strict and problems) or not all(each.is_warning for each in problems):
        return 2
    Sink(sys.stdout).line(checked(count, len(problems)))
    return 0


@command(
    "schema",
    examples=[
        ("opwatch profile schema > opwatch.schema.json", "for the settings of an editor"),
        ("opwatch profile schema | jq '.properties | keys'", "the keys of a profile"),
    ],
)
def print_schema(
    *,
    manifest: Annotated[
        bool, option("--manifest", help="That of manifests ('wait --from FILE') instead.")
    ] = False,
) -> int:
    """Print the JSON Schema of profiles.

    With it an editor checks and completes a profile as you type.
    """
    write_json(sys.stdout, manifest_schema() if manifest else schema())
    return 0


def _facts(definition: Definition) -> dict[str, Any]:
    spec = definition.spec
    return {
        "name": definition.name,
        "title": spec.title,
        "origin": "yours" if definition.is_users else "built in",
        "file": definition.file,
        "docs": spec.docs or None,
        "confidence": spec.confidence.level,
        "confidence_reason": spec.confidence.reason or None,
        "checked": spec.confidence.checked or None,
        "experimental": spec.experimental,
        "retention": spec.retention or None,
        "notes": spec.notes or None,
        "params": {
            name: {
                "required": param.required,
                "default": param.default,
                "choices": list(param.choices),
                "help": param.help,
            }
            for name, param in spec.params.items()
        },
        "credential": _credential(spec.auth.make(lambda _text: "")),
        "batch": spec.batch.max if spec.batch else 1,
        "states": {state: [str(word) for word in words] for state, words in spec.states.items()},
    }


def _credential(scheme: Scheme) -> dict[str, Any]:
    """Return how a secret is shown, and the places that the profile names for it."""
    from opwatch.credentials import source_name
    from opwatch.profiles.language.auth import sources_of

    match scheme:
        case NoAuth():
            how = "none"
        case HeaderAuth(name=name, template=template):
            how = f"header {name}: {template.replace('{secret}', '…')}"
        case QueryAuth(name=name):
            how = f"query parameter {name}"
        case BasicAuth():
            how = "basic"
        case OAuth2Auth(grant=grant):
            how = f"oauth2 {grant}"
    return {
        "scheme": how,
        "sources": [source_name(each) for each in sources_of(scheme)],
        "optional": isinstance(scheme, HeaderAuth) and scheme.optional,
    }


def _sample(source: str) -> Any:
    """Return the JSON of the saved answer *source*."""
    body = parse_body(answer_of(bytes_of(source), "", 0.0).body)
    if body.fault is not None:
        raise UsageError(f"{source} is not JSON: {body.detail or body.fault}")
    return body.data


def _problems_of_file(path: Path, known: Any, samples: list[Any]) -> tuple[Problem, ...]:
    try:
        text = bytes_of(str(path)).decode()
    except UnicodeError as problem:
        raise UsageError(f"cannot read {path}: it is not UTF-8") from problem
    return check(text, str(path), known, samples)


app = Group(
    "profile",
    help="List, show, check, explain and write provider profiles.",
    commands=[
        list_profiles,
        show_profile,
        check_files,
        print_schema,
        explain_reference,
        new_profile,
    ],
    examples=[
        ("opwatch profile list", "which there are"),
        ("opwatch profile new --from answer.json -o my-api.yaml", "one for your own API"),
    ],
)
