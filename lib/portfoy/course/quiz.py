"""Quizzes as data: questions with options, each with its explanation; shown as details, exported for Moodle (GIFT)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from portfoy.errors import DataError
from portfoy.locale import _

FOLDER = Path(__file__).with_name("quizzes")
LETTERS = "abcdef"


@dataclass(frozen=True)
class Option:
    """``text`` of an option, whether it is ``right``, and ``why``."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """``text`` of a question and its ``options``, of which exactly one is right."""

    text: str
    options: tuple[Option, ...]


def questions(sitting):
    """The quiz of a sitting, as Questions, from quizzes/<sitting>.toml.

    DataError where it cannot be read, an option lacks its explanation, or not exactly one is right.
    """
    path = FOLDER / f"{sitting}.toml"
    try:
        given = tomllib.loads(path.read_text("utf-8"))["question"]
        found = [Question(one["text"], tuple(Option(**option) for option in one["option"])) for one in given]
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise DataError(_("{file}: is no quiz: {reason}. Mend it.").format(file=path.name, reason=error)) from None
    for one in found:
        if sum(option.right for option in one.options) != 1 or not all(option.why for option in one.options):
            text = _("{file}: {question!r} needs one right option, and a 'why' for each.")
            raise DataError(text.format(file=path.name, question=one.text))
    return found


def shown(sitting):
    """The quiz as Markdown: each option opens its explanation."""
    parts = [f"## {_('Quiz')}", _("Decide first; then open your choice.")]
    for number, one in enumerate(questions(sitting), start=1):
        parts.append(f"**{number}.** {one.text}")
        for letter, option in zip(LETTERS, one.options, strict=False):
            verdict = _("Yes.") if option.right else _("No.")
            parts.append(
                f"<details><summary>({letter}) {option.text}</summary>\n\n{verdict} {option.why}\n\n</details>"
            )
    return "\n\n".join(parts)


def gift(sitting):
    """The quiz in the GIFT format, which Moodle imports."""
    blocks = []
    for number, one in enumerate(questions(sitting), start=1):
        lines = [
            f"    {'=' if option.right else '~'}{_escaped(option.text)}#{_escaped(option.why)}"
            for option in one.options
        ]
        blocks.append(f"::{sitting}-quiz-{number}::[markdown]{_escaped(one.text)} {{\n" + "\n".join(lines) + "\n}")
    return "\n\n".join([f"$CATEGORY: portfoy/{sitting}", *blocks]) + "\n"


def _escaped(text):
    """Text with the signs that GIFT gives a meaning taken literally."""
    for sign in "\\~=#{}:":
        text = text.replace(sign, "\\" + sign)
    return text.replace("\n", "\\n")
