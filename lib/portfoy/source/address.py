"""Where data can be: a file or a folder found by its path, a server reached by its address.

Of an address `hidden` gives what may be seen. What else stood in one is known to this process from then on, and
`masked` takes it out of any text, however it is written there.
"""

import html
import itertools
import json
import os
import re
from base64 import b64encode, urlsafe_b64encode
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote, unquote_plus

from portfoy.errors import DataError
from portfoy.locale import _

ADDRESS = "PORTFOY_ADDRESS"  # environment: the address whose password is hidden wherever it is shown or stored
_VARIABLE = r"\$\{\w+\}"
_HOST = rf"(?:[\w.-]|{_VARIABLE})*(?::(?:\d{{1,5}}|{_VARIABLE}))?|\[[\da-f:.]+\](?::\d{{1,5}})?|\*\*\*"
_SCHEME = r"(?:jdbc:)?[a-z][a-z\d+.-]*"
_PARTS = re.compile(
    rf"(?is)({_SCHEME}://)(?P<login>[^/?#;=&]*@)?({_HOST})(?P<base>/[^?#;@&=:\r\n]*)?(?P<rest>[?#;][^@]*)?"
)
_FROM_OUTSIDE = re.compile(rf"(?:[\w.-]*:)?{_VARIABLE}@")  # a login whose secret part is in the environment
_NAMES = (
    r"(?:passw|passphrase|pwd|token|secret|credential|signature|(?:api|access|account|private|shared)[_-]?key)[\w.%-]*="
)
_NAMED = re.compile(rf"(?is)(?:{_NAMES}|\b(?:pass|sig|auth|key)=)((?:(?![&;][\w.%-]+=).)*)")  # it may hold & and ;
_SAID = re.compile(rf"(?i)({_NAMES})(?:'[^']*'|\"[^\"]*\"|[^\s\"'<>&;,)]+)")
_WRITTEN = re.compile(rf"(?i)(?<![\w+.-]){_SCHEME}://[^\s\"'<>]+?(?=:?(?:[\s\"'<>]|$))")
_REST = re.compile(r"[^\"'<>]*@[^\s\"'<>]*")  # of an address that cannot be taken apart: there may be a blank in it
_FORMS = (
    *(
        str,
        quote,
        partial(quote, safe=""),
        html.escape,
        lambda text: repr(text)[1:-1],
        lambda text: json.dumps(text)[1:-1],
    ),
    *(lambda text, code=code: code(text.encode()).decode().rstrip("=") for code in (b64encode, urlsafe_b64encode)),
)
_secrets, _filled = {}, {}  # what addresses held, and what variables of the environment did -> what is said instead


def locate(where, said=None, folder=""):
    """`where` as a path: from the working directory, else from the project's own folder; a DataError if none is.

    `said` is what a message calls it, less the `folder` before it where it may be an address.
    """
    said = str(where) if said is None else said
    inside = said.removeprefix(folder)
    said = (said if seen(inside) == inside else seen(inside))[:300]
    try:
        str(where).encode()
    except UnicodeEncodeError:  # the engine could not open it
        raise DataError(_("{where}: its name is not UTF-8. Rename it.").format(where=said)) from None
    here = Path(__file__).resolve().parents[1]  # the package
    roots = (Path(), here.parents[1], here / "_project")  # the last one is in an installed package
    for root, named in itertools.product(roots, (Path.expanduser, Path)):  # a file may be called "~sales.csv"
        try:
            path = (root / named(Path(where))).resolve()
            if path.is_file() or path.is_dir():
                return path
            exists = path.exists()
        except PermissionError:
            text = _("{where}: may not be read. Let its owner allow it, or give another place.")
            raise DataError(text.format(where=said)) from None
        except (OSError, RuntimeError, ValueError):  # no such home, a loop of links, a name that no file can have
            continue
        if exists:
            raise DataError(_("{where}: is no file or folder. Save it as a file.").format(where=said))
    text = _("{where}: there is no such file or folder. Give a folder, file, portfoy.toml or address.")
    raise DataError(text.format(where=said))


