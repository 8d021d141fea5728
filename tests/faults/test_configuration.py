"""Faults 108 to 122: configuration files that are missing, broken, hostile, or somebody else's."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.inside import Inside
from faults.catalogue import fault
from faults.whole import CANARY, DONE, api
from opwatch.domain.errors import UsageError
from opwatch.domain.moments import parse_duration
from opwatch.domain.operation import Reading
from opwatch.domain.outcome import Policy
from opwatch.domain.pacing import Pace
from opwatch.session.plan import make_plan
from profiles.making import definition, reading, response
from profiles.making import profile as profile_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.program import Ran
    from servers.raw import RawServer


class Config:
    """A configuration file, and what a run with it says before it asks anybody anything."""

    def __init__(self, inside: Inside, server: RawServer) -> None:
        self.inside = inside
        self.server = server
        self.path = inside.home / "config.yaml"
        inside.environ |= {"OPWATCH_CONFIG": str(self.path), "API_TOKEN": CANARY}

    def run(self, text: str | bytes | None = None, *arguments: str) -> Ran:
        """Run with *text* as the file, in which URL is the server's."""
        if text is not None:
            data = text.encode() if isinstance(text, str) else text
            self.path.write_bytes(data.replace(b"URL", self.server.url.encode()))
        return self.inside.run("wait", "-p", "mine", "--json", *(arguments or ("a",)))

    def refused(self, text: str | bytes | None = None, *arguments: str) -> str:
        """Return what is said of *text*, which must be refused without a request."""
        ran = self.run(text, *arguments)
        assert (ran.code, ran.document["exit_reason"], ran.outcomes) == (2, "usage", []), ran.err
        assert self.server.requests == []
        assert "Traceback" not in ran.err
        assert "\x1b" not in ran.err
        assert CANARY not in ran.err + ran.out
        return ran.err


@pytest.fixture
def config(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Config]:
    with api(DONE) as server:
        yield Config(Inside(tmp_path, capfd, monkeypatch), server)


HEAD = "version: 1\nprofiles:\n  mine:\n"
GOOD = (
    HEAD + "    base_url: URL\n    request: {path: '/ops/{id}'}\n"
    "    read: {status: status}\n    states: {running: [running], succeeded: [done]}\n"
)


# -- the file ------------------------------------------------------------------------


@fault(108)
def test_a_file_that_is_not_there_is_named_with_the_reason(config: Config) -> None:
    assert f"cannot read {config.path}: No such file or directory" in config.refused()


@fault(108)
def test_what_is_no_file_is_refused_without_waiting_for_it(config: Config) -> None:
    config.path.mkdir()
    assert "is not a regular file" in config.refused()
    config.path.rmdir()
    os.mkfifo(config.path)
    assert "is not a regular file" in config.refused()
    for device in ("/dev/zero", "/dev/tty"):
        assert device in config.refused(None, "--config", device, "a")


@fault(108)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(config: Config) -> None:
    # Root may read everything but this.
    said = config.refused(None, "--config", "/proc/self/mem", "a")

    assert "cannot read /proc/self/mem: Input/output error" in said


@fault(108)
def test_a_file_that_is_too_large_is_refused_before_it_is_parsed(config: Config) -> None:
    assert "256 KiB" in config.refused("# " + "x" * 300_000)


@fault(109)
@pytest.mark.parametrize(
    ("text", "place"),
    [
        (HEAD + "\tbase_url: URL\n", "4:1"),
        (HEAD + "    base_url: URL\n   request: {}\n", "5:4"),
        (HEAD + "    base_url: 'URL\n", "5:1"),
        (HEAD + "    base_url: URL\n    title: a\x1b[31mb\n", "5:13"),
        (HEAD + "    base_url: URL\n    title: a\x00b\n", "5:13"),
        (HEAD + "    base_url: [URL\n    request: {}\n", "5:"),
    ],
)
def test_broken_yaml_is_told_with_the_place_and_the_line(
    config: Config, text: str, place: str
) -> None:
    said = config.refused(text)

    assert said.startswith(f"{config.path}:{place}")


@fault(109)
@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"version: 1\nx: \xe4\n"])
def test_a_file_that_is_no_utf_8_is_refused(config: Config, data: bytes) -> None:
    assert "UTF-8" in config.refused(data)


@fault(110)
def test_an_alias_bomb_is_refused_at_its_first_anchor(config: Config) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert f"{config.path}:1:4" in config.refused(bomb)


@fault(111)
@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 900, "- " * 2000, "a:\n" + " " * 200 + "b"])
def test_nesting_without_end_is_refused_with_a_place(config: Config, text: str) -> None:
    assert config.refused(text).startswith(str(config.path))


