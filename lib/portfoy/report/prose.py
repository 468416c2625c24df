"""What a notebook holds, as HTML: its prose, and what its cells show. For reports and lessons alike."""

import html
import re

from portfoy.locale import _
from portfoy.words.result import RESULT


def anchor(text):
    """A heading as the name that links lead to: `Who buys <b>most</b>?` becomes who-buys-most."""
    plain = html.unescape(re.sub(r"<[^>]+>", "", text)).lower()
    return re.sub(r"\W+", "-", plain).strip("-") or "section"


class Prose:
    """Markdown to HTML for one page: formulas become MathML, which needs no script; headings get names of their own.

    Parameters
    ----------
    escape : bool, whether HTML in the Markdown is shown as text
    address : function of the target of a link, which gives the one on this page

    ``headings`` collects (level, title as HTML, name).
    """

    def __init__(self, *, escape=True, address=None):
        import mistune
        from latex2mathml.converter import convert

        self.headings, self.address = [], address
        self.markdown = mistune.create_markdown(escape=escape, plugins=["table", "strikethrough", "math"])
        renderer = self.markdown.renderer
        renderer.register("inline_math", lambda _renderer, formula: convert(formula))
        renderer.register("block_math", lambda _renderer, formula: convert(formula, display="block"))
        renderer.heading = lambda text, level, **_about: self._heading(text, level)

    def __call__(self, text):
        made = self.markdown(text)
        return re.sub(r'href="([^"]*)"', self._href, made) if self.address else made

    def name(self, text):
        """A name for a heading that no other heading of the page has."""
        name = anchor(text)
        taken = sum(other == name or other.startswith(f"{name}--") for *_rest, other in self.headings)
        return f"{name}--{taken}" if taken else name

    def _heading(self, text, level):
        name = self.name(text)
        self.headings.append((level, text, name))
        return f'<h{level} id="{name}">{text}</h{level}>\n'

    def _href(self, found):
        return f'href="{self.address(found[1])}"'


def reasons(texts):
    """Why something could not be computed -> what is said for all that lack the same: the words that ask for most."""
    lack = {text: re.split(r"[;.] ", text)[0] for text in texts}
    return {text: max((other for other in lack if lack[other] == lack[text]), key=len) for text in lack}


def shown(output):
    """What an output of a cell shows, None where it shows nothing.

    Returns
    -------
    dict with ``kind`` and what that kind has: "text" and "error" a ``text``; "html" a ``text`` that is HTML; "picture"
    a ``text`` in base64, ``alt``, ``width``, ``height``; "result" the content of a `words.result.Result`; "missing" a
    ``text``, why an analysis was not possible
    """
    if output.output_type == "stream":
        return {"kind": "text", "text": re.sub(r"\x1b\[[0-9;]*m", "", output.text)}
    if output.output_type == "error":
        lines = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback)).splitlines()
        return {"kind": "error", "text": "\n".join(lines[-8:]), "short": f"{output.ename}: {output.evalue}"}
    data = output.data
    if RESULT in data:
        content = data[RESULT]
        return {**content, "kind": "missing" if content["missing"] else "result", "text": content["missing"]}
    if "text/html" in data:
        return {"kind": "html", "text": re.sub(r"<style.*?</style>", "", data["text/html"], flags=re.DOTALL)}
    if "image/png" in data:
        return {"kind": "picture", "text": "".join(data["image/png"].split()), **_about(output)}
    text = data.get("text/plain", "")
    return None if not text or re.match(r"<(Axes|Figure)|\[?<matplotlib", text) else {"kind": "text", "text": text}


def _about(output):
    about = output.metadata.get("image/png", {})
    size = {"width": about.get("width"), "height": about.get("height")}
    return {**size, "alt": about.get("alt") or _("Chart without a description")}
