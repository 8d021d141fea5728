"""How servers write a text that they say back: the encoders of five languages, and of two more.

Each is what the library that it is named after does to a text, written down from its
documentation. ``EXOTIC`` are those that redaction does not see through, and why a server
has no reason to use them for an echo.
"""

from __future__ import annotations

import base64
import html
import json
import re
import textwrap
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

Encoder = Callable[[str], str]


def _each(pattern: str, form: str) -> Encoder:
    """Return an encoder that writes each character of *pattern* in *form*, by UTF-16 unit."""

    def units(match: re.Match[str]) -> str:
        raw = match[0].encode("utf-16-be")
        return "".join(
            form.format(int.from_bytes(raw[at : at + 2], "big")) for at in range(0, len(raw), 2)
        )

    return lambda text: re.sub(pattern, units, text)


def _named(**names: str) -> Encoder:
    table = {ord(_CHARACTERS[name]): form for name, form in names.items()}
    return lambda text: text.translate(table)


_CHARACTERS: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"} | {
    "slash": "/", "tick": "`", "equals": "=", "plus": "+", "backslash": "\\",
}  # fmt: skip
_XML: Final = {"amp": "&amp;", "lt": "&lt;", "gt": "&gt;"}


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _ascii_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _then(*encoders: Encoder) -> Encoder:
    def encode(text: str) -> str:
        for each in encoders:
            text = each(text)
        return text

    return encode


def _form(safe: str) -> Encoder:
    return lambda text: quote(text, safe=safe).replace("%20", "+")


def _lower_hex(encode: Encoder) -> Encoder:
    return lambda text: re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encode(text))


def _tilde(encode: Encoder) -> Encoder:
    return lambda text: encode(text).replace("~", "%7E")


def _js_escape(text: str) -> str:
    """ECMAScript B.2.1.1: %XX below 256, %uXXXX above."""
    units = text.encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    plain = re.compile(r"[A-Za-z0-9@*_+\-./]")
    return "".join(
        chr(code) if code < 128 and plain.match(chr(code)) else f"%{code:02X}" if code < 256
        else f"%u{code:04X}"
        for code in codes
    )  # fmt: skip


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _b64_url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _basic(text: str) -> str:
    return _b64(f"user:{text}")


def _folded(width: int, end: str) -> Encoder:
    return lambda text: end.join(textwrap.wrap(_b64(text), width))


def _dotnet_json(text: str) -> str:
    """System.Text.Json: what is not in its block list of letters, by JavaScriptEncoder.Default."""
    short = {"\\": "\\\\"}
    hexed = _each("[^\x20-\x7e]|[\"&'+<>`]", "\\u{:04X}")
    return "".join(short.get(each) or hexed(each) for each in text)


_JAVA_JS: Final = _then(
    _named(backslash="\\\\", slash="\\/"),
    _each("[\"&']", "\\x{:02x}"),
    lambda t: t.replace("-", "\\-"),
)

