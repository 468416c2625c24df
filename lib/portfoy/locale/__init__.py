"""The words a reader sees: one message catalogue per language, English is the source."""

import gettext
import math
from pathlib import Path

_here = Path(__file__).parent
_catalogue = gettext.NullTranslations()
_language = "en"


def languages():
    """Codes of the languages there is a catalogue for, English first."""
    return ["en", *sorted(path.parent.parent.name for path in _here.glob("*/LC_MESSAGES/portfoy.mo"))]


def use_language(code):
    """Show every later message in the language `code` ("en", "tr", "pl").

    Raises
    ------
    ValueError : there is no catalogue for `code`.
    """
    global _catalogue, _language
    if code not in languages():
        raise ValueError(
            _("language: there is no catalogue for {code!r}; there is one for {known}.").format(
                code=code, known=", ".join(languages())
            )
        )
    _catalogue, _language = gettext.translation("portfoy", _here, [code], fallback=True), code


def language():
    """Code of the language in use."""
    return _language


def _(message):
    """`message` in the language in use."""
    return _catalogue.gettext(message)


def plural(one, many, count):
    """The form of a message that goes with `count`, in the language in use; any kind of number will do."""
    return _catalogue.ngettext(one, many, math.ceil(count))