@fault(112)
def test_a_key_that_comes_twice_is_told_with_both_places(config: Config) -> None:
    said = config.refused(GOOD + "    base_url: URL\n")

    assert f"{config.path}:8:5" in said
    assert "line 4" in said


@fault(113)
def test_a_misspelt_key_is_told_with_its_place_and_the_nearest(config: Config) -> None:
    said = config.refused(GOOD + "    pol: {first: 1s}\n").splitlines()

    assert said[0] == f"{config.path}:8:5: unknown key 'pol' in the profile; did you mean 'poll'?"
    assert said[1:] == ["      pol: {first: 1s}", "      ^"]


@fault(113)
def test_keys_for_notes_are_free(config: Config) -> None:
    assert config.run(GOOD + "    x-owner: {team: exports}\nx-anything: [1]\n").code == 0


@fault(114)
@pytest.mark.parametrize(
    "word", ["no", "NO", "on", "1:30", "010", "0o10", "1e3", "2026-03-01", "~x", "0x1F", "1_000"]
)
def test_words_that_yaml_takes_for_something_else_stay_words(config: Config, word: str) -> None:
    more = f"    params: {{kind: {{default: {word}}}}}\n"
    ran = config.run(GOOD.replace("path: '/ops/{id}'", "path: '/{kind}/{id}'") + more)

    assert ran.code == 0, ran.err
    assert config.server.requests[0].startswith(f"GET /{word.replace(':', '%3A')}/a ".encode())


@fault(115)
@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system [touch trapped]", "!!binary eA==", "!x y", "!!str y"]
)
def test_tags_are_refused_and_make_nothing(config: Config, tag: str) -> None:
    said = config.refused(GOOD + f"    title: {tag}\n")

    assert f"{config.path}:8:12" in said
    assert not (config.inside.home / "trapped").exists()


@fault(116)
@pytest.mark.parametrize("text", [GOOD + "---\n" + GOOD, "- a\n", "word\n", "", "# nothing\n", "~"])
def test_what_is_not_one_mapping_is_refused(config: Config, text: str) -> None:
    assert config.refused(text).startswith(str(config.path))


@fault(117)
@pytest.mark.parametrize(
    ("chain", "said"),
    [
        ({"mine": "a", "a": "b", "b": "a"}, "mine -> a -> b -> a"),
        ({"mine": "mine"}, "no profile 'mine'"),
        ({"mine": "fulstory"}, "did you mean 'fullstory'?"),
        (
            {f"p{n}" if n else "mine": f"p{n + 1}" for n in range(9)} | {"p9": "fullstory"},
            "more than 8 profiles",
        ),
    ],
)
def test_inheritance_that_goes_round_or_nowhere_is_printed(
    config: Config, chain: dict[str, str], said: str
) -> None:
    lines = [f"  {name}: {{extends: {base}}}\n" for name, base in chain.items()]

    told = config.refused("version: 1\nprofiles:\n" + "".join(lines))

    assert said in told
    assert f"{config.path}:" in told


@fault(118)
def test_a_variable_that_is_not_set_is_named_with_its_place(config: Config) -> None:
    said = config.refused(GOOD + "    title: 'of ${NOT_SET_7F3A}'\n")

    assert f"{config.path}:8:" in said
    assert "NOT_SET_7F3A" in said


@fault(118)
def test_a_variable_is_filled_in_once_and_never_within_a_value_of_the_environment(
    config: Config,
) -> None:
    config.inside.environ |= {"KIND": "${API_TOKEN}", "API_TOKEN": CANARY}
    text = GOOD.replace("/ops/{id}", "/${KIND}/${UNSET:-x}/{id}")
    ran = config.run(text)

    asked = b"".join(config.server.requests)
    assert CANARY.encode() not in asked
    assert ran.code in {0, 2}


@fault(119)
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666])
@pytest.mark.parametrize(
    "line",
    [
        f"auth: {{bearer: {CANARY}}}",
        f"auth: {{bearer: {{token: {CANARY}}}}}",
        f"auth: {{token: {CANARY}}}",
        f"auth: {{bearer: {{env: {CANARY}}}}}",
        f"auth: {{basic: {{user: me, password: {CANARY}}}}}",
        f"token: {CANARY}",
        f"request: {{path: /x, headers: {{Authorization: Bearer {CANARY}}}}}",
    ],
)
def test_a_secret_in_a_file_is_refused_and_not_repeated(
    config: Config, line: str, mode: int
) -> None:
    text = GOOD.replace("    request: {path: '/ops/{id}'}\n", "") + f"    {line}\n"
    config.path.write_text(text)
    config.path.chmod(mode)

    assert f"{config.path}:7:" in config.refused()


