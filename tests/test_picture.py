from xml.etree import ElementTree as ET

from output.script import four
from picture import picture


def until(at: float) -> str:
    return picture([event for event in four().events if event.at <= at], columns=100)


def test_a_picture_shows_what_the_renderer_shows() -> None:
    text = "".join(ET.fromstring(until(65)).itertext()).replace("\xa0", " ")  # noqa: S314, our own SVG
    assert "opwatch wait" in text
    assert "HTTP 502" in text
    assert "about 50 s left" in text


def test_the_same_run_gives_the_same_picture() -> None:
    assert until(65) == until(65)
    assert until(65) != until(30)


def test_a_picture_fetches_nothing() -> None:
    svg = until(1000)
    assert "exit 1: failed" in svg.replace("&#160;", " ")
    assert "@font-face" not in svg
    assert svg.count("http") == svg.count("http://www.w3.org/2000/svg") == 1
