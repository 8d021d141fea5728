"""What is offered for a CI runs there, as far as it can be tried without it.

The action for GitHub, the component for GitLab and the blocks of docs/ci.md: their scripts are
run with the variables of their system, against a server on this machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from opwatch.demo import Script
from opwatch.domain.operation import State
from opwatch.output.ci import VARIABLES
from opwatch.version import __version__
from output.ci import readers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cli.program import Program
    from servers.demo import DemoServer

ROOT: Final = Path(__file__).resolve().parents[2]
ACTION: Final = ROOT / ".github" / "actions" / "wait" / "action.yml"
COMPONENT: Final = ROOT / "docs" / "ci" / "wait.gitlab-ci.yml"
PAGE: Final = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
HOSTILE: Final = ("$(touch owned)", "`touch owned`", '"; touch owned; "', "'; touch owned; '", "*")
INSTALLERS: Final = ("pip", "pipx", "uv")
SYSTEMS: Final = {
    "GitHub Actions": "GITHUB_ACTIONS",
    "GitLab CI": "GITLAB_CI",
    "Azure Pipelines": "TF_BUILD",
    "Buildkite": "BUILDKITE",
    "TeamCity": "TEAMCITY_VERSION",
    "Jenkins": "JENKINS_URL",
}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for a POSIX shell")


@pytest.fixture
def environ(program: Program, tmp_path: Path) -> dict[str, str]:
    """Return what a job has: opwatch and installers on its PATH, its files, a server to ask."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in INSTALLERS:
        tool = folder / name
        tool.write_text(f'#!/bin/sh\necho "{name} $*" >> "$HOME/installed"\n')
        tool.chmod(0o755)
    start = folder / "opwatch"
    start.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m opwatch "$@"\n')
    start.chmod(0o755)
    return {
        **program.environ,
        "PATH": f"{folder}:{os.defpath}",
        "RUNNER_TEMP": str(tmp_path / "temp"),
        **{f"GITHUB_{each}": str(tmp_path / each) for each in ("OUTPUT", "STEP_SUMMARY", "PATH")},
    }


def run(script: str, environ: Mapping[str, str], *shell: str) -> subprocess.CompletedProcess[str]:
    file = Path(environ["HOME"]) / "script"
    file.write_text(script)
    done = subprocess.run(  # noqa: S603, our own script
        [*(shell or ("bash", "--noprofile", "--norc", "-eo", "pipefail")), file],
        env=dict(environ), cwd=environ["HOME"], capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    # Bytes, for a carriage return is part of what GitLab reads.
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def pretend(environ: Mapping[str, str]) -> Path:
    """Let opwatch only write its arguments, one a line, and exit with 3; return where."""
    found = Path(environ["HOME"]) / "arguments"
    tool = Path(environ["HOME"]) / "bin" / "opwatch"
    tool.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{found}"\nexit 3\n')
    return found


def export(server: DemoServer, state: State = State.SUCCEEDED) -> str:
    return server.start("fullstory", Script(0.1, state)).id


# -- the action ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    return found


def inputs(action: dict[str, Any], step: str, **given: str) -> dict[str, str]:
    """Return the variables of *step* where the inputs *given* are set."""
    values = {name: str(each.get("default", "")) for name, each in action["inputs"].items()}
    values |= {name.replace("_", "-"): each for name, each in given.items()}
    (found,) = (each for each in action["runs"]["steps"] if each["id"] == step)
    return {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda each: values[each[1]], value)
        for name, value in found["env"].items()
    }


def script_of(action: dict[str, Any], step: str) -> str:
    (found,) = (each["run"] for each in action["runs"]["steps"] if each["id"] == step)
    return str(found)


def test_no_script_of_the_action_holds_an_expression(action: dict[str, Any]) -> None:
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
    text = ACTION.read_text(encoding="utf-8")
    used = set(re.findall(r"inputs\.([\w-]+)", text))
    assert used == set(action["inputs"])
    assert set(action["outputs"]) == {"exit-code", "summary", "json"}


def test_the_action_installs_the_version_that_it_belongs_to(
    action: dict[str, Any], environ: dict[str, str]
) -> None:
    ran = run(script_of(action, "install"), environ | inputs(action, "install"))

    assert (ran.returncode, ran.stderr) == (0, "")
    home = Path(environ["HOME"])
    assert (home / "installed").read_text() == f"uv tool install --quiet opwatch=={__version__}\n"
    assert Path(environ["GITHUB_PATH"]).read_text() == f"{environ['RUNNER_TEMP']}/opwatch/bin\n"


@pytest.mark.parametrize("version", [*HOSTILE, "1 --index-url http://evil", "1;python_version<'4'"])
def test_the_action_installs_nothing_but_a_version(
    version: str, action: dict[str, Any], environ: dict[str, str]
) -> None:
    ran = run(script_of(action, "install"), environ | inputs(action, "install", version=version))

    assert ran.returncode == 2
    assert not (Path(environ["HOME"]) / "installed").exists()


