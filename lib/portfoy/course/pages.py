"""What the build writes into every sitting, and the two pages it leads to: index of the course, and glossary."""

import base64
import re
from pathlib import Path

from portfoy.course.lessons import exercises_of, stage_of, stem
from portfoy.errors import DataError
from portfoy.locale import _, plural
from portfoy.report.prose import anchor
from portfoy.words.stages import stages

FIELDS = ("sitting", "title", "question", "objectives", "needs")
PICTURE = "lifecycle.png"
SOURCE = r"\[source (\d{3})\]"


def sources():
    """The texts that sittings cite, number -> (what it is about, its language, its kind); they are not shipped."""
    turkish, polish, article = _("Turkish"), _("Polish"), _("web article")
    return {
        "000": (_("What a customer portfolio is, and how one is managed"), turkish, article),
        "001": (_("Key methods of managing a portfolio of customers"), polish, article),
        "002": (_("Customer relationship management, in questions and answers"), turkish, _("lecture notes")),
        "003": (_("How a firm builds a strategy around its customers"), turkish, article),
        "004": (_("Which analyses are made in CRM"), turkish, _("answer of a search engine")),
    }


def check_about(abouts):
    """Hold what the sittings say of themselves against what they must.

    DataError where a field is missing, or an objective has no exercise of its sitting.
    """
    for sitting, about in abouts.items():
        missing = [field for field in FIELDS if field not in about]
        if missing:
            message = _("{name}: metadata.portfoy lacks {missing}. Add it.")
            raise DataError(message.format(name=stem(sitting), missing=", ".join(missing)))
        known = exercises_of(sitting)
        bare = [text for text, names in about["objectives"].items() if not names or set(names) - set(known)]
        if bare:
            message = _("{name}: no exercise shows that one can {objectives}. Name one.")
            raise DataError(message.format(name=stem(sitting), objectives=", ".join(map(repr, bare))))


