"""Pages as PDF, printed by a browser of the Chromium family that is installed already.

One process a page: one browser that prints all pages over the DevTools protocol takes half the time (six reports in 6 s
instead of 12, on two cores), but needs a WebSocket client, and a page that hangs would take the others with it.
"""

import os
import re
import shutil
import tempfile
import uuid
from pathlib import Path

from portfoy.locale import _
from portfoy.report.hooks import run_alone
from portfoy.source import aside

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge")
MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
WINDOWS = (
    "Google/Chrome/Application/chrome.exe",
    "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # a page needs nothing but itself: no address is ever looked up
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
NOISE = re.compile(r"dbus|unexpected operator|^\s*$", re.IGNORECASE)  # said by browsers on servers when all is well
STAMP = re.compile(r"^\[[\d:/.]+:[A-Z]+:[^\]]*\] *")  # [123:456:1123/061720.25:ERROR:dbus/bus.cc:405]


def find_browser():
    """The browser that prints: the one named in ``PORTFOY_BROWSER``, else the first one found; a Path, or None."""
    named = os.environ.get("PORTFOY_BROWSER")
    for name in [named] if named else NAMES:
        if found := shutil.which(name):
            return Path(found).absolute()  # not resolved: packages of browsers go by the name they are called with
    return None if named else next((place for place in _places() if place.is_file()), None)


def _places():
    """Where installers put browsers that are not on the path: macOS, then Windows."""
    for folder in ("/Applications", os.path.expanduser("~/Applications")):
        yield from (Path(folder, f"{name}.app", "Contents", "MacOS", name) for name in MAC)
    for variable in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData"):
        if folder := os.environ.get(variable):
            yield from (Path(folder, place) for place in WINDOWS)


def print_pages(pages, *, browser, seconds=120):
    """Print each page as a PDF beside it; an older PDF is replaced only by a whole one.

    A browser that takes longer than so many `seconds` for a page is stopped. Gives page -> one line that says what went
    wrong, or "".
    """
    return {page: _print(Path(page).absolute(), browser, seconds) for page in pages}


def missing():
    """Why `find_browser` found none, in one line."""
    if named := os.environ.get("PORTFOY_BROWSER"):
        text = _("PORTFOY_BROWSER: {name!r} cannot be started. Name a Chromium, Chrome or Edge, or unset it.")
        return text.format(name=named)
    return _("pdf: no browser was found. Install Chromium, Chrome or Edge, or name one in PORTFOY_BROWSER.")


def _print(page, browser, seconds):
    """Print one page under a temporary name, look whether it is whole, then give it its name; the error or ""."""
    if not page.is_file():
        return _("{page}: is not there. Make the report first.").format(page=page.name)
    half = page.with_name(f".{page.stem}-{uuid.uuid4().hex[:8]}.pdf")
    try:
        with tempfile.TemporaryDirectory(dir=aside.folder(), ignore_cleanup_errors=True) as profile:
            said = Path(profile, "said.txt")
            with said.open("wb") as log:
                code = run_alone(
                    _command(browser, page, half, Path(profile, "user")), seconds=seconds, stdout=log, stderr=log
                )
            words = _last_words(said.read_text(encoding="utf-8", errors="replace"))
        if code == 0 and _whole(half):
            os.replace(half, page.with_suffix(".pdf"))
            return ""
        late = _("not done after {seconds} s; its last words: {words}")
        reason = late if code is None else _("exit code {code} and no whole PDF; its last words: {words}")
        reason = reason.format(seconds=seconds, code=code, words=words)
    except OSError as error:
        reason = error.strerror or error
    finally:
        half.unlink(missing_ok=True)
    text = _("{page}: {browser} cannot print it: {reason}. Set PORTFOY_BROWSER to another browser.")
    return text.format(page=page.name, browser=browser, reason=reason)


def _command(browser, page, target, profile):
    """What to start; as root there is no sandbox to be had, and the browser refuses without being told so."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    sandbox = ["--no-sandbox"] if root else []
    return [str(browser), *FLAGS, *sandbox, f"--user-data-dir={profile}", f"--print-to-pdf={target}", page.as_uri()]


def _whole(path):
    """Whether a file begins and ends as a PDF does; a browser may say that all went well and leave half of one."""
    if not path.is_file():
        return False
    content = path.read_bytes()
    return content.startswith(b"%PDF") and content.rstrip().endswith(b"%%EOF")


def _last_words(said):
    """The last line a browser said that means something, without its stamp."""
    lines = [line for line in said.splitlines() if not NOISE.search(line)]
    return STAMP.sub("", lines[-1]).strip().rstrip(".")[:300] if lines else _("none")