def test_the_action_waits_and_hands_on_what_it_found(
    action: dict[str, Any], environ: dict[str, str], server: DemoServer
) -> None:
    good, bad = export(server), export(server, State.FAILED)
    given = inputs(
        action, "wait", profile="fullstory", references=f"{good}\n\n  {bad}\n", timeout="30s",
        junit="report.xml", arguments="--confirm=1\n--progress=lines", base_url=server.base_url,
        token=environ.pop("OPWATCH_TOKEN"),
    )  # fmt: skip

    ran = run(script_of(action, "wait"), environ | given | {"GITHUB_ACTIONS": "true"})

    assert (ran.returncode, ran.stdout) == (1, ""), ran.stderr
    found = readers.github_outputs(Path(environ["GITHUB_OUTPUT"]).read_text())
    document = json.loads(found["json"])
    assert [each["outcome"] for each in document["operations"]] == ["succeeded", "failed"]
    assert (found["exit-code"], document["exit_code"]) == ("1", 1)
    assert (Path(environ["HOME"]) / "report.xml").exists()


@pytest.mark.parametrize(
    ("where", "name"),
    [("references", ""), ("arguments", ""), ("params", "--param="), ("profile", "--profile=")],
)
def test_no_input_of_the_action_is_read_as_shell(
    where: str, name: str, action: dict[str, Any], environ: dict[str, str]
) -> None:
    given = {"references": "a", where: "\n".join(HOSTILE)}
    arguments = pretend(environ)

    ran = run(script_of(action, "wait"), environ | inputs(action, "wait", **given))

    assert (ran.returncode, ran.stdout, ran.stderr) == (3, "", "")
    assert "\n".join(HOSTILE) in arguments.read_text().replace(f"\n{name}", "\n")
    assert not (Path(environ["HOME"]) / "owned").exists()
    found = readers.github_outputs(Path(environ["GITHUB_OUTPUT"]).read_text())
    assert found == {"exit-code": "3"}


def test_a_reference_of_the_action_is_no_option(
    action: dict[str, Any], environ: dict[str, str]
) -> None:
    arguments = pretend(environ)

    run(script_of(action, "wait"), environ | inputs(action, "wait", references="--any\na b"))

    assert arguments.read_text().splitlines() == ["wait", "--ci", "github", "--", "--any", "a b"]


# -- the component -------------------------------------------------------------------


def component(**given: str) -> dict[str, Any]:
    """Return the job of the component with the inputs *given*, as GitLab fills them in."""
    text = COMPONENT.read_text(encoding="utf-8")
    spec, _ = yaml.safe_load_all(text)
    values = {name: each.get("default") for name, each in spec["spec"]["inputs"].items()}
    values |= {name.replace("_", "-"): each for name, each in given.items()}
    assert None not in values.values()

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {fill(key): fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [fill(each) for each in value]
        if not isinstance(value, str):
            return value
        return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda each: values[each[1]], value)

    _, jobs = yaml.safe_load_all(text)
    filled = fill(jobs)
    (found,) = filled.values()
    assert "inputs." not in json.dumps(filled)
    return dict(found)


def variables(job: dict[str, Any]) -> dict[str, str]:
    return {name: each["value"] for name, each in job["variables"].items()}


def test_the_component_waits_and_writes_a_report(
    environ: dict[str, str], server: DemoServer
) -> None:
    job = component(profile="fullstory", references=f"{export(server)} {export(server)}")

    script = "\n".join(job["script"])
    ran = run(script, environ | variables(job) | {"GITLAB_CI": "true"}, "sh", "-e")

    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    assert [each[1] for each in readers.GITLAB.finditer(ran.stderr)] == ["start", "end"]
    home = Path(environ["HOME"])
    assert f"opwatch=={__version__}" in (home / "installed").read_text()
    assert (home / job["artifacts"]["reports"]["junit"]).exists()


def test_the_component_takes_the_opwatch_of_its_image_where_no_version_is_named(
    environ: dict[str, str], server: DemoServer
) -> None:
    job = component(profile="fullstory", references=export(server), version="")

    ran = run("\n".join(job["script"]), environ | variables(job), "sh", "-e")

    assert ran.returncode == 0, ran.stderr
    assert not (Path(environ["HOME"]) / "installed").exists()


@pytest.mark.every(2)
@pytest.mark.parametrize("where", ["references", "profile", "params", "timeout", "version"])
def test_no_input_of_the_component_is_read_as_shell(where: str, environ: dict[str, str]) -> None:
    text = "\n".join(HOSTILE)
    job = component(**{"references": "a", where: text})
    found = Path(environ["HOME"]) / "installed" if where == "version" else None
    arguments = pretend(environ)

    ran = run("\n".join(job["script"]), environ | variables(job), "sh", "-e")

    assert (ran.returncode, ran.stderr) == (3, "")
    written = (found or arguments).read_text().replace("\n--param=", "\n")
    words = text.split() if where == "references" else text.split("\n")
    assert "\n".join(words) in written
    assert not (Path(environ["HOME"]) / "owned").exists()


