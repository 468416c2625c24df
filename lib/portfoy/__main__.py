"""The command `portfoy`, `python -m portfoy` too; an interrupt is one line from its first moment to its last."""

import atexit
import os
import signal
import sys
from contextlib import suppress


def main():
    """Run the command; until it has begun there is nothing to clear up, and once it is over neither."""
    ended = []
    atexit.register(_end, ended)  # the first one in is the last one out
    stops = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    heard = [number for number in stops if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, lambda *_signal: (os.write(2, b"portfoy: interrupted.\n"), os._exit(130)))
    from portfoy.cli import main

    try:
        main(prog_name="portfoy")
    except SystemExit as end:
        ended.append(end.code)
        raise
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_IGN)


def _end(ended):
    """End with 130: where a text was executed when the interrupt came, Python would end by a signal instead."""
    if ended == [130]:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(130)


if __name__ == "__main__":
    main()
