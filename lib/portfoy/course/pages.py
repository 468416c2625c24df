"""The two pages every lesson leads to: the index of the course, and the glossary."""

from portfoy.errors import DataError
from portfoy.locale import _, plural
from portfoy.report.prose import anchor
from portfoy.words.stages import stages

FIELDS = (
    "number", "phase", "title", "questions", "objectives", "prerequisites", "minutes_read", "minutes_practise",
    "requires", "defines",
)  # fmt: skip


def check_about(abouts, glossary):
    """Hold what the lessons say of themselves, by name, against the glossary and against one another.

    DataError where a field is missing, a term is not in the glossary, or no earlier lesson defines a term that is
    required.
    """
    known, defined = set(glossary["term"]), set()
    for name, about in abouts.items():
        missing = [field for field in FIELDS if field not in about]
        if missing:
            message = _("{name}: metadata.portfoy lacks {missing}. Add it.")
            raise DataError(message.format(name=name, missing=", ".join(missing)))
        unknown = [term for term in [*about["requires"], *about["defines"]] if term not in known]
        if unknown:
            message = _("{name}: {terms} not in course/terms.csv. Add it.")
            raise DataError(message.format(name=name, terms=", ".join(map(repr, unknown))))
        early = [term for term in about["requires"] if term not in defined]
        if early:
            message = _("{name}: no earlier lesson defines {terms}. Define it there, or here.")
            raise DataError(message.format(name=name, terms=", ".join(map(repr, early))))
        defined |= set(about["defines"])


def time(about):
    """The minutes of a lesson, in words."""
    text = _("about {read} minutes to read and {practise} to practise")
    return text.format(read=about["minutes_read"], practise=about["minutes_practise"])


def about_text(about):
    """What stands at the head of a lesson, as Markdown: questions, objectives, what it needs, minutes, new terms."""
    needs = [*about["prerequisites"], *(_link(term) for term in about["requires"])]
    parts = [
        f"**{_('Questions')}**",
        _bullets(about["questions"]),
        f"**{_('After this lesson you can')}**",
        _bullets(about["objectives"]),
        f"**{_('You need')}:** {'; '.join(needs)}." if needs else "",
        f"**{_('Time')}:** {time(about)}.",
        f"**{_('New terms')}:** {', '.join(map(_link, about['defines']))}." if about["defines"] else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _link(term):
    return f"[{term}](../GLOSSARY.md#{anchor(term)})"


def _bullets(lines):
    return "\n".join(f"- {line}" for line in lines)


def index_page(lessons, reports, *, teacher=True):
    """notebooks/README.md: the map of the lifecycle, and what each lesson is about.

    `lessons` are those there are, phase -> (stem of the notebook, its metadata.portfoy), `reports` the phases that have
    a report notebook; a `teacher` gets links of their own.
    """
    head = [_("Phase"), _("Its question"), _("Lesson"), _("Report")]
    rows = [
        (
            f"{number}. **{stage.name}**",
            stage.question,
            f"[{lessons[phase][1]['title']}](lessons/{lessons[phase][0]}.ipynb)" if phase in lessons else _("to come"),
            f"[{phase}](reports/{phase}.ipynb)" if phase in reports else _("to come"),
        )
        for number, (phase, stage) in enumerate(stages().items())
    ]
    beside = [
        _("[Glossary](GLOSSARY.md): terms in English, Turkish and Polish."),
        _("[For teachers](TEACHING.md): sessions, slides, answers."),
    ]
    return _page(
        f"# {_('Customer portfolio management: the course')}",
        _("A lesson works an idea out by hand on five rows, then on a company whose truth we know."),
        _(
            "Run a lesson cell by cell; write where it says `...`; `pf.check` answers and "
                "`portfoy-progress.json` notes it."
        ),
        f"## {_('The lifecycle of a customer, and where each lesson stands')}",
        _table(head, rows),
        f"## {_('The lessons')}",
        *(_lesson(stem, about, teacher) for stem, about in lessons.values()),
        f"## {_('Beside the lessons')}",
        _bullets(beside if teacher else beside[:1]),
    )  # fmt: skip


def _lesson(stem, about, teacher):
    count = len(about["defines"])
    said = f"{time(about)}; {plural('{n} new term', '{n} new terms', count).format(n=count)}"
    links = [f"[{_('The lesson')}](lessons/{stem}.ipynb)"]
    if teacher:
        links.append(_("for teachers: [with solutions]({file})").format(file=f"solutions/{stem}.ipynb"))
    return "\n\n".join([
        f"### {about['number']}. {about['title']}",
        f"{said[:1].upper()}{said[1:]}. {' · '.join(links)}.",
        _("After it you can:"),
        _bullets(about["objectives"]),
    ])  # fmt: skip


def glossary_page(glossary, lessons):
    """notebooks/GLOSSARY.md: the terms of the course in three languages, and the lesson that introduces each."""
    where = {}
    for stem, about in lessons.values():
        for term in about["defines"]:
            where.setdefault(term, f"[{about['number']}. {about['title']}](lessons/{stem}.ipynb)")
    rows = [
        (
            f'<a id="{anchor(row.term)}"></a>**{_cell(row.term)}**',
            *map(_cell, (row.turkish, row.polish, row.definition)),
            where.get(row.term, ""),
        )
        for row in glossary.itertuples(index=False)
    ]
    return _page(
        f"# {_('Glossary')}",
        _("The words of the course, as they are used in every lesson, report and message."),
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
