"""Where data can be: a file or a folder found by its path, a server reached by its address."""

import itertools
import os
import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, unquote_plus

from portfoy.errors import DataError
from portfoy.locale import _

ADDRESS = "PORTFOY_ADDRESS"  # environment: the address whose password is hidden wherever it is shown or stored
_NAMES = (
    r"(?:(?:passw|passphrase|pwd|token|secret|credential|signature|(?:api|access|account|private|shared)[_-]?key)"
    r"[\w.%-]*|\b(?:pass|sig|auth|key))="
)
_NAMED = re.compile(rf"(?is)({_NAMES})((?:(?![&;][\w.%-]+=).)*)")  # a secret may hold & and ; itself
_LOGIN = re.compile(r"(?is)//((?:(?!:|%3a).)*)(?::|%3a)(.*)@")  # up to the last @, for a secret may hold one itself
_WRITTEN = re.compile(r"(?<![\w+.-])[A-Za-z][\w+.-]*://[^\s\"'<>]+?(?=:?(?:[\s\"'<>]|$))")


def locate(where):
    """`where` as a path: from the working directory, else from the project's own folder; a DataError if none is."""
    try:
        str(where).encode()
    except UnicodeEncodeError:  # the engine could not open it
        raise DataError(_("{where}: its name is not UTF-8. Rename it.").format(where=where)) from None
    here = Path(__file__).resolve().parents[1]  # the package
    roots = (Path(), here.parents[1], here / "_project")  # the last one is in an installed package
    for root, named in itertools.product(roots, (Path.expanduser, Path)):  # a file may be called "~sales.csv"
        try:
            path = (root / named(Path(where))).resolve()
            if path.is_file() or path.is_dir():
                return path
            exists = path.exists()
        except (OSError, RuntimeError, ValueError):  # no such home, a loop of links, a name that no file can have
            continue
        if exists:
            raise DataError(_("{where}: is no file or folder. Save it as a file.").format(where=where))
    text = _("{where}: there is no such file or folder. Give a folder, file, portfoy.toml or address.")
    raise DataError(text.format(where=_mistyped(str(where))[:300]))


def hidden(where):
    """An address without user name and password, and without what it names a password, token or key; else as it is.

    A user name without a password stays.
    """
    if "://" not in where:
        return where
    return _LOGIN.sub("//***@", _NAMED.sub(r"\1***", where))


def _mistyped(where):
    """A path that is not there without the password that it holds where it was meant to be an address."""
    return _NAMED.sub(r"\1***", re.sub(r"(?s)(?<=\w\w):.*@", ":***@", hidden(where)))


def masked(text):
    """A text with every address in it as `hidden` gives it."""
    return _WRITTEN.sub(lambda found: hidden(found[0]), text) if "://" in text else text


def revealed(where):
    """The address that the environment holds for one whose password is hidden; any other place as it is.

    Where a password is hidden and the environment does not say which it is, a DataError does.
    """
    known = os.environ.get(ADDRESS, "")
    if hidden(known) == where:
        return known
    if "://" in where and "***" in where:
        text = _("{where}: its password is hidden. Give the whole address, or set {name} to it.")
        raise DataError(text.format(where=where, name=ADDRESS))
    return where


def filled(text, where):
    """An address from portfoy.toml with each ${NAME} as the environment has it, a password written as addresses do.

    Where there is no such variable, a DataError says so of the file `where`.
    """

    def value(found):
        if found[1] not in os.environ:
            message = _("{where}: 'source' names the environment variable {name}, which is not set. Set it.")
            raise DataError(message.format(where=where, name=found[1]))
        said = os.environ[found[1]]
        return said if found[0] == text else quote(said, safe="")

    return re.sub(r"\$\{(\w+)\}", value, text) if "://" in text or text.startswith("${") else text


def connect(address):
    """The Ibis connection to a server, or to the SQLite file, at an address.

    DataError where nothing answers there, or the driver is not installed; the message does not hold the password.
    """
    import ibis

    file = re.fullmatch("sqlite://(.+)", address)
    if file and not Path(file[1]).is_file():  # the driver would make it
        raise DataError(_("{where}: there is no such file. Correct the address.").format(where=hidden(address)))
    _refuse_unwritten(address)
    try:
        return ibis.connect(address)
    except Exception as error:  # each driver has errors of its own; all mean that the address does not answer
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        text = _("{where}: does not answer: {reason}. Check address and driver.")
        reason = _without(address, reason)[:300].rstrip(".:")
        raise DataError(text.format(where=hidden(address), reason=reason)) from None


def _refuse_unwritten(address):
    """Raise a DataError where a password has signs that end it in an address, so that its rest would be a host."""
    rest = address.partition("://")[2]
    server = re.split("[/?#]", rest)[0]
    if ":" in server and "@" not in server and re.match("[^=]*@", rest.removeprefix(server)):
        text = _("{where}: its password has one of / ? # in it; in an address they are %2F, %3F, %23. Write them so.")
        raise DataError(text.format(where=hidden(address)))


@contextmanager
def discreet(address):
    """Take the password of an address out of a DataError that is raised within."""
    try:
        yield
    except DataError as error:
        said = _without(address, str(error))
        if said == str(error):
            raise
        raise DataError(said) from None


def _without(address, text):
    """A text without the password that stands in an address, however it is written."""
    text = masked(text.replace(address, hidden(address)))
    found = [match[2] for expression in (_NAMED, _LOGIN) for match in expression.finditer(address)]
    read = {form(secret) for secret in found for form in (str, unquote, unquote_plus)} - {""}
    for secret in sorted(read | {quote(secret, safe="") for secret in read}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
