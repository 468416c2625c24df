"""What a run writes is its owner's alone."""

import os
from contextlib import contextmanager


@contextmanager
def private(share=False):
    """What is written meanwhile, by the processes started too, is its owner's alone, but with `share`."""
    if share:
        yield
        return
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
