"""Where profiles and their parameters come from, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opwatch.domain.auth import FromEnv, HeaderAuth, OAuth2Auth
from opwatch.domain.errors import ProfileError, UsageError
from opwatch.profiles import bind_profile, load_config, load_profile
from opwatch.profiles.config import Config
from opwatch.profiles.yaml.parser import parse
from profiles.making import PLAIN, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = """version: 1
default_profile: mine
profiles:
  mine:
    extends: bentley-schedules
    params: {schedule_id: from-config}
    auth: {bearer: {env: MY_TOKEN}}
    poll: {longest: 30s}
"""


def loaded(text: str, folder: Path, environ: Mapping[str, str] | None = None) -> Config:
    return load_config(written(folder, "config.yaml", text), environ or {})


def test_a_profile_of_ones_own_is_laid_over_a_built_in_one(tmp_path: Path) -> None:
    bound = bind_profile(load_profile("mine", loaded(CONFIG, tmp_path)))

    assert bound.params == {"host": "production", "schedule_id": "from-config"}
    assert bound.auth == HeaderAuth((FromEnv("MY_TOKEN"),))
    assert (bound.polling_rules.pace.first, bound.polling_rules.pace.longest) == (15.0, 30.0)
    assert bound.definition.spec.title == "Bentley iTwin Platform, Schedules operations"


def test_without_a_file_there_are_the_built_in_profiles(tmp_path: Path) -> None:
    config = load_config(None, {}, folder=tmp_path)

    assert config.default_profile is None
    assert config.path is None
    assert "fullstory" in config.names()


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        load_config(tmp_path / "nothing.yaml", {})
    with pytest.raises(UsageError, match="cannot read"):
        load_config(None, {"OPWATCH_CONFIG": str(tmp_path / "nothing.yaml")})


def test_the_option_goes_before_the_variable_and_that_before_the_folder(tmp_path: Path) -> None:
    option = written(tmp_path, "o.yaml", "version: 1\ndefault_profile: option\n")
    variable = written(tmp_path, "v.yaml", "version: 1\ndefault_profile: variable\n")
    written(tmp_path, "home/config.yaml", "version: 1\ndefault_profile: folder\n")
    environ, folder = {"OPWATCH_CONFIG": str(variable)}, tmp_path / "home"

    assert load_config(option, environ, folder=folder).default_profile == "option"
    assert load_config(None, environ, folder=folder).default_profile == "variable"
    assert load_config(None, {}, folder=folder).default_profile == "folder"
    assert load_config(None, {"OPWATCH_PROFILE": "env"}, folder=folder).default_profile == "env"


def test_a_file_in_the_current_directory_is_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("config.yaml", ".opwatch.yaml", "profiles/mine.yaml"):
        written(tmp_path, name, CONFIG)
    monkeypatch.chdir(tmp_path)

    config = load_config(None, {}, folder=tmp_path / "home")
    assert config.default_profile is None
    assert "mine" not in config.names()


def test_files_beside_the_configuration_are_profiles(tmp_path: Path) -> None:
    written(tmp_path, "profiles/beside.yaml", PLAIN)
    written(tmp_path, "profiles/fullstory.yaml", PLAIN)
    written(tmp_path, "profiles/not a name.yaml", PLAIN)
    written(tmp_path, "profiles/read.me", "x")
    config = load_config(None, {}, folder=tmp_path)

    assert "beside" in config.names()
    assert config.is_users("beside")
    assert bind_profile(load_profile("beside", config)).definition.spec.title == "Plain"
    assert bind_profile(load_profile("fullstory", config)).definition.spec.title == "Plain"
    assert not {"read", "not a name"} & set(config.names())


def test_ones_own_profile_may_extend_the_built_in_one_of_its_name(tmp_path: Path) -> None:
    text = "version: 1\nprofiles: {fullstory: {extends: fullstory, confirm: 3}}\n"

    bound = bind_profile(load_profile("fullstory", loaded(text, tmp_path)))
    assert (bound.polling_rules.confirm, bound.base_url) == (3, "https://api.fullstory.com")


def test_an_unknown_profile_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"there is no profile 'fulstory'; did you mean 'fullstory'\?"
    ):
        load_profile("fulstory", loaded(CONFIG, tmp_path))


@pytest.mark.parametrize("name", ["../secrets", "/etc/passwd", "", "a/b", "bentley-schedules.yaml"])
def test_a_name_never_becomes_a_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no profile"):
        load_profile(name, loaded(CONFIG, tmp_path))


def test_who_names_a_file_is_told_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        load_profile("./drafts/acme.yaml", loaded(CONFIG, tmp_path))

    folder = tmp_path / "profiles"
    assert told.value.hint == f"put the file into {folder}, and name it with  -p acme"


def test_a_circle_of_profiles_is_printed(tmp_path: Path) -> None:
    text = "version: 1\nprofiles: {a: {extends: b}, b: {extends: c}, c: {extends: a}}\n"

    with pytest.raises(ProfileError, match="a -> b -> c -> a"):
        load_profile("a", loaded(text, tmp_path))


def test_profiles_extend_each_other_eight_deep_and_no_deeper(tmp_path: Path) -> None:
    chain = ", ".join(f"p{n}: {{extends: p{n + 1}}}" for n in range(8))
    text = f"version: 1\nprofiles: {{{chain}, p8: {{extends: fullstory}}}}\n"
    config = loaded(text, tmp_path)

    assert bind_profile(load_profile("p2", config)).base_url == "https://api.fullstory.com"
    with pytest.raises(ProfileError, match="more than 8 profiles extend each other"):
        load_profile("p0", config)


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefx"), max_size=6))
def test_any_graph_of_extends_ends(graph: dict[str, str]) -> None:
    text = "version: 1\nprofiles:\n  z: {}\n" + "".join(
        f"  {name}: {{extends: {base}}}\n" for name, base in graph.items()
    )
    root = parse("c.yaml", text)
    for name in graph:
        with pytest.raises(ProfileError):
            load_profile(name, Config({}, root))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profiles: {}\n", "the configuration must say 'version: 1'"),
        ("version: 2\n", "the configuration must say 'version: 1'"),
        (
            "version: 1\nprofile: {}\n",
            "unknown key 'profile' in the configuration; did you mean 'profiles'?",
        ),
        ("version: 1\nprofiles: []\n", "'profiles' must be a mapping of names to profiles"),
        ("version: 1\nprofiles: {a: x}\n", "the profile 'a' must be a mapping"),
        ("version: 1\ndefault_profile: [a]\n", "'default_profile' must name a profile"),
    ],
)
def test_a_wrong_configuration_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        loaded(text, tmp_path)
    assert caught.value.problems[0].message == message


def test_null_removes_and_a_list_replaces(tmp_path: Path) -> None:
    text = """version: 1
