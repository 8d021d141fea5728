from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opwatch.domain.origin import AllowedOrigins, Origin, OriginError, parse_origin


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com:443/v1?x=1#y", "https://api.example.com"),
        ("https://api.example.com:0443/", "https://api.example.com"),
        ("https://api.example.com:/", "https://api.example.com"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
        ("http://api.example.com:443", "http://api.example.com:443"),
        ("HTTPS://API.Example.COM", "https://api.example.com"),
        ("https://api.example.com.", "https://api.example.com"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example.", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://a_b.example.com", "https://a_b.example.com"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
        ("http://[0:0:0:0:0:0:0:1]/x", "http://[::1]"),
        ("https://api.example.com/@evil.example", "https://api.example.com"),
        ("https://api.example.com//evil.example/x", "https://api.example.com"),
        ("https://api.example.com/http://evil.example/", "https://api.example.com"),
        ("https://api.example.com?@evil.example", "https://api.example.com"),
        ("https://api.example.com#@evil.example", "https://api.example.com"),
        ("https://api.example.com/%2f..%5c%00", "https://api.example.com"),
    ],
)
def test_fault_106_the_origin_of_a_url_is_its_scheme_host_and_port(url: str, expected: str) -> None:
    assert str(parse_origin(url)) == expected


@pytest.mark.parametrize(
    "url",
    [
        # user information
        "https://user@api.example.com/",
        "https://user:pass@api.example.com/",
        "https://api.example.com@evil.example/",
        "https://api.example.com:443@evil.example/",
        "https://@api.example.com/",
        # backslashes, as browsers read them
        "https://good.example\\@evil.example/",
        "https:\\\\api.example.com/",
        "https://api.example.com\\.evil.example/",
        "https:/\\evil.example/",
        # characters that no URL may hold
        "https://api.example.com/\n",
        "https://api.example.com/ x",
        "\thttps://api.example.com/",
        " https://api.example.com/",
        "https://api.exa\nmple.com/",
        "https://api.example.com\x00.evil.example/",
        "https://api.example.com/\x7f",
        "https://api.example.com/\ud800",  # half a character, as JSON can name one
        "https://api.example.com/\x85",
        "https://api.example.com/<x>",
        # percent-encoding in the host
        "https://a%2fb.example/",
        "https://api.example.com%2eevil.example/",
        "https://%61pi.example.com/",
        "https://api%00.example.com/",
        # odd ports
        "https://api.example.com:99999/",
        "https://api.example.com:65536/",
        "https://api.example.com:0/",
        "https://api.example.com:-1/",
        "https://api.example.com:+443/",
        "https://api.example.com:4 43/",
        "https://api.example.com:٤٤٣/",
        "https://api.example.com:443:443/",
        "https://api.example.com:x/",
        # no host, or none that is one
        "https://",
        "https:///evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https://:443/",
        "https://./",
        "https://../",
        "https://api..example.com/",
        "https://api.example.com../",
        "https://.api.example.com/",
        "https://-api.example.com/",
        "https://api-.example.com/",
        "https://api,example.com/",
        "https://api!example.com/",
        f"https://{'a' * 64}.example.com/",
        # brackets
        "https://[::1/",
        "https://::1/",
        "https://[::1]evil.example/",
        "https://[evil.example]/",
        "https://[v1.evil]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[::1%]/",
        "https://[:::]/",
        "https://[1:2]/",
        "https://[::1.2]/",
        # two readers, two hosts
        "https://127.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://256.1.1.1/",
        "https://api.example.com.1/",
        "https://faß.example/",
        "https://σς.example/",
        "https://\uff41pi.example.com/",
        "https://api。example.com/",
        "https://api\u00ad.example.com/",
        "https://api\u200d.example.com/",
        "https://ⓐpi.example.com/",
        "https://api.example.com\uff0fevil.example/",
        "https://api.example.com℀.evil.example/",
        # no web at all
        "",
        "api.example.com",
        "//api.example.com/",
        "/v1/ops",
        "ftp://api.example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "https",
    ],
)
def test_fault_107_a_url_that_two_parsers_could_read_differently_is_refused(url: str) -> None:
    with pytest.raises(OriginError) as caught:
        parse_origin(url)

    assert "example" not in str(caught.value)


