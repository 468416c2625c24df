"""The page of a run as a message that mail programs show: plain text, and HTML with its pictures inside.

Mail programs know no style sheet, no script, no SVG and few addresses: each element has its style, the lines over time
are PNG, nothing leads anywhere. The message names nobody; whoever sends it says from whom and to whom.
"""

import os
import re
import uuid
from base64 import b64decode
from email import policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

from portfoy.locale import _
from portfoy.report import changes, look, overview
from portfoy.report.trend import EDGE, HEIGHT, WIDTH
from portfoy.words.table import aligned

LISTS = 100_000  # bytes of lists that go with the message, all together; larger ones stay in the folder of the run
SHARP = 144  # dots an inch: a picture twice as fine as it is shown
ACCENT, GREY = "#0f6b6d", "#556270"


def write(file, record, folder, brand=None):
    """Write the message of a run (`message`) to a file, whole or not at all; an OSError where that is not possible."""
    made = message(record, folder, brand).as_bytes(policy=policy.default.clone(linesep=os.linesep))
    aside = file.with_name(f".{file.name}-{uuid.uuid4().hex[:8]}")
    try:
        aside.write_bytes(made)
        os.replace(aside, file)
    finally:
        aside.unlink(missing_ok=True)


def message(record, folder, brand=None):
    """The page of a run, from its record and its folder, as an EmailMessage: a draft without sender and receiver.

    The lists of what to do go with it where they are small.
    """
    said = overview.contents(record)
    lists = {} if record.get("pseudonyms") else _lists(said["todo"], folder)  # ids stay in the folder
    pictures = {f"line-{n}@portfoy": row for n, row in enumerate(said["rows"]) if row["line"]}
    for address, row in pictures.items():
        row["picture"] = f"cid:{address}"
    pictures = {address: _drawn(row["line"]) for address, row in pictures.items()}
    logo = re.fullmatch("data:image/png;base64,(.*)", (brand or {}).get("logo", ""))
    if logo:
        pictures["logo@portfoy"] = b64decode(logo[1])
    for item in said["todo"]:
        path = unquote(item["list"])
        item["list"] = _("{list}, attached").format(list=Path(path).name) if path in lists else path
    made = EmailMessage()
    made["X-Unsent"] = "1"  # opens as a draft; the first line, so that who sends it can leave it out
    made["Subject"] = _subject(record, said)
    made.set_content(_text(said, folder), cte="quoted-printable")
    html = look.render("mail.html.j2", **said, logo=bool(logo), folder=str(folder), width=WIDTH, height=HEIGHT)
    made.add_alternative(html, subtype="html", cte="quoted-printable")
    for address, picture in pictures.items():
        name = f"{address.partition('@')[0]}.png"
        made.get_payload()[1].add_related(
            picture, "image", "png", cid=f"<{address}>", filename=name, disposition="inline"
        )
    for path, content in lists.items():
        made.add_attachment(content, "text", "csv", filename=Path(path).name, params={"charset": "utf-8"})
    return made


def _subject(record, said):
    """Whose figures, of which day, and the heading; or that a report is missing."""
    heading = said["heading"] if said["happened"] else ""
    if not changes.is_good(record):
        heading = _("not all reports are whole")
    return " ".join(": ".join(filter(None, [said["title"], heading])).split())


def _lists(todo, folder):
    """The lists of these actions by their path, as long as there is room for them."""
    found, room = {}, LISTS
    for path in dict.fromkeys(unquote(item["list"]) for item in todo if item["list"]):
        content = Path(folder, path).read_bytes()
        if len(content) <= room:
            found[path], room = content, room - len(content)
    return found


def _drawn(line):
    """The small line over time of a figure (`trend.line`), as PNG."""
    from matplotlib.figure import Figure

    drawn = Figure((WIDTH / 72, HEIGHT / 72))
    axes = drawn.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.set_axis_off()
    if line["band"]:
        top, tall = line["band"]
        axes.fill_between([EDGE, WIDTH - EDGE], top, top + tall, color=GREY, alpha=0.18, linewidth=0)
    places = [[float(number) for number in place.split(",")] for place in line["points"].split()]
    axes.plot(*zip(*places, strict=True), color=ACCENT, linewidth=2)
    axes.plot(*line["end"], "o", color=ACCENT, markersize=6)
    drawn.savefig(made := BytesIO(), format="png", dpi=SHARP, facecolor="white")
    return made.getvalue()


def _text(said, folder):
    """The same without pictures, for programs that show text alone."""
    lines = [said["heading"], " · ".join(said["about"])]
    if said["happened"]:
        lines += ["", _("What happened")]
        for item in said["happened"]:
            lines.append("- " + ". ".join(filter(None, [item["text"].rstrip("."), item["reading"]])))
    if said["todo"]:
        lines += ["", _("What to do")]
        lines += ["- " + item["text"] + (f" ({item['list']})" if item["list"] else "") for item in said["todo"]]
    if said["rows"]:
        lines += ["", said["figures_title"]]
        told = [[row[key] or "" for key in ("label", "value", "interval", "change")] for row in said["rows"]]
        lines += aligned([[*row[:3], f"{row[3]['arrow']} {row[3]['words']}" if row[3] else ""] for row in told])
    for table in said["tables"]:
        heads = [_("Figure"), *(head for head, _page in table["heads"])]
        lines += ["", table["parameter"], *aligned([heads, *([label, *cells] for label, cells in table["rows"])])]
        lines += [table["same"]] if table["same"] else []
    lines += ["", _("The reports")]
    lines += ["- " + ": ".join(filter(None, [each["name"], each["status"], each["error"]])) for each in said["reports"]]
    return "\n".join([*lines, "", _("The pages, with all lists: {folder}").format(folder=folder), ""])
