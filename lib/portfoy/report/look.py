"""One look for all pages: the templates, the style, and the rule that what they are given is text."""

from functools import cache

from portfoy.locale import _, language, plural


def render(template, **content):
    """The HTML of a template in templates/; every value is escaped but those the template calls safe."""
    return _templates().get_template(template).render(language=language(), **content)


@cache
def _templates():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    rules = {"autoescape": True, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    made = Environment(loader=PackageLoader("portfoy.report"), **rules)
    made.globals |= {"_": _, "plural": plural}
    return made
