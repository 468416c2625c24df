"""A sitting as slides: one HTML file with reveal.js inside, which needs no network and nothing beside it.

Head, objectives, the tasks of the exercises, each question of the quiz and the key points are shown, and the cells
tagged `slide`, each on a slide of its own: prose, or what a code cell shows, not the code; some twenty a sitting. A
heading that comes before one goes on it. Cells tagged `notes` are for the speaker, on the slide before them. What
students are to find out themselves is not on the slides. A slide that holds more than fits goes on on the next one;
slides.js sees to it.
"""

import html
import re

from portfoy.course import editions, quiz
from portfoy.course.sheets import lesson_prose, output, resource, template, with_pictures
from portfoy.locale import _

SHOWN = {"slide", "objectives", "exercise", "key-points"}


def deck(executed, *, notes=True):
    """The slides of an executed sitting, the solution with results, as HTML; without `notes` for students.

    The answers of the quiz are notes, too.
    """
    slides, prose, heading = [], lesson_prose(), ""
    for cell in executed.cells:
        marked = editions.tags(cell)
        if found := re.search(r"^#{1,3} +(.+)$", cell.source, flags=re.M) if cell.cell_type == "markdown" else None:
            heading = found[1]
        if "notes" in marked and slides:
            slides[-1]["notes"].append(prose(cell.source))
        elif "about" in marked:
            text = re.sub(r"^# .*\n", "", cell.source)
            slides.append(_slide_of([("prose", with_pictures(cell, prose, text))], prose("# " + heading), first=True))
        elif "quiz" in marked:
            slides += _quiz(executed.metadata["portfoy"]["sitting"], prose)
        elif marked & SHOWN and not marked & {"answer", "solution"}:
            slides.append(_slide_of(_blocks(cell, prose), prose("## " + heading)))
    body = "\n".join(f"<section>\n{_slide(slide, notes)}</section>" for slide in slides if slide["blocks"])
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


def _quiz(sitting, prose):
    """A slide for each question of the quiz, its answer in the notes."""
    for number, one in enumerate(quiz.questions(sitting), start=1):
        options = "\n".join(
            f"- ({letter}) {option.text}" for letter, option in zip(quiz.LETTERS, one.options, strict=False)
        )
        slide = _slide_of([("prose", prose(f"{one.text}\n\n{options}"))], prose(f"## {_('Quiz')}, {number}"))
        slide["notes"] = [prose("\n".join(f"- **{option.text}**: {option.why}" for option in one.options))]
        yield slide


def _blocks(cell, prose):
    """What a cell shows, as (kind, HTML)."""
    if cell.cell_type == "markdown":
        text = re.sub(r"^#{1,3} +.+\n?", "", cell.source, count=1, flags=re.M)
        return [("prose", prose(text))] if text.strip() else []
    made = [output(shown) for shown in cell.outputs]
    return [one for one in made if one and one[0] != "check"]


def _slide_of(blocks, heading, *, first=False):
    return {"heading": heading, "title": _text(heading), "blocks": blocks, "notes": [], "first": first}


def _text(heading):
    """A heading without its markup."""
    return html.unescape(re.sub(r"<[^>]+>", "", heading)).strip()


def _slide(slide, spoken):
    blocks = "".join(f'<div class="block {kind}">{made}</div>\n' for kind, made in slide["blocks"])
    notes = f'<aside class="notes">{"".join(slide["notes"])}</aside>' if spoken and slide["notes"] else ""
    kind, title = " first" if slide["first"] else "", html.escape(slide["title"])
    return f'<section><div class="leaf{kind}" data-title="{title}">{slide["heading"]}{blocks}</div>{notes}</section>\n'