def hidden(where):
    """An address as it may be seen: scheme, host and database, *** for all else; any other place as it is.

    Of one that cannot be taken apart only the scheme is seen. A login stays whose password is a ${NAME}.
    """
    if "://" not in where:
        return where
    found = _PARTS.fullmatch(where)
    base = (found and found["base"]) or ""
    if not found or re.search(r"[?#;@&=:\s]", unquote(base).replace(" ", "")):
        scheme = re.match(rf"(?i){_SCHEME}://", where)
        return f"{scheme[0] if scheme else ''}***"
    login = found["login"] or ""
    if found["rest"] or (login and not _FROM_OUTSIDE.fullmatch(login)):
        login = "***@"
    return f"{found[1]}{login}{found[3]}{base}"


def seen(where):
    """A path that is not there; where it may be an address that was written wrong, nothing but its first word."""
    odd = re.search("[:@=?;]|^[^/]+//", re.sub(r"^[A-Za-z]:(?=[\\/])", "", where))
    if "://" in where or not odd or _begins_here(where):
        return hidden(where)
    scheme = re.match(r"(?i)[a-z]+(?=:/|//)|md(?=:)", where)
    return f"{scheme[0]}:***" if scheme else "***"


def _begins_here(where):
    """Whether a path begins with a folder there is."""
    try:
        return any(path.is_dir() for path in Path(where).parents if path.name)
    except (OSError, ValueError):
        return False


def masked(text):
    """A text without the secrets of the addresses that were used, and with every address in it as `hidden` gives it."""
    for secret in sorted(_secrets, key=len, reverse=True):
        if _tells(secret):  # else it may be a word, or a number, that has nothing to do with it
            text = text.replace(secret, _secrets[secret])
    said, end = "", 0
    while "://" in text and (found := _WRITTEN.search(text, end)):
        shown, until = hidden(found[0]), found.end()
        if re.match("(?i)https?://", found[0]):  # a page: what it is asked for is no secret
            shown = re.sub("(?is)//.*(?::|%3a).*@", "//***@", found[0])
        elif shown.endswith("://***") and (rest := _REST.match(text, until)):
            until = rest.end()
        said, end = f"{said}{text[end : found.start()]}{shown}", until
    return _SAID.sub(r"\1***", said + text[end:])


def discreetly(text):
    """A text as `masked` gives it, and each value that was taken from the environment as the ${NAME} it came by."""
    for value, name in _filled.items():
        text = text.replace(f"'{value}'", f"'{name}'")
        text = text.replace(value, name) if len(value) > 5 else text
    return masked(text)


def _tells(secret):
    """Whether a text is so long, or so mixed, that it does not stand in a report by chance."""
    return len(secret) > 11 or (len(secret) > 5 and not secret.isalpha() and not secret.isdigit())


def _secrets_of(address):
    """Every secret in an address, in all the ways in which it may be written."""
    login, _at, _server = re.split(":?//?", address, maxsplit=1)[-1].rpartition("@")
    user, colon, password = re.sub("(?i)%3a", ":", login, count=1).partition(":")
    found = {password, f"{user}:{password}" if colon else "", *(match[1] for match in _NAMED.finditer(address))}
    if (shown := hidden(address)) != address:
        words = re.split(r"[/?#;&=@:\s]+", address)
        found |= {word for word in words if _tells(word) and word not in shown}
    read = {form(secret) for secret in found - {""} for form in (str, unquote, unquote_plus)}
    return {form(secret) for secret in read for form in _FORMS}


def remember(address):
    """Know the secrets of an address from now on, and have them hidden in all that this process says."""
    _secrets.update(dict.fromkeys(_secrets_of(address), "***"))
    if hidden(address) != address:
        _secrets[address] = hidden(address)