REAL: Final[dict[str, Encoder]] = {
    # -- queries and paths
    "Java URLEncoder": _tilde(_form("*-_.")),
    "Java Spring UriUtils": lambda text: quote(text, safe=""),
    "Java OkHttp query": lambda text: quote(text, safe="!$()*+,-./:;=?@[\\]^_`{|}~"),
    "Java Guava form": _tilde(_form("*-_.")),
    ".NET Uri.EscapeDataString": lambda text: quote(text, safe=""),
    ".NET WebUtility.UrlEncode": _tilde(_form("-_.!*()")),
    ".NET HttpUtility.UrlEncode": _lower_hex(_tilde(_form("-_.!*()"))),
    ".NET HttpUtility.UrlEncodeUnicode": lambda text: _js_escape(text).replace("%20", "+").lower()
    if text.islower() else _js_escape(text),
    "Python quote": quote,
    "Python quote_plus": quote_plus,
    "Go url.QueryEscape": _form(""),
    "Go url.PathEscape": lambda text: quote(text, safe="$&+:=@"),
    "JavaScript encodeURIComponent": lambda text: quote(text, safe="!'()*~"),
    "JavaScript encodeURI": lambda text: quote(text, safe=";,/?:@&=+$-_.!~*'()#"),
    "JavaScript URLSearchParams": _tilde(_form("*-._")),
    "JavaScript escape": _js_escape,
    "PHP rawurlencode": lambda text: quote(text, safe=""),
    "Ruby CGI.escape": _form("*~"),
    "a query in a query": _then(lambda t: quote(t, safe=""), lambda t: quote(t, safe="")),
    "a query in a query in a query": _then(*[lambda t: quote(t, safe="")] * 3),
    # -- strings of JSON
    "Java Jackson": _json,
    "Java Jackson ESCAPE_NON_ASCII": _ascii_json,
    "Java Gson": _then(_json, _each("[<>&=']", "\\u{:04x}")),
    "Java org.json": lambda text: _json(text).replace("</", "<\\/"),
    "Java StringEscapeUtils.escapeJson": lambda text: _ascii_json(text).replace("/", "\\/"),
    ".NET System.Text.Json": _dotnet_json,
    ".NET Newtonsoft": _json,
    ".NET Newtonsoft EscapeHtml": lambda text: _each("[<>&'\"]", "\\u{:04x}")(
        text.replace("\\", "\\\\")
    ),
    "Python json": _ascii_json,
    "Python Flask tojson": _then(_ascii_json, _each("[<>&']", "\\u{:04x}")),
    "Go encoding/json": _then(_json, _each("[<>&]", "\\u{:04x}")),
    "Go SetEscapeHTML(false)": _json,
    "JavaScript JSON.stringify": _json,
    "JavaScript serialize-javascript": _then(_json, _each("[<>/]", "\\u{:04X}")),
    "PHP json_encode": lambda text: _ascii_json(text).replace("/", "\\/"),
    "PHP json_encode HEX": lambda text: _each("[<>&'\"]", "\\u{:04X}")(
        text.replace("\\", "\\\\").replace("/", "\\/")
    ),
    "Ruby on Rails to_json": _then(_json, _each("[<>&]", "\\u{:04x}")),
    # -- HTML and XML
    "Java StringEscapeUtils.escapeHtml4": _named(**_XML, quot="&quot;"),
    "Java StringEscapeUtils.escapeXml11": _named(**_XML, quot="&quot;", apos="&apos;"),
    "Java OWASP forHtml": _named(**_XML, quot="&#34;", apos="&#39;"),
    "Java ESAPI encodeForHTML": _each(r"[^A-Za-z0-9,.\-_ \U00010000-\U0010ffff]", "&#x{:x};"),
    "Java Spring HtmlUtils": _named(**_XML, quot="&quot;", apos="&#39;"),
    ".NET WebUtility.HtmlEncode": _named(**_XML, quot="&quot;", apos="&#39;"),
    ".NET HtmlEncoder.Default": _then(
        _named(**_XML, quot="&quot;", apos="&#x27;", plus="&#x2B;", tick="&#x60;"),
        lambda text: re.sub("[^\x20-\x7e]", lambda match: f"&#x{ord(match[0]):X};", text),
    ),
    ".NET SecurityElement.Escape": _named(**_XML, quot="&quot;", apos="&apos;"),
    ".NET XmlWriter": xml_escape,
    "Python html.escape": html.escape,
    "Python MarkupSafe": _named(**_XML, quot="&#34;", apos="&#39;"),
    "Python quoteattr": lambda text: quoteattr(text)[1:-1],
    "Python xmlcharrefreplace": lambda text: html.escape(text)
    .encode("ascii", "xmlcharrefreplace").decode(),
    "Go html.EscapeString": _named(**_XML, quot="&#34;", apos="&#39;"),
    "Go html/template attribute": _named(**_XML, quot="&#34;", apos="&#39;", plus="&#43;"),
    "Go xml.EscapeText": _named(**_XML, quot="&#34;", apos="&#39;"),
    "JavaScript he": lambda text: re.sub(
        "[^\x20-\x7e]|[\"&'<>`]", lambda match: f"&#x{ord(match[0]):X};", text
    ),
    "JavaScript he named": _named(
        **_XML, quot="&quot;", apos="&apos;", plus="&plus;", slash="&sol;", equals="&equals;",
        backslash="&bsol;",
    ),
    "JavaScript lodash.escape": _named(**_XML, quot="&quot;", apos="&#39;"),
    "JavaScript mustache": _named(
        **_XML, quot="&quot;", apos="&#39;", slash="&#x2F;", tick="&#x60;", equals="&#x3D;"
    ),
    # -- literals of a language, as error messages quote them
    "Java OWASP forJavaScript": _JAVA_JS,
    "Java StringEscapeUtils.escapeJava": _ascii_json,
    ".NET JavaScriptStringEncode": lambda text: _each("[<>&']", "\\u{:04x}")(_json(text)),
    "Python repr": lambda text: repr(text)[1:-1],
    "Python repr of bytes": lambda text: repr(text.encode())[2:-1]
    if text.isascii() else repr(text)[1:-1],
    "Python ascii": lambda text: ascii(text)[1:-1],
    "Python Django escapejs": _each(r"[\\'\"<>&=\-;`]", "\\u{:04X}"),
    "Python re.escape": re.escape,
    "Go strconv.Quote": _json,
    "Go strconv.QuoteToASCII": lambda text: "".join(
        f"\\U{ord(each):08x}" if ord(each) > 0xFFFF else _ascii_json(each) for each in text
    ),
    "Go template.JSEscapeString": lambda text: _each("[<>&=]", "\\u{:04X}")(
        text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    ),
    "JavaScript util.inspect": lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
    "JavaScript jsesc es6": lambda text: re.sub(
        "[^\x20-\x7e]", lambda match: f"\\u{{{ord(match[0]):X}}}", text.replace("\\", "\\\\")
    ),
    "Ruby inspect": lambda text: _json(text).replace("#", "\\#"),
    # -- headers, as they are and in base64
    "as it is": str,
    "in capitals": str.upper,
    "a header's name": str.lower,
    "RFC 8187 parameter": lambda text: "UTF-8''" + quote(text, safe="!#$&+-.^_`|~"),
    "base64": _b64,
    "base64 for URLs": _b64_url,
    "Basic": _basic,
    "Java MIME base64": _folded(76, "\r\n"),
    "Ruby encode64": _folded(60, "\n"),
    "RFC 2047 B": lambda text: f"=?UTF-8?B?{_b64(text)}?=",
    "Python bytes.hex": lambda text: text.encode().hex(),
    "Go %X": lambda text: text.encode().hex().upper(),
    # -- one in the other
    "JSON in JSON": _then(_ascii_json, _ascii_json),
    "JSON in JSON in JSON": _then(_json, _json, _json),
    "System.Text.Json in itself": _then(_dotnet_json, _dotnet_json),
    "a query in JSON": _then(_tilde(quote_plus), _json),
    "a query in HTML": _then(_tilde(quote_plus), html.escape),
    "JSON in HTML": _then(_ascii_json, html.escape),
    "HTML in JSON": _then(html.escape, _ascii_json),
    "XML in System.Text.Json": _then(xml_escape, _dotnet_json),
    "JSON in a query": _then(_ascii_json, lambda text: quote(text, safe="")),
    "JSON in HTML in JSON": _then(_json, html.escape, _json),
    "HTML in HTML": _then(html.escape, html.escape),
    "Basic in System.Text.Json": _then(_basic, _dotnet_json),
    "Basic in a query": _then(_basic, lambda text: quote(text, safe="")),
    "folded base64 in JSON": _then(_folded(76, "\r\n"), _json),
}  # fmt: skip

