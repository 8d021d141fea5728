"""Which profile is found for a URL that came without one, and what it may show there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opwatch.domain.auth import BasicAuth, FromEnv, HeaderAuth, NoAuth
from opwatch.domain.errors import BadReferenceError, ProfileError, UsageError
from opwatch.domain.messages import Headers, Response
from opwatch.domain.operation import Basis
from opwatch.profiles import ProfileDetector, load_config, status_urls
from profiles.answers import NOWHERE

if TYPE_CHECKING:
    from pathlib import Path

    from opwatch.profiles.detect.match import DetectedProfile

ARM = "https://management.azure.com/subscriptions/s1"
BAP = "https://api.bap.microsoft.com/providers/Microsoft.BusinessAppPlatform"
ARM_PATHS = (
    "/providers/M.C/locations/w/operations/1",
    "/providers/M.C/locations/w/operations/1?monitor=true&api-version=2024-07-01",
    "/providers/M.C/locations/w/operationStatuses/1",
    "/providers/M.C/locations/w/operationResults/1",
    "/providers/M.C/locations/w/azureasyncoperations/1",
    "/providers/M.C/locations/w/asyncoperations/1?monitor=true",
    "/providers/M.C/locations/w/DiskOperations/1",
    "/resourceGroups/g/providers/M.N/dnsOperationStatuses/1",
    "/resourcegroups/g/providers/M.R/deployments/d/operationStatuses/1",
    "/resourceGroups/g/providers/M.C/vms/v",
    "/operationresults/1",
)
OURS = "http://127.0.0.1:9"
GKE = "https://container.googleapis.com"
CLOUD_SQL = "https://sqladmin.googleapis.com"


def recognised(
    url: str, *, typed: bool = True, token: bool = False, **environ: str
) -> DetectedProfile:
    config = load_config(None, environ, folder=NOWHERE)
    return ProfileDetector(config, has_token=token).detect(url, typed=typed)


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("url", "name", "params"),
    [
        ("https://api.github.com/repos/o/r/actions/runs/5", "github-actions", {}),
        ("https://github.com/o/r/actions/runs/5/job/7", "github-actions", {}),
        ("https://api.fullstory.com/operations/v1/abc", "fullstory", {}),
        ("https://api.fullstory.com/v2/events/batch/abc", "fullstory-batch", {}),
        ("https://acme.atlassian.net/rest/api/3/task/1", "jira-task", {"site": "acme"}),
        ("https://a.atlassian.net/wiki/rest/api/longtask/1", "confluence-longtask", {"site": "a"}),
        ("https://run.googleapis.com/v2/p/operations/7", "google-lro", {"service": "run"}),
        (f"{GKE}/v1/projects/7/locations/l/operations/operation-1", "gke-operation", {}),
        (f"{GKE}/v1beta1/projects/7/zones/z-a/operations/operation-1", "gke-operation", {}),
        (f"{CLOUD_SQL}/v1/projects/p/operations/1-2", "cloud-sql-operation", {}),
        (f"{CLOUD_SQL}/sql/v1beta4/projects/p/operations/1-2", "cloud-sql-operation", {}),
        (
            "https://circleci.com/api/v3/runs/5034460f-c7c4-4c43-9457-de07e2029e7b",
            "circleci-run",
            {},
        ),
        ("https://buildkite.com/acme/site/builds/27", "buildkite-build", {}),
        (
            "https://api.buildkite.com/v2/organizations/acme/pipelines/site/builds/27",
            "buildkite-build",
            {},
        ),
        (
            "https://graph.microsoft.us/v1.0/x/operations/7",
            "microsoft-graph",
            {"cloud": "usgov_l4"},
        ),
        *(
            (f"{ARM}{path}", "azure", {"cloud": "public", "monitor": "unsaid"})
            for path in ARM_PATHS
        ),
        ("https://management.azure.com/providers/M.M/operationResults/1/g/m1", "azure", {}),
        ("https://westeurope.management.azure.com/subscriptions/s/providers/M.S/x/1", "azure", {}),
        (
            f"{BAP}/lifecycleOperations/1",
            "powerplatform-lifecycle",
            {},
        ),
        ("https://gitlab.com/api/v4/projects/5/pipelines/6", "gitlab-pipeline", {}),
        ("https://gitlab.com/g/p/-/pipelines/6", "gitlab-pipeline", {}),
        ("https://vercel.com/acme/site/2ph6qT11mnLfJTAsr2twyX6wKAKf", "vercel", {}),
        ("https://app.terraform.io/app/o/workspaces/w/runs/run-7", "hcp-terraform", {}),
    ],
)
def test_a_url_of_a_known_host_finds_its_profile_with_its_credential(
    url: str, name: str, params: dict[str, str]
) -> None:
    profile, basis = recognised(url)

    assert (profile.name, basis) == (name, Basis.ADDRESS)
    assert params.items() <= dict(profile.params).items()
    assert not isinstance(profile.auth, NoAuth)
    profile.target(url)


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v2/service_instances/i-1/last_operation?operation=t", "osb"),
        *((f"/subscriptions/s1{path}", "azure") for path in ARM_PATHS),
        (
            "/providers/Microsoft.BusinessAppPlatform/lifecycleOperations/7?api-version=2019-05-01",
            "powerplatform-lifecycle",
        ),
        ("/api/v4/projects/5/pipelines/6", "gitlab-pipeline"),
        ("/api/v2/dags/nightly/dagRuns/r-1", "airflow"),
        ("/api/v1/dags/nightly/dagRuns/r-1", "airflow2"),
    ],
)
@pytest.mark.parametrize("host", [OURS, "https://api.github.com.evil.example"])
def test_a_path_that_only_one_api_has_is_read_so_but_shown_nothing(
    path: str, name: str, host: str
) -> None:
    profile, basis = recognised(host + path, OSB_PASSWORD="x", GITLAB_TOKEN="x")

    assert (profile.name, basis, profile.auth) == (name, Basis.PATH, NoAuth())
    assert profile.target(host + path).url == host + path


def test_a_host_that_one_of_azure_s_profiles_is_set_to_is_asked_as_that_one_says() -> None:
    url = f"https://stack.example/subscriptions/s1{ARM_PATHS[0]}"

    one = recognised(url, OPWATCH_AZURE_ASYNC_BASE_URL="https://stack.example")
    both = recognised(
        url,
        OPWATCH_AZURE_ASYNC_BASE_URL="https://stack.example",
        OPWATCH_AZURE_BASE_URL="https://stack.example",
    )

    assert [(each.profile.name, each.basis) for each in (one, both)] == [
        ("azure-async", Basis.ADDRESS),
        ("azure", Basis.ADDRESS),
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/jobs/7",
        "https://example.com/v1/projects/p/operations/7",
        "https://api.github.com/rate_limit",
        "https://example.com/api.github.com/repos/o/r",
        "https://example.com",
    ],
)
def test_all_else_is_read_by_words_and_shown_nothing(url: str) -> None:
    profile, basis = recognised(url, OPWATCH_TOKEN="x", OPWATCH_STANDARD_TOKEN="x")

    assert (profile.name, basis, profile.auth) == ("standard", Basis.WORDS, NoAuth())


def test_a_given_token_is_shown_as_the_api_wants_it_and_no_other_source_is_kept() -> None:
    osb, _ = recognised(f"{OURS}/v2/service_instances/i/last_operation", token=True)
    gitlab, _ = recognised(f"{OURS}/api/v4/projects/5/pipelines/6", token=True)
    words, _ = recognised(f"{OURS}/jobs/7", token=True)

    assert osb.auth == BasicAuth((), "", (FromEnv("OSB_USERNAME"),))
    assert isinstance(gitlab.auth, HeaderAuth)
    assert gitlab.auth.sources == ()
    assert words.auth == HeaderAuth(())


def test_a_host_that_the_person_named_elsewhere_is_known() -> None:
    url = f"{OURS}/v2/service_instances/i/last_operation"

    profile, basis = recognised(url, OPWATCH_OSB_SERVER=OURS)

    assert (profile.name, basis) == ("osb", Basis.ADDRESS)
    assert isinstance(profile.auth, BasicAuth)


def test_one_base_url_for_all_makes_no_host_a_known_one() -> None:
    _, basis = recognised(f"{OURS}/repos/o/r/actions/runs/5", OPWATCH_BASE_URL=OURS)

    assert basis is Basis.PATH


def test_a_page_of_a_server_that_is_set_finds_its_profile() -> None:
    url = "https://git.corp.example/g/p/-/pipelines/6"

    profile, basis = recognised(url, OPWATCH_GITLAB_PIPELINE_SERVER="https://git.corp.example")
    _, unknown = recognised(url)

    assert (profile.name, basis) == ("gitlab-pipeline", Basis.ADDRESS)
    assert profile.target(url).params == {"project": "g/p", "id": "6"}
    assert unknown is Basis.WORDS


def test_the_page_of_a_stranger_is_nobodys() -> None:
    for path in (
        "/api/v2/dags/d/runs/r",
        "/dags/d/runs/dagRuns",
        "/show/api/v4/projects/-/pipelines/6",
    ):
        profile, _ = recognised("https://stranger.example" + path)
        assert profile.target("https://stranger.example" + path).url is not None


def test_a_url_that_was_not_typed_cannot_choose_a_vendors_host() -> None:
    url = "https://acme.atlassian.net/rest/api/3/task/1"

    _, basis = recognised(url, typed=False)
    _, fixed = recognised("https://api.github.com/repos/o/r/actions/runs/5", typed=False)

    assert basis is Basis.PATH
    assert fixed is Basis.ADDRESS


def test_what_the_person_has_set_is_not_learned_from_a_url() -> None:
    _, basis = recognised(
        "https://evil.atlassian.net/rest/api/3/task/1", OPWATCH_JIRA_TASK_SITE="acme"
    )

    assert basis is Basis.PATH


def test_a_users_own_profile_comes_before_the_built_in_one(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "version: 1\n"
        "profiles:\n"
        "  work: {extends: github-actions, auth: {bearer: {env: WORK_TOKEN}}}\n"
        "  broken: {extends: nothing}\n"
    )
    config = load_config(file, {})

    profile, _ = ProfileDetector(config).detect("https://api.github.com/repos/o/r/actions/runs/5")

    assert (profile.name, profile.auth) == ("work", HeaderAuth((FromEnv("WORK_TOKEN"),)))


def test_a_default_in_a_users_file_is_not_learned_over(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("version: 1\nprofiles:\n  mine: {extends: jira-task, params: {site: acme}}\n")
    detector = ProfileDetector(load_config(file, {}))

    mine, _ = detector.detect("https://acme.atlassian.net/rest/api/3/task/1")
    other, basis = detector.detect("https://other.atlassian.net/rest/api/3/task/1")

    assert mine.name == "mine"
    assert (other.name, basis) == ("jira-task", Basis.ADDRESS)


def test_two_profiles_that_fit_equally_are_asked_about(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "version: 1\n"
        "profiles:\n  one: {extends: github-actions}\n  two: {extends: github-actions}\n"
    )

    with pytest.raises(BadReferenceError, match="one or two") as caught:
        ProfileDetector(load_config(file, {})).detect(
            "https://api.github.com/repos/o/r/actions/runs/5"
        )

    assert caught.value.hint == "choose one:  -p one"


def test_neighbours_share_one_profile() -> None:
    detector = ProfileDetector(load_config(None, {}, folder=NOWHERE))
    urls = [f"https://api.github.com/repos/o/r{each % 3}/actions/runs/{each}" for each in range(9)]

    assert len({id(detector.detect(url).profile) for url in urls}) == 1


@pytest.mark.parametrize(
    "url", ["https://a@example.com/x", "https://exa mple.com/", "http://example.com/x"]
)
def test_what_nobody_may_ask_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        recognised(url)


def test_a_starting_answer_hands_over_the_best_of_its_status_urls() -> None:
    config = load_config(None, {}, folder=NOWHERE)
    both = Headers((("Location", "https://h/r/1"), ("Azure-AsyncOperation", "https://h/s/1")))

    assert status_urls(Response(202, "", both), config) == ("https://h/s/1",)
    for headers in (Headers(), Headers((("Location", "/jobs/1"),))):
        with pytest.raises(UsageError, match="no profile is given"):
            status_urls(Response(202, "", headers), config)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("base_url: https://ci.example.com", "https://ci.example.com/ops/7"),
        ("base_url: 'https://{site}.example.com'", "https://ci.example.com/ops/7"),
        ("{base_url: https://other.example.com, allow_hosts: [ci.example.com]", ""),
        ("extends: github-actions", "https://api.github.com/repos/o/r/actions/runs/5"),
        ("extends: nothing", "https://ci.example.com/ops/7"),
    ],
)
def test_a_broken_profile_that_could_be_meant_is_an_error_that_names_it(
    tmp_path: Path, base: str, url: str
) -> None:
    text = base.removeprefix("{")
    file = tmp_path / "config.yaml"
    file.write_text(f"version: 1\nprofiles:\n  ci: {{{text}, pol: {{first: 2s}}}}\n")

    with pytest.raises(ProfileError) as caught:
        ProfileDetector(load_config(file, {})).detect(url or "https://ci.example.com/ops/7")

    assert (caught.value.hint or "").startswith("ci could be the profile of https://")
    assert "config.yaml:3:" in caught.value.message


def test_a_broken_profile_of_another_host_is_in_nobodys_way(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("version: 1\nprofiles:\n  ci: {base_url: https://ci.example.com, pol: 1}\n")

    _, basis = ProfileDetector(load_config(file, {})).detect("https://example.com/ops/7")

    assert basis is Basis.WORDS