def remembered():
    """Whether an address with a secret was used."""
    return bool(_secrets)


def is_secret(where):
    """Whether a place is an address with a password or a token in it, or may have been meant as one."""
    return bool(_secrets_of(where)) if "://" in where else seen(where) != where


def harmless(environment):
    """An environment without the variables that hold what is secret in an address that was used."""
    telling = [secret for secret in _secrets if _tells(secret)]
    return {
        name: value
        for name, value in environment.items()
        if name != ADDRESS and value not in _secrets and not any(secret in value for secret in telling)
    }


def revealed(where):
    """The address that the environment holds for one whose password is hidden; any other place as it is.

    Where a password is hidden and the environment does not say which it is, a DataError does.
    """
    known = os.environ.get(ADDRESS, "")
    if "://" in where and hidden(known) == where:
        return known
    if "://" in where and "***" in where:
        text = _("{where}: its password is hidden. Give the whole address, or set {name} to it.")
        raise DataError(text.format(where=hidden(where), name=ADDRESS))
    return where


def filled(text, where, key=""):
    """A text with each ${NAME} as the environment has it, within an address written as addresses do; $${ is a plain ${.

    Where there is no such variable, a DataError says so of the setting `key` in the file `where`, or of the address.
    """

    def value(found):
        if found[1] is None:
            return "${"
        if found[1] not in os.environ:
            message = _("{where}: names the environment variable {name}, which is not set. Set it; $$ stands for $.")
            if key:
                message = _(
                    "{where}: '{key}' names the environment variable {name}, which is not set. Set it; $$ stands for $."
                )
            raise DataError(message.format(where=where, key=key, name=found[1]))
        said = os.environ[found[1]]
        if said:
            _filled[said] = found[0]
        return said if found[0] == text or "://" not in text else quote(said, safe="")

    return re.sub(r"\$\$\{|\$\{(\w+)\}", value, text)


def connect(address):
    """The Ibis connection to a server, or to the SQLite file, at an address.

    DataError where nothing answers there, or the driver is not installed.
    """
    import ibis

    said = hidden(address)
    file = re.fullmatch("(?i)sqlite://(.+)", address)
    if file and not Path(file[1]).is_file():  # the driver would make it
        raise DataError(_("{where}: there is no such file. Correct the address.").format(where=said))
    rest = address.partition("://")[2]
    server = re.split("[/?#]", rest)[0]
    if ":" in server and "@" not in server and re.match("[^=]*@", rest.removeprefix(server)):  # a rest would be a host
        text = _("{where}: its password has one of / ? # in it; in an address they are %2F, %3F, %23. Write them so.")
        raise DataError(text.format(where=said))
    try:
        from portfoy.source.servers import taught

        return taught(_spark(address) if address.startswith("sc://") else ibis.connect(address))
    except Exception as error:  # each driver has errors of its own; all mean that the address does not answer
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        text = _("{where}: does not answer: {reason}. Check address and driver.")
        reason = without(address, reason, said)[:300].rstrip(".:")
        raise DataError(text.format(where=said, reason=reason)) from None


def _spark(address):
    """A session of its own on a Spark Connect server."""
    import ibis
    from pyspark.sql import SparkSession

    return ibis.pyspark.connect(SparkSession.builder.remote(address).create())


@contextmanager
def discreet(address, said):
    """Take the secrets of an address, which messages call `said`, out of a DataError that is raised within."""
    try:
        yield
    except DataError as error:
        text = without(address, str(error), said)
        if text == str(error):
            raise
        raise DataError(text) from None


def without(address, text, said):
    """A text without what is secret in an address, which it calls `said`, be it as short as it may."""
    if "://" not in address:
        return discreetly(text)
    parts = text.replace(address, said).replace(hidden(address), said).split(said)
    for secret in sorted(_secrets_of(address), key=len, reverse=True):
        parts = [part.replace(secret, "***") for part in parts]
    return said.join(map(discreetly, parts))
