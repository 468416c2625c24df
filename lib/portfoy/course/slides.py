"""A lesson as slides: one HTML file with reveal.js inside, which needs no network and nothing beside it.

Each `##` begins a slide, each `###` one below it; a cell tagged `slide` or `subslide` begins one too, `notes` is for
the speaker, `skip` is left out. Figures, tables and sentences are shown, code is not. What students are to find out
themselves is not on the slides. A slide that holds more than fits goes on on the next one; slides.js sees to it.
"""

import html
import re

from portfoy.course import editions
from portfoy.course.sheets import lesson_prose, output, resource, template
from portfoy.locale import _

LEFT_OUT = {"answer", *editions.AUTHOR, "parameters", "injected-parameters", "skip"}


def deck(executed):
    """The slides of an executed lesson, the solution with results, as HTML."""
    stacks, prose, before = [], lesson_prose(), set()
    for cell in executed.cells:
        marked = editions.tags(cell)
        if marked & LEFT_OUT:
            before = before | marked
            continue
        if stacks and ("answer" in before or "holds" in before - marked):  # an aside is over
            _new(stacks, 3, "")  # for what comes after it, which belongs to the question before it
            stacks[-1][-1]["title"] = _text(stacks[-1][0]["heading"])
        _add(stacks, cell, prose)
        before = marked
    stacks = [[slide for slide in stack if slide["heading"] or slide["blocks"]] for stack in stacks]
    body = "\n".join(f"<section>\n{''.join(map(_slide, stack))}</section>" for stack in stacks if stack)
    return template(
        "slides.html",
        title=html.escape(executed.metadata["portfoy"]["title"]),
        style=resource("reveal", "reveal.css") + resource("templates", "slides.css"),
        library=resource("reveal", "reveal.js"),
        notes=resource("reveal", "notes.js"),
        licence=html.escape(resource("reveal", "LICENSE").replace("--", "- -")),
        script=resource("templates", "slides.js"),
        again=html.escape(_("(continued)")),
        body=re.sub(r'<a href="(?!https?:|mailto:)[^"]*">(.*?)</a>', r"\1", body, flags=re.DOTALL),
    )


def _add(stacks, cell, prose):
    """Put a cell on the slide at hand, or on those that it begins."""
    marked = editions.tags(cell)
    if cell.cell_type == "code":
        if not stacks or stacks[-1][-1]["level"] == 1:  # what opens the data is not to be seen
            return
        _begin(stacks, marked)
        shown = [made for shown in cell.outputs if (made := output(shown))]
        stacks[-1][-1]["blocks"] += [made for made in shown if made[0] != "check"]
    elif cell.cell_type == "markdown" and "notes" in marked and stacks:
        stacks[-1][-1]["notes"].append(prose(cell.source))
    elif cell.cell_type == "markdown":
        if "about" in marked:
            _new(stacks, 1, f"<h2>{_('What this lesson is about')}</h2>")
            _at_hand(stacks)["blocks"].append(("prose", prose(cell.source.partition(f"\n\n**{_('New terms')}")[0])))
            return
        if not re.match(r"#{1,3} ", cell.source):
            _begin(stacks, marked)
        for level, heading, text in _parts(cell.source):
            if heading:
                _new(stacks, level, prose(heading))
            if text.strip():
                _at_hand(stacks)["blocks"].append(("prose", prose(text)))


def _parts(source):
    """A Markdown cell cut at its headings of level 1 to 3: (level, heading, text below it)."""
    fenced = re.split(r"(^```.*?^```[^\n]*$)", source, flags=re.M | re.S)
    parts = [(0, "", "")]
    for number, piece in enumerate(fenced):
        lines = [piece] if number % 2 else piece.splitlines(keepends=True)
        for line in lines:
            heading = None if number % 2 else re.match(r"(#{1,3}) +\S", line)
            if heading:
                parts.append((len(heading[1]), line.strip(), ""))
            else:
                level, title, text = parts[-1]
                parts[-1] = (level, title, text + line)
    return [part for part in parts if part[1] or part[2].strip()]


def _begin(stacks, marked):
    """A new slide where a cell asks for one."""
    if "slide" in marked or "subslide" in marked:
        _new(stacks, 2 if "slide" in marked else 3, "")


def _new(stacks, level, heading):
    slide = {"level": level, "heading": heading, "title": _text(heading), "blocks": [], "notes": []}
    if level < 3 or not stacks:
        stacks.append([])
    stacks[-1].append(slide)


def _text(heading):
    """A heading without its markup."""
    return html.unescape(re.sub(r"<[^>]+>", "", heading)).strip()


def _at_hand(stacks):
    if not stacks:
        _new(stacks, 2, "")
    return stacks[-1][-1]


def _slide(slide):
    blocks = "".join(f'<div class="block {kind}">{made}</div>\n' for kind, made in slide["blocks"])
    notes = f'<aside class="notes">{"".join(slide["notes"])}</aside>' if slide["notes"] else ""
    kind, title, heading = "", html.escape(slide["title"]), slide["heading"]
    if heading.startswith("<h1"):
        kind = " first"
    elif title and not heading:
        heading = f'<p class="again">{title} {html.escape(_("(continued)"))}</p>'
    return f'<section><div class="leaf{kind}" data-title="{title}">{heading}{blocks}</div>{notes}</section>\n'
