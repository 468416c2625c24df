"""Where data can be: a file or a folder found by its path, a server reached by its address."""

import re
from pathlib import Path

from portfoy.contract import DataError
from portfoy.locale import _


def locate(where):
    """`where` as a path: from the working directory, else from the project's own folder.

    Raises
    ------
    DataError : nothing is there, or it is neither a file nor a folder.
    """
    here = Path(__file__).resolve().parent
    for root in (Path(), here.parents[1], here / "_project"):  # the last one is in an installed package
        try:
            path = (root / Path(where).expanduser()).resolve()
            if path.is_file() or path.is_dir():
                return path
            exists = path.exists()
        except (OSError, RuntimeError, ValueError):  # no such home, a loop of links, a name that no file can have
            continue
        if exists:
            raise DataError(
                _("{where}: is neither a file nor a folder; portfoy reads both. Save it as a file.").format(where=where)
            )
    raise DataError(
        _("{where}: there is no such file or folder. Give a folder, a file, a portfoy.toml or an address.").format(
            where=str(where)[:300]
        )
    )


def hidden(where):
    """An address without its password; anything else as it is."""
    if "://" not in where:
        return where
    return re.sub(r"(?i)((password|passwd|pwd|token|secret)=)[^&;]*", r"\1***", re.sub("//.*@", "//***@", where))


def connect(address):
    """The Ibis connection to a server, or to the SQLite file, at an address.

    Raises
    ------
    DataError : nothing answers there, or the driver is not installed; the message does not hold the password.
    """
    import ibis

    file = re.fullmatch("sqlite://(.+)", address)
    if file and not Path(file[1]).is_file():  # the driver would make it
        raise DataError(_("{where}: there is no such file. Correct the address.").format(where=address))
    try:
        return ibis.connect(address)
    except Exception as error:  # each driver has errors of its own; all mean that the address does not answer
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].replace(address, hidden(address))
        for secret in _secrets(address):
            reason = reason.replace(secret, "***")
        raise DataError(
            _("{where}: does not answer: {reason}. Check the address and that its driver is installed.").format(
                where=hidden(address), reason=reason[:300].rstrip(".:")
            )
        ) from None


def _secrets(address):
    """What stands in an address where its password is hidden."""
    found = re.findall(r"(?i)//[^@]*?:(.*)@|(?:password|passwd|pwd|token|secret)=([^&;]*)", address)
    return [secret for pair in found for secret in pair if secret]
