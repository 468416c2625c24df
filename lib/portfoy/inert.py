"""Text from data that nothing must run: formulas in the lists, escapes on a terminal."""

import re

# A spreadsheet whose country parts cells by `;` sees cells where we wrote none, and some take full-width signs too.
_START = re.compile("(^|[;|\t\r\n])([ \u00a0\"']*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")
_MARKED = re.compile("(^|[;|\t\r\n])([ \u00a0\"']*)'(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def for_sheets(text):
    """The text with a ' before each sign that a spreadsheet would take for the start of a formula."""
    return _START.sub(r"\1\2'", text)


def as_given(text):
    """The text that `for_sheets` was given."""
    return _MARKED.sub(r"\1\2", text)


def for_terminal(text):
    r"""The text with every control sign but tab and line end in writing, as \x1b."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
