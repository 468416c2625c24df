"""The encoding of a text: by its first bytes, else by the letters that it would have."""

import codecs

from portfoy.errors import DataError
from portfoy.locale import _

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
TURKISH = "çğıöşüÇĞİÖŞÜ âîûÂÎÛ"  # the common letters, and behind the blank the rare ones
CENTRAL = "ąćęłóśźżĄĆĘŁŃÓŚŹŻáčéěíňřšťúůýžäöüßőűÁČÉĚÍŇŘŠŤÚŮÝŽÄÖÜŐŰ ńďĎĺľŕôĹĽŔÔ"  # Poland to Hungary
WESTERN = "éèàïüöäßçñóíáúÜÖÄÉÇÑ âãåæêëìîòôõøœùûÿÀÁÂÃÅÆÈÊËÌÍÎÏÒÓÔÕØŒÙÚÛ"
LETTERS = {
    "windows-1254": TURKISH,
    "windows-1252": WESTERN,
    "windows-1250": CENTRAL,
    "iso-8859-2": CENTRAL,
    "cp857": TURKISH,
    "cp850": WESTERN,
    "cp852": CENTRAL,
    "mac-roman": WESTERN,
    "windows-1251": "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯіїєґІЇЄҐ",
    "windows-1253": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏ",
}
"""Encodings that exports still use, the likelier first, and the letters that speak for each."""
OWN_SCRIPT = ("windows-1251", "windows-1253")  # whose words have no letter of a-z
NEIGHBOURS = "\u00a0\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2026\u20ac£°§«»©®™№"
"""Signs around words that speak neither for an encoding nor against it."""


def is_encoding(name):
    """Whether a text encoding of that name is known."""
    try:
        "a".encode(name)
    except (LookupError, ValueError):
        return False
    return name.isascii()


def marked(raw):
    """The encoding that the first bytes give away: by a byte order mark, or by every second byte being zero."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return encoding
    for first, encoding in enumerate(("utf-16-be", "utf-16-le")):
        half = raw[first:1000:2]
        if half.count(0) > 0.8 * len(half) and raw[1 - first]:
            return encoding
    return "utf-8"


def by_letters(raw):
    """The encoding under which the bytes beyond a-z are letters of one language, inside words; None: under none."""
    lines = [line for line in raw[: 2**20].splitlines() if not line.isascii()][:2_000]
    points = {encoding: _points(b"\n".join(lines), encoding, letters) for encoding, letters in LETTERS.items()}
    best = max(points, key=points.get)
    return best if points[best] > 0 else None


def _points(raw, encoding, letters):
    """A point for each letter of the language, half of one if it is rare; three less for what stands in no word."""
    text, points = f" {raw.decode(encoding, 'replace')} ", 0.0
    common, _blank, _rare = letters.partition(" ")
    for before, letter, after in zip(text, text[1:], text[2:], strict=False):
        if letter.isascii() or (letter in NEIGHBOURS and not (before.isalpha() and after.isalpha())):
            continue
        latin = encoding not in OWN_SCRIPT
        mixed = before.isascii() and before.isalpha() and not latin
        if letter not in letters or mixed or (letter.isupper() and before.islower()):
            points -= 3
        elif before.isascii() or not latin:  # of two accented letters in a row one counts
            points += 1 if letter in common else 0.5
    return points


def decoded(path, raw, encoding):
    """The first bytes as text; a DataError where they are none, or not in that encoding."""
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1a" for byte in raw[:4096])
    if not codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")) and control > len(raw[:4096]) / 100:
        text = _("{path}: is no text table ({share:.0%} of its first bytes are control codes). Export it as CSV.")
        raise DataError(text.format(path=path, share=control / len(raw[:4096])))
    try:
        return codecs.getincrementaldecoder(encoding)().decode(raw)
    except UnicodeError as error:
        raise not_in(path, encoding, getattr(error, "start", 0), raw) from None


def not_in(path, encoding, position, raw=b""):
    """The DataError for a byte that the encoding does not have; `raw` bytes say by their letters which has it."""
    named = encoding.removesuffix("-sig").upper()
    if likely := by_letters(raw):
        text = _(
            "{path}: is not {encoding} text at byte {position}. Its letters look like {likely}: say in portfoy.toml: "
            'encoding = "{likely}".'
        )
        return DataError(text.format(path=path, encoding=named, position=position, likely=likely))
    text = _(
        "{path}: is not {encoding} text at byte {position}. Say in portfoy.toml: encoding = "
        '"windows-1254" (Turkish), "windows-1250" (Polish) or "windows-1252" (Western Europe).'
    )
    return DataError(text.format(path=path, encoding=named, position=position))