profiles:
  mine:
    extends: fullstory
    rules: ~
    result: []
    handoff: [{header: Location}]
    read: {message: ~, error: errorDetails}
    states: {running: [WORKING]}
"""
    spec = load_profile("mine", loaded(text, tmp_path)).spec

    assert (spec.rules, spec.result, len(spec.handoff)) == ((), (), 1)
    assert not spec.read.message
    assert spec.read.error.message.text == "'errorDetails'"
    assert spec.states["running"] == ("WORKING",)
    assert spec.states["succeeded"] == ("COMPLETED",)


def test_a_problem_in_what_is_extended_is_told_where_it_stands(tmp_path: Path) -> None:
    written(tmp_path, "profiles/base.yaml", PLAIN + "poll: {frist: 1s}\n")
    text = "version: 1\nprofiles: {mine: {extends: base, confirm: none}}\n"

    with pytest.raises(ProfileError) as caught:
        load_profile("mine", loaded(text, tmp_path))
    assert [(p.file.rpartition("/")[2], p.line) for p in caught.value.problems] == [
        ("config.yaml", 2),
        ("base.yaml", 8),
    ]


@pytest.mark.parametrize(
    ("environ", "given", "value"),
    [
        ({}, {}, "from-config"),
        ({"OPWATCH_PARAM_SCHEDULE_ID": "general"}, {}, "general"),
        ({"OPWATCH_PARAM_SCHEDULE_ID": "general", "OPWATCH_MINE_SCHEDULE_ID": "own"}, {}, "own"),
        ({"OPWATCH_MINE_SCHEDULE_ID": "own"}, {"schedule_id": "option"}, "option"),
    ],
)
def test_an_option_goes_before_the_environment_and_that_before_the_file(
    environ: dict[str, str], given: dict[str, str], value: str, tmp_path: Path
) -> None:
    bound = bind_profile(load_profile("mine", loaded(CONFIG, tmp_path, environ)), given)

    assert bound.params["schedule_id"] == value


def test_the_base_url_may_come_from_elsewhere(tmp_path: Path) -> None:
    environ = {
        "OPWATCH_BASE_URL": "http://127.0.0.1:1/",
        "OPWATCH_MINE_BASE_URL": "http://127.0.0.1:2/x/",
    }

    assert (
        bind_profile(load_profile("mine", loaded(CONFIG, tmp_path, environ))).base_url
        == "http://127.0.0.1:2/x"
    )
    del environ["OPWATCH_MINE_BASE_URL"]
    definition = load_profile("mine", loaded(CONFIG, tmp_path, environ))
    assert bind_profile(definition).base_url == "http://127.0.0.1:1"
    bound = bind_profile(definition, base_url="http://localhost:3")
    assert str(next(iter(bound.origins.exact))) == "http://localhost:3"
    with pytest.raises(UsageError, match="plain http"):
        bind_profile(definition, base_url="http://evil.example")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"scheduleid": "x"}, "has no parameter 'scheduleid'; did you mean 'schedule_id'"),
        ({"id": "x"}, "the id of an operation is not a parameter"),
        ({"schedule_id": ".."}, "holds a '.' or '..' segment"),
    ],
)
def test_an_unknown_or_refused_parameter_is_told(
    params: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        bind_profile(load_profile("mine", loaded(CONFIG, tmp_path)), params)


def test_a_parameter_of_the_base_url_is_asked_for_and_stays_in_the_host(tmp_path: Path) -> None:
    text = """version: 1