def rounded(minutes):
    """Minutes as a plan has them: to five, upwards."""
    return 5 * -int(-minutes // 5)


def picture(sitting):
    """The lifecycle with the place of a sitting, as PNG in base64: JupyterLab shows no SVG that is attached.

    templates/lifecycle.svg is what the PNG are made from, one a stage, at half as large again.
    """
    path = Path(__file__).with_name("templates") / f"lifecycle_{stage_of(sitting) or 'capstone'}.png"
    return base64.b64encode(path.read_bytes()).decode()


def about_text(about, minutes, count):
    """The head of a sitting, as Markdown: title, picture of the lifecycle, question, minutes, number of new terms."""
    own, stage = _("The lifecycle of a customer; this sitting belongs to: {stage}."), stage_of(about["sitting"])
    where = own.format(stage=stages()[stage].name) if stage else _("The whole lifecycle of a customer.")
    new = plural("{n} new term", "{n} new terms", count).format(n=count)
    needs = [_("You need: {needs}.").format(needs="; ".join(about["needs"]))] if about["needs"] else []
    return "\n\n".join([
        f"# {about['sitting']}. {about['title']}",
        f"![{where}](attachment:{PICTURE})",
        f"**{about['question']}**",
        " ".join([_("About {minutes} minutes, {new}.").format(minutes=rounded(minutes), new=new), *needs]),
    ])  # fmt: skip


def objectives_text(about):
    """What one can do after a sitting, as Markdown."""
    return "\n\n".join([f"**{_('After this sitting you can')}**", _bullets(_objectives(about))])


def _objectives(about):
    """What one can do after a sitting, in the order of the exercises that show it."""
    return sorted(about["objectives"], key=lambda text: min(about["objectives"][text]))


def term_line(term, glossary):
    """The line that explains a new term: its Turkish and Polish words, and what it means."""
    found = glossary[glossary["term"].str.casefold() == term.casefold()]
    if not len(found):
        raise DataError(_("{term!r} is not in course/terms.csv. Add it.").format(term=term))
    row = found.iloc[0]
    return f"> **{term}** (tr *{row.turkish}*, pl *{row.polish}*): {row.definition}"


def sources_text(notebook):
    """The texts that a notebook cites, as a table."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    rows = [(f"[source {number}]", *sources()[number]) for number in sorted(set(re.findall(SOURCE, text)))]
    head = [_("Text"), _("What it is about"), _("Language"), _("Kind")]
    note = _("The texts are not part of the course.")
    return f"## {_('Sources')}\n\n{_table(head, rows)}\n\n{note}" if rows else f"## {_('Sources')}\n\n{_('None.')}"


def _bullets(lines):
    return "\n".join(f"- {line}" for line in lines)


def index_page(sittings, reports):
    """notebooks/README.md: the map of the lifecycle, and what each sitting is about.

    `sittings` are those there are, id -> what it says of itself with its minutes; `reports` the stages that have a
    report notebook.
    """
    head = [_("Stage"), _("Its question"), _("Sittings"), _("Report")]
    rows = [
        (
            f"{number}. **{stage.name}**",
            stage.question,
            ", ".join(_sitting_link(sitting, sitting) for sitting in sittings if stage_of(sitting) == code)
            or _("to come"),
            f"[{code}](reports/{code}.ipynb)" if code in reports else _("to come"),
        )
        for number, (code, stage) in enumerate(stages().items())
    ]
    parts = []
    for code, stage in stages().items():
        own = [about for sitting, about in sittings.items() if stage_of(sitting) == code]
        parts += [f"### {stage.title}", *map(_sitting, own)] if own else []
    own = [about for sitting, about in sittings.items() if stage_of(sitting) is None]
    parts += [f"### {_('Capstone: a company of your own')}", *map(_sitting, own)] if own else []
    return _page(
        f"# {_('Customer portfolio management: the course')}",
        _("A lesson is a few sittings of an hour at most: five rows by hand, then a company whose truth we know."),
        _("Begin with: `portfoy lessons start my-course`. It copies the notebooks for you to write in."),
        _(
            "Run a sitting cell by cell; write where it says `...`; `pf.check` answers and "
            "`portfoy-progress.json` notes it."
        ),
        f"## {_('The lifecycle of a customer, and where each sitting stands')}",
        _table(head, rows),
        f"## {_('The sittings')}",
        *parts,
        f"## {_('Beside the sittings')}",
        _bullets([
            _("[Glossary](GLOSSARY.md): terms in English, Turkish and Polish."),
            _("[For teachers](TEACHING.md): timetables, slides, grading."),
        ]),
    )  # fmt: skip


def _sitting_link(sitting, text):
    return f"[{text}](lessons/{stem(sitting)}.ipynb)"


def _sitting(about):
    link = _sitting_link(about["sitting"], f"{about['sitting']}. {about['title']}")
    time = _("about {minutes} minutes").format(minutes=rounded(about["minutes"]))
    return f"**{link}**: {about['question']} ({time})\n\n{_bullets(_objectives(about))}"


def glossary_page(glossary, sittings):
    """notebooks/GLOSSARY.md: the terms of the course in three languages, and the sitting that introduces each."""
    where = {}
    for sitting, (about, defined) in sittings.items():
        for term in defined:
            where.setdefault(term.casefold(), _sitting_link(sitting, f"{sitting}. {about['title']}"))
    rows = [
        (
            f'<a id="{anchor(row.term)}"></a>**{_cell(row.term)}**',
            *map(_cell, (row.turkish, row.polish, row.definition)),
            where.get(row.term.casefold(), ""),
        )
        for row in glossary.itertuples(index=False)
    ]
    return _page(
        f"# {_('Glossary')}",
        _("The words of the course, as they are used in every sitting, report and message."),
        _table([_("English"), _("Turkish"), _("Polish"), _("What it means"), _("Introduced in")], rows),
    )


def _cell(text):
    return " ".join(str(text).split()).replace("|", "\\|") if isinstance(text, str) else ""


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _page(*parts):
    note = _("Written by `portfoy lessons build`; do not edit by hand.")
    return "\n\n".join([parts[0], f"<!-- {note} -->", *parts[1:]]) + "\n"