@given(st.text(max_size=80))
@example("https://[")
@example("https://\ud800/")
@example("http://" + "a." * 200)
def test_no_text_raises_anything_but_the_modules_own_error(text: str) -> None:
    for url in (text, "https://" + text, f"https://api.example.com{text}"):
        try:
            origin = parse_origin(url)
        except OriginError:
            continue
        assert origin.host == origin.host.lower()
        assert parse_origin(str(origin)) == origin


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30))
def test_s1_nothing_after_the_host_changes_the_origin(tail: str) -> None:
    try:
        origin = parse_origin(f"https://api.example.com/{tail}")
    except OriginError:
        return
    assert origin == Origin("https", "api.example.com", 443)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost", True),
        ("http://localhost.", True),
        ("http://127.0.0.1", True),
        ("http://127.9.9.9:1", True),
        ("http://[::1]", True),
        ("http://0.0.0.0", False),
        ("http://localhost.evil.example", False),
        ("http://evil-localhost", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://[::ffff:10.0.0.1]", False),
        ("http://10.0.0.1", False),
        ("http://[::ffff:127.0.0.1]", True),
    ],
)
def test_s3_only_this_machine_is_loopback(url: str, expected: bool) -> None:  # noqa: FBT001, a table
    assert parse_origin(url).is_loopback is expected


def allowed(*hosts: str, base: str = "https://api.example.com/v1") -> AllowedOrigins:
    return AllowedOrigins.of(base, hosts)


@pytest.mark.parametrize(
    ("hosts", "url", "expected"),
    [
        ((), "https://api.example.com/x", True),
        ((), "https://api.example.com:444/x", False),
        ((), "http://api.example.com:443/x", False),
        ((), "https://example.com", False),
        (("files.example.net",), "https://files.example.net/x", True),
        (("files.example.net",), "http://files.example.net/x", False),
        (("files.example.net:8443",), "https://files.example.net:8443/x", True),
        (("files.example.net:8443",), "https://files.example.net/x", False),
        (("http://localhost:80",), "http://localhost/x", True),
        (("*.example.net",), "https://eu.example.net", True),
        (("*.example.net",), "https://a.b.example.net", True),
        (("*.example.net",), "https://example.net", False),
        (("*.example.net",), "https://evilexample.net", False),
        (("*.example.net",), "https://eu.example.net.evil.example", False),
        (("*.example.net",), "https://eu.example.net:8443", False),
        (("*.example.net",), "http://eu.example.net", False),
    ],
)
def test_s1_an_origin_is_allowed_exactly_or_by_whole_labels(
    hosts: tuple[str, ...],
    url: str,
    expected: bool,  # noqa: FBT001, a table
) -> None:
    assert (parse_origin(url) in allowed(*hosts)) is expected


@pytest.mark.parametrize(
    "entry", ["", "*.", "*", "*.*.example.net", "a b", "u@x.example", "ftp://x"]
)
def test_an_allowed_host_that_is_none_is_refused(entry: str) -> None:
    with pytest.raises(OriginError):
        allowed(entry)


def test_only_an_origin_is_ever_allowed() -> None:
    assert "https://api.example.com" not in allowed()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://[", "the URL has no valid host and port"),
        ("ftp://api.example.com/", "the URL is neither https nor http"),
        ("https://me@api.example.com/", "the URL holds user information before its host"),
        ("https://api.example.com:0/", "the URL has a port out of range"),
        ("https://[v1.evil]/", "the URL has no valid IPv6 host"),
        ("https://-api-.example.com/", "the URL has no valid host name"),
        ("https://127.1/", "the URL has an ambiguous address; write it as four decimal numbers"),
        ("https://faß.example/", "the URL has an ambiguous host name; write its xn-- form"),
    ],
)
def test_what_is_wrong_with_a_url_is_said_without_the_url(url: str, problem: str) -> None:
    with pytest.raises(OriginError) as caught:
        parse_origin(url)

    assert str(caught.value) == problem


def test_the_last_port_is_a_port_and_an_ipv6_host_is_read_in_any_case() -> None:
    assert parse_origin("https://api.example.com:65535/").port == 65535
    assert parse_origin("https://[FE80::A]/").host == "fe80::a"


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://api.example.com/x", "api.example.com"),
        ("https://api.example.com:443", "api.example.com"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:443", "[::1]:443"),
    ],
)
def test_a_host_is_named_with_the_port_that_its_scheme_does_not_imply(
    url: str, authority: str
) -> None:
    assert parse_origin(url).authority == authority