EXOTIC: Final[dict[str, Encoder]] = {
    # Of mail: no API answers in it, and "token=2Babc" is far more often a query.
    "quoted-printable": _each(r"[^\x21-\x3c\x3e-\x7e]|[\"'<&~+/.]", "={:02X}"),
    # Doubled quotes of SQL, OData and CSV: a token of a header that holds a quote is rare.
    "SQL": lambda text: text.replace("'", "''").replace('"', '""').replace("~", "~~"),
    "CSS": lambda text: re.sub(r"[^A-Za-z0-9]", lambda match: f"\\{ord(match[0]):x} ", text),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base64 twice": _then(_b64, _b64),
    "numbers": lambda text: str(list(text.encode())),
    "backwards": lambda text: text[::-1],
    "five queries in each other": _then(*[lambda t: quote(t, safe="").replace("~", "%7E")] * 6),
}

TOKENS: Final = {
    "Entra": "Xq8Q~aB3.dEfGh-iJkL_mNoPqRsTuVw~yZ01234",
    "JWT": "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2FwaS5leGFtcGxlLmNvbSJ9.dBjftJeZ4CVP-"
    "mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "base64": "3q2+7w/Zx0fVt+Yh8kQ/pLm5nB==",
    "quotes": "p\"a'ss\\w<o>r&d%41;=`#$-x\\u0041&lt;/e",
    "words": 'a pass "wörd" €\U0001f511 +\\n~end',
}
