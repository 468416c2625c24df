"""What [look] adds to pages. Judges: contrasts of WebAIM's published pairs, an HTML parser, whole texts of errors."""

import base64
import re

import pytest
from bs4 import BeautifulSoup

from helpers import message_of
from portfoy.report import look, overview
from portfoy.source.settings import Settings, read_settings

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9" fill="url(#a)"/></svg>'


def tones(**colours):
    style = look.brand(Settings(look=colours))["style"]
    return [dict(re.findall(r"--(\w+): (#\w+)", part)) for part in style.split("@media")]


def test_a_colour_is_taken_as_it_is_where_it_can_be_read_and_else_darker_or_lighter():
    # on white #767676 is the lightest grey of contrast 4.5 (WebAIM); a dark blue needs to be lighter by night only
    (day, _night) = tones(accent="#767676")
    assert day == {"accent": "#767676"}
    (day, night) = tones(accent="#0000aa", warm="#ffee00")
    assert day["accent"] == "#0000aa"
    assert night["warm"] == "#ffee00"
    assert int(night["accent"][1:3], 16) > 0x60
    assert int(day["warm"][1:3], 16) < 0xFF


@pytest.mark.parametrize(("one", "other", "contrast"), [("#777777", "#ffffff", 4.48), ("#0000ff", "#ffffff", 8.59)])
def test_contrast_is_that_of_the_published_pairs(one, other, contrast):
    light = [look._luminance([int(text[n : n + 2], 16) / 255 for n in (1, 3, 5)]) for text in (one, other)]
    assert (max(light) + 0.05) / (min(light) + 0.05) == pytest.approx(contrast, abs=0.005)


def test_a_logo_stands_in_the_page_itself(tmp_path):
    (tmp_path / "mark.svg").write_bytes(SVG)
    (tmp_path / "portfoy.toml").write_text('[look]\nlogo = "mark.svg"\naccent = "#aa0000"\n')
    brand = look.brand(read_settings(tmp_path / "portfoy.toml"))
    record = {"as_of": "2026-06-30", "made_at": "now", "source": "Shop", "currency": "TRY", "stages": [],
              "data": {"where": "x", "sha256": "d", "rows": 3}, "versions": {}}  # fmt: skip
    page = BeautifulSoup(overview.run_page(record, brand), "html.parser")
    kind, _comma, content = page.find("img", class_="logo")["src"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(content) == SVG
    assert "--accent: #aa0000" in page.style.get_text()


def test_the_look_moves_no_figure_and_none_is_none():
    assert Settings(look={"accent": "#aa0000"}).fingerprint() == Settings().fingerprint()
    assert look.brand(Settings()) is None


@pytest.mark.parametrize(
    "more", [b"<script>1</script>", b'<a href="http://x"/>', b'<g onload="1"/>', b"<foreignObject/>", b"url(http://x)"]
)
def test_a_logo_that_is_more_than_a_drawing_is_refused(tmp_path, more):
    path = tmp_path / "mark.svg"
    path.write_bytes(SVG + more)
    assert message_of(look.brand, Settings(look={"logo": str(path)})) == (
        f"{path}: the logo is no PNG and no plain SVG: it holds scripts or addresses. Save it as one."
    )


def test_a_logo_that_is_not_there_or_too_large_is_told_in_one_line(tmp_path):
    path = tmp_path / "mark.png"
    assert message_of(look.brand, Settings(look={"logo": str(path)})) == (
        f"{path}: the logo cannot be read: No such file or directory. Correct [look] in portfoy.toml."
    )
    path.write_bytes(b"\x89PNG" + bytes(40_000))
    assert message_of(look.brand, Settings(look={"logo": str(path)})) == (
        f"{path}: the logo has 40,004 bytes; 40,000 at most. Make it smaller."
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('accent = "teal"', "'look.accent' is 'teal', not a colour such as \"#0f6b6d\"."),
        ('logo = "mark.gif"', "'look.logo' is 'mark.gif', not a file .svg or .png."),
        (
            'acent = "#0f6b6d"',
            "unknown settings: 'look.acent' (did you mean 'accent'?). Known are: accent, logo, warm.",
        ),
    ],
)
def test_a_look_that_cannot_be_is_told_in_one_line(tmp_path, line, said):
    path = tmp_path / "portfoy.toml"
    path.write_text(f"[look]\n{line}\n")
    assert message_of(read_settings, path) == f"{path}: {said}"