profiles:
  mine:
    extends: fullstory
    base_url: https://{site}.example.com/{area}
    params: {site: {help: your site}, area: x y}
"""
    definition = load_profile("mine", loaded(text, tmp_path))

    assert bind_profile(definition, {"site": "acme"}).base_url == "https://acme.example.com/x%20y"
    with pytest.raises(UsageError, match=r"needs site \(your site\)"):
        bind_profile(definition)
    for site in (
        "evil.example/",
        "evil.example#",
        "evil.example?",
        "a@evil.example",
        "evil\\",
        "é",
    ):
        with pytest.raises(UsageError):
            bind_profile(definition, {"site": site})


def test_a_region_chooses_the_base_url(tmp_path: Path) -> None:
    definition = load_profile("powerplatform", load_config(None, {}, folder=tmp_path))

    assert bind_profile(definition, {"cloud": "dod"}).base_url == "https://api.appsplatform.us"
    with pytest.raises(
        UsageError,
        match="cloud must be public, gcc, gcc-high, dod or china, not 'goc'; did you mean 'gcc'",
    ):
        bind_profile(definition, {"cloud": "goc"})


def test_variables_are_filled_in_once_and_only_where_they_are_set(tmp_path: Path) -> None:
    text = """version: 1
profiles:
  mine:
    extends: bentley-schedules
    params: {schedule_id: '${A}-${B:-b}-$${C}'}
  other:
    extends: bentley-schedules
    params: {schedule_id: '${NOT_SET}'}
"""
    config = loaded(text, tmp_path, {"A": "${B}"})

    assert bind_profile(load_profile("mine", config)).params["schedule_id"] == "${B}-b-${C}"
    with pytest.raises(ProfileError, match=r"config\.yaml:8:28: the variable NOT_SET is not set"):
        load_profile("other", config)


def test_a_profile_file_says_its_version(tmp_path: Path) -> None:
    written(tmp_path, "profiles/mine.yaml", PLAIN.replace("version: 1\n", ""))

    with pytest.raises(ProfileError, match="the file must say 'version: 1'"):
        load_profile("mine", load_config(None, {}, folder=tmp_path))


def test_no_command_is_run_for_a_file_that_others_may_write_to(tmp_path: Path) -> None:
    text = CONFIG.replace("{env: MY_TOKEN}", "{command: [az, account, get-access-token]}")
    path = written(tmp_path, "config.yaml", text)
    path.chmod(0o644)

    bind_profile(load_profile("mine", load_config(path, {})))
    path.chmod(0o664)
    with pytest.raises(ProfileError, match=r"config\.yaml:7:11: others may write to this file"):
        bind_profile(load_profile("mine", load_config(path, {})))


def test_a_token_endpoint_is_expanded_and_needs_tls(tmp_path: Path) -> None:
    text = """version: 1
profiles:
  mine:
    extends: fullstory
    params: {tenant: {required: true}, host: login.example.com}
    auth:
      oauth2:
        token_url: https://{host}/{tenant}/token
        client_id: '{tenant}-app'
        client_secret: [{env: SECRET}, {keyring: mine}]
        scope: {param: kind, presets: {a: scope-a, b: scope-b}}
        secret_in: header
        extra: {audience: '{tenant}'}
"""
    text = text.replace("params: {", "params: {kind: {choices: [a, b], default: b}, ")
    definition = load_profile("mine", loaded(text, tmp_path))
    auth = bind_profile(definition, {"tenant": "a/b"}).auth

    assert isinstance(auth, OAuth2Auth)
    assert (auth.token_url, auth.scope) == ("https://login.example.com/a%2Fb/token", "scope-b")
    assert (auth.client_id, auth.secret_in, auth.extra) == (
        "a/b-app",
        "header",
        {"audience": "a/b"},
    )
    with pytest.raises(UsageError, match="needs tenant"):
        bind_profile(definition)
    plain = loaded(text.replace("https://{host}", "http://{host}"), tmp_path)
    with pytest.raises(ProfileError, match="plain http"):
        bind_profile(load_profile("mine", plain), {"tenant": "t"})
