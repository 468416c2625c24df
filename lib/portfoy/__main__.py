"""The command `portfoy`, `python -m portfoy` too; an interrupt is one line from its first moment to its last."""

import os
import signal


def main():
    """Run the command; until it has begun there is nothing to clear up, and once it is over neither."""
    stops = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    heard = [number for number in stops if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, lambda *_signal: (os.write(2, b"portfoy: interrupted.\n"), os._exit(130)))
    from portfoy.cli import main

    try:
        main(prog_name="portfoy")
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
