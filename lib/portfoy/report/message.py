"""What a run has to say: its findings by the money they are about, what to do, and the heading that sums them up."""

import re
from urllib.parse import quote

from portfoy.locale import _

MOST = 3


def told(sections):
    """What the sections of a page tell, as run.json keeps it: a dict of ``findings``, ``todo`` and ``uncomputed``.

    The last are the titles of those in which something could not be computed. What a section looks at beside, or
    without finding anything, is no finding of the report.
    """
    findings, todo, uncomputed = [], [], []
    for section in sections:
        if any(block["kind"] == "missing" for block in section["blocks"]):
            uncomputed.append(section["title"])
        results = [block for block in section["blocks"] if block["kind"] == "result"]
        if section["finding"] and not section["also"]:
            first = _first_sentence(results[0]["reading"])
            findings.append({**section["finding"], "reading": first, "section": section["id"]})
        for action in (action for block in results for action in block.get("actions", []) if action["text"]):
            about = {key: action[key] for key in ("text", "worth", "path")}
            todo.append({**about, "section": section["id"]})
    return {"findings": findings, "todo": todo, "uncomputed": uncomputed}


def uncomputed(stages):
    """How many sections of these reports could not be computed, as a sentence; "" where all could."""
    count = sum(len(stage.get("uncomputed") or []) for stage in stages if stage["status"] == "ok")
    text = _("Sections not computed: {n}")
    return text.format(n=count) if count else ""


def _first_sentence(reading):
    found = re.match(r".*?[.!?](?=\s+[^\W_a-zçğıöşüąćęłńóśźż]|\s*$)", reading, re.S)
    return found[0] if found else reading


def findings(stages):
    """The three strongest findings of these reports, each with its ``stage``."""
    return _best(stages, "findings", strength)


def todo(stages):
    """The three actions of these reports that are about the most money a year, each with its ``stage``."""
    return _best(stages, "todo", lambda action: action["worth"] or 0)


def _best(stages, what, worth):
    found = {}
    for stage in (stage for stage in stages if stage["status"] == "ok"):
        for each in stage.get(what) or []:
            found.setdefault(each["text"], {**each, "stage": stage})
    return sorted(found.values(), key=worth, reverse=True)[:MOST]


def strength(finding):
    """By what findings rank: the bound of their money nearest zero, 0 where zero is inside, -1 without money."""
    low, high = finding["low"], finding["high"]
    if low is None or high is None:
        return -1
    return 0 if low <= 0 <= high else min(abs(low), abs(high))


def heading(found):
    """The strongest finding as a heading; the two strongest where both are about money beyond chance."""
    texts = [finding["text"].rstrip(".") for finding in found if strength(finding) > 0][:2] or [
        finding["text"] for finding in found[:1]
    ]
    if len(texts) == 2:
        return _("{first}. {second}.").format(first=texts[0], second=texts[1])
    return texts[0] if texts else ""


def happened(found, heading, *, page=True, short=False):
    """Findings as items of a list: text ("" where it is the heading), reading, name of the report and address.

    `short` leaves out the reading where there is a text, since the section says it further down the page.
    """
    items = []
    for finding in found:
        text = "" if finding["text"].rstrip(".") == heading.rstrip(".") else finding["text"]
        reading = finding["reading"] if not (short and text) else ""
        items.append({"text": text or ("" if reading else finding["text"]), "reading": reading, **_link(finding, page)})
    return items


def to_do(found, *, page=True):
    """Actions as items of a list: text, address of their list ("" without one) and of their section."""
    return [{"text": each["text"], "list": each["path"], **_link(each, page)} for each in found]


def _link(each, page):
    stage = each["stage"]
    return {"stage": stage, "address": (quote(stage["page"]) if page else "") + f"#{quote(each['section'])}"}
