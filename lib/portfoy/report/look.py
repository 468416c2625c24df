"""One look for all pages: the templates, the style, and the rule that what they are given is text."""

from functools import cache
from importlib.resources import files

from portfoy.locale import language, plural


def render(template, **content):
    """A page from a template; every value is escaped but those the template calls safe.

    Parameters
    ----------
    template : name of a file in templates/
    content : what the template speaks of

    Returns
    -------
    text : HTML
    """
    return _templates().get_template(template).render(style=_style(), language=language(), plural=plural, **content)


@cache
def _templates():
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(str(files("portfoy.report").joinpath("templates")))
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip


@cache
def _style():
    return files("portfoy.report").joinpath("page.css").read_text(encoding="utf-8")