@fault(119)
@pytest.mark.parametrize("mode", [0o660, 0o602])
def test_no_program_is_run_for_a_file_that_others_may_write_to(config: Config, mode: int) -> None:
    trap = config.inside.home / "trapped"
    good = GOOD.replace("URL", config.server.url)
    config.path.write_text(good + f"    auth: {{bearer: {{command: [touch, {trap}]}}}}\n")
    config.path.chmod(mode)

    assert "others may write" in config.refused()
    assert not trap.exists()


@fault(120)
@pytest.mark.parametrize(
    "name", [".opwatch.yaml", "opwatch.yaml", "config.yaml", ".config/opwatch/config.yaml", ".env"]
)
def test_a_file_in_the_current_directory_is_never_loaded(config: Config, name: str) -> None:
    del config.inside.environ["OPWATCH_CONFIG"]
    path = config.inside.home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(GOOD)

    # There is no command to trust such a file either: it is named with --config, or not read.
    assert "there is no profile 'mine'" in config.refused()


# -- what it says --------------------------------------------------------------------


@fault(121)
@pytest.mark.parametrize("pattern", ["(", "[a-", "(?P<x>a", "a" * 300, "*"])
def test_a_wrong_regular_expression_is_told_with_its_place(config: Config, pattern: str) -> None:
    text = GOOD + "    params: {id: {pattern: " + json.dumps(pattern) + "}}\n"

    assert f"{config.path}:8:" in config.refused(text)


EVIL = [
    "^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(.*)*x", "^([a-z]+)*$", "(a*)*b", "((a+)b?)+", "(a+){20}",
    "(?:x(?:y|z*))*", "(foo|bar|)+",
]  # fmt: skip


@fault(121)
@pytest.mark.parametrize("pattern", EVIL)
@pytest.mark.parametrize("text", ["a" * 4000, "x" * 4000, "foo" * 1000])
def test_a_regular_expression_that_could_take_for_ever_is_stopped(pattern: str, text: str) -> None:
    progress = {"regex": pattern, "in": "message"}
    bound = profile_of(f"read: {json.dumps({'status': 'status', 'progress': progress})}")

    found = reading(bound, response({"status": "done", "message": text + "!"}))

    assert isinstance(found, Reading)


@fault(121)
@pytest.mark.parametrize(
    "pattern", ["(\\w+) of", "a*b", "(?:left|done)+", "[(]a+[)]b?", "\\(a+\\)+"]
)
def test_others_are_tried_on_so_much_text_that_they_end(pattern: str) -> None:
    progress = {"regex": pattern, "in": "message"}
    bound = profile_of(f"read: {json.dumps({'status': 'status', 'progress': progress})}")

    # Without the bound, "a*b" alone would take hours.
    reading(bound, response({"status": "running", "message": "a" * 1_000_000}))


@fault(122)
@pytest.mark.parametrize(
    "value", ["0", "-1", "1e9", "nan", "inf", "soon", "0s", "2h", "1s 5", "''"]
)
@pytest.mark.parametrize("key", ["first", "longest"])
def test_an_interval_that_is_none_is_refused_in_a_file(
    config: Config, key: str, value: str
) -> None:
    assert f"{config.path}:8:" in config.refused(GOOD + f"    poll: {{{key}: {value}}}\n")


@fault(122)
@pytest.mark.parametrize("value", ["0", "-1s", "1e9", "nan", "inf", "soon", ""])
def test_an_interval_that_is_none_is_refused_as_an_option(config: Config, value: str) -> None:
    config.refused(GOOD, f"--interval={value}", "a")


@fault(122)
def test_an_interval_that_is_too_short_never_hammers(config: Config) -> None:
    for text in ("1ms", "99ms", "61m"):
        assert "is not an interval from 100ms to 1h" in config.refused(
            GOOD, "--interval", text, "a"
        )
    remote = profile_of("poll: {first: 100ms, longest: 100ms, steps: [100ms, 5s]}")
    assert remote.polling_rules.pace == Pace(1.0, 1.0, steps=(1.0, 5.0))
    plan = make_plan([(remote, [remote.target("a")])], Policy(interval=0.1))
    assert plan.policy.interval == 1.0


@fault(122)
@given(st.text(max_size=12))
def test_no_text_is_a_duration_below_nothing_or_without_end(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 <= seconds < 1e15


@fault(109, 110, 111, 112, 114, 115, 116)
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda b: b.decode("latin-1"))))
def test_no_text_makes_the_loader_fail_with_anything_but_its_own_error(text: str) -> None:
    try:
        definition(text)
    except UsageError:
        return
