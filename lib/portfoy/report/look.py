"""One look for all pages: the templates, the style, and the rule that what they are given is text."""

import re
from base64 import b64encode
from functools import cache
from pathlib import Path

from portfoy.errors import DataError
from portfoy.locale import _, language, plural

LARGEST = 40_000  # bytes of a logo
PAPERS = ("#ffffff", "#12181f")  # by day and by night, as in page.css
TINTS = {"accent": 4.5, "warm": 3.0}  # the least contrast: of text, and of what is drawn
MORE = re.compile(rb"<script|<foreign|<!entity|\son\w+\s*=|(href|src)\s*=\s*[\"'](?!#|data:)|url\((?!#)", re.I)


def render(template, **content):
    """The HTML of a template in templates/; every value is escaped but those the template calls safe."""
    return _templates().get_template(template).render(language=language(), **{"brand": None, **content})


@cache
def _templates():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    rules = {"autoescape": True, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    made = Environment(loader=PackageLoader("portfoy.report"), **rules)
    made.globals |= {"_": _, "plural": plural}
    made.filters["css"] = lambda text: "".join(c if c.isalnum() else f"\\{ord(c):x} " for c in str(text))
    return made


def brand(settings):
    """What [look] in portfoy.toml adds to each page: ``logo`` as a data address, ``style``; None where it says nothing.

    A colour that could not be read on the paper, by day or by night, is taken as much darker or lighter as it takes.

    Raises
    ------
    DataError : the logo cannot be read, is too large, or holds more than a drawing.
    """
    given = settings.look
    if not given:
        return None
    tones = [
        "; ".join(f"--{name}: {_toned(given[name], paper, least)}" for name, least in TINTS.items() if name in given)
        for paper in PAPERS
    ]
    style = ":root {{ {} }} @media (prefers-color-scheme: dark) {{ :root {{ {} }} }}".format(*tones)
    return {"logo": _logo(Path(given["logo"])) if "logo" in given else "", "style": style}


def _toned(colour, paper, least):
    """The colour as #rrggbb, mixed with black or white until its contrast to the paper is at least this (WCAG 2)."""
    rgb, ground = ([int(text[place : place + 2], 16) / 255 for place in (1, 3, 5)] for text in (colour, paper))
    end = float(_luminance(ground) < 0.5)
    for step in range(21):
        mixed = [part + (end - part) * step / 20 for part in rgb]
        darker, lighter = sorted((_luminance(mixed), _luminance(ground)))
        if (lighter + 0.05) / (darker + 0.05) >= least:
            break
    return "#" + "".join(f"{round(255 * part):02x}" for part in mixed)


def _luminance(rgb):
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _logo(path):
    """The file as a data address."""
    try:
        content = path.read_bytes()
    except OSError as error:
        text = _("{file}: the logo cannot be read: {reason}. Correct [look] in portfoy.toml.")
        raise DataError(text.format(file=path, reason=error.strerror)) from None
    if len(content) > LARGEST:
        text = _("{file}: the logo has {n:,} bytes; {most:,} at most. Make it smaller.")
        raise DataError(text.format(file=path, n=len(content), most=LARGEST))
    kind = "png" if content.startswith(b"\x89PNG") else "svg+xml"
    if kind != "png" and (b"<svg" not in content or MORE.search(content)):
        text = _("{file}: the logo is no PNG and no plain SVG: it holds scripts or addresses. Save it as one.")
        raise DataError(text.format(file=path))
    return f"data:image/{kind};base64,{b64encode(content).decode()}"