# -- the page ------------------------------------------------------------------------


def blocks() -> Iterator[Any]:
    """Yield the variable of its system and the script of each block of the page."""
    for section in PAGE.split("\n## ")[1:]:
        title = section.partition("\n")[0]
        marked = r"<!-- (?:workflow|block) -->\n```(\w+)\n(.*?)```"
        for number, (language, text) in enumerate(re.findall(marked, section, re.DOTALL)):
            match language:
                case "sh":
                    script = text
                case "groovy":
                    script = "\n".join(re.findall(r"^ *sh '(.*)'$", text, re.MULTILINE))
                case _:
                    script = "\n".join(scripts(yaml.safe_load(text)))
            if "opwatch wait" in script:
                yield pytest.param(SYSTEMS[title], script, id=f"{title} {number}")


def scripts(value: Any) -> Iterator[str]:
    """Yield what is run in a pipeline."""
    for key, each in value.items() if isinstance(value, dict) else ():
        if key in {"script", "run", "bash", "command"}:
            yield from each if isinstance(each, list) else [each]
        else:
            yield from scripts(each)
    for each in value if isinstance(value, list) else ():
        yield from scripts(each)


def test_each_system_has_a_block() -> None:
    assert {each.values[0] for each in blocks()} == set(SYSTEMS.values())


@pytest.mark.every(20)
@pytest.mark.parametrize(("variable", "script"), list(blocks()))
def test_a_block_of_the_page_waits_and_reports(
    variable: str, script: str, environ: dict[str, str], server: DemoServer
) -> None:
    ids = {"EXPORT_ID": export(server, State.FAILED), variable: "true"}

    ran = run(script, environ | ids)

    assert ran.returncode == 1, ran.stderr
    log = ran.stderr + ran.stdout
    assert "failed (FAILED) after" in log
    assert bool(readers.commands(log)) == (variable in VARIABLES), log
    assert f"opwatch=={__version__}" in (Path(environ["HOME"]) / "installed").read_text()
    assert (Path(environ["HOME"]) / "opwatch.xml").exists() == ("--junit" in script)


def test_the_page_names_the_version_that_it_belongs_to() -> None:
    named = re.findall(r"(?:opwatch==|actions/wait@v)([\d.]+\d)", PAGE)

    assert set(named) == {__version__}


def test_a_step_that_reads_the_document_prints_the_outcomes(
    environ: dict[str, str], server: DemoServer
) -> None:
    if shutil.which("jq") is None:
        pytest.skip("NOT TESTED: jq is not here")
    job = export(server, State.FAILED)
    ran = run(f"opwatch wait -p fullstory --json {job} 2>/dev/null || true", environ)
    (reading,) = re.findall(r'^ +(echo "\$DOCUMENT" .*)$', PAGE, re.MULTILINE)

    printed = run(reading, environ | {"DOCUMENT": ran.stdout})

    assert printed.stdout.startswith(f"{job}\tfailed\t"), printed.stderr


# -- the linters ---------------------------------------------------------------------


@pytest.mark.parametrize("step", ["install", "wait"])
def test_shellcheck_finds_nothing_in_the_action(
    step: str, action: dict[str, Any], tmp_path: Path
) -> None:
    check_shell(script_of(action, step), "bash", tmp_path)


def test_shellcheck_finds_nothing_in_the_component(tmp_path: Path) -> None:
    check_shell("\n".join(component(references="a")["script"]), "sh", tmp_path)


def check_shell(script: str, shell: str, folder: Path) -> None:
    tool = shutil.which("shellcheck")
    if tool is None:
        pytest.skip("NOT TESTED: shellcheck is not here")
    file = folder / "script"
    file.write_text(script)
    ran = subprocess.run(  # noqa: S603, found above
        [tool, "--shell", shell, file], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "")


def test_actionlint_finds_nothing_in_the_workflows(tmp_path: Path) -> None:
    tool = shutil.which("actionlint") or shutil.which(
        "actionlint", path=str(Path(sys.executable).parent)
    )
    if tool is None:
        pytest.skip("actionlint is not on the PATH")
    shutil.copytree(ACTION.parent, tmp_path / ".github" / "actions" / "wait")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir()
    (tmp_path / ".git").mkdir()
    found = re.findall(r"<!-- workflow -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 2
    for number, text in enumerate(found):
        # Only of an action in the same repository are the inputs and outputs checked.
        local = re.sub(r"OWNER/opwatch/(\S+)@v\S+", r"./\1", text)
        (folder / f"{number}.yml").write_text(local)

    ran = subprocess.run(  # noqa: S603, found above
        [tool, "-no-color"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")
