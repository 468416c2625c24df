"""Models on one thread: what a second one costs here in waiting is more than it brings.

The engine has the other cores, as many as PORTFOY_THREADS says; a fit never takes more than one of them.
"""

import sys
from functools import lru_cache, wraps
from importlib import import_module

from threadpoolctl import ThreadpoolController


def one_thread(*libraries):
    """Decorator: a function whose linear algebra and loops run on one thread, wherever it is called.

    Parameters
    ----------
    libraries : names of modules that the function imports only when it runs; they are imported first, since a pool of
        threads can be limited only once it is there
    """

    def decorate(function):
        @wraps(function)
        def alone(*args, **named):
            for name in libraries:
                import_module(name)
            with _pools(len(sys.modules)).limit(limits=1):
                return function(*args, **named)

        return alone

    return decorate


@lru_cache(maxsize=1)
def _pools(_imported):
    """The pools of what is imported; to look for them takes milliseconds, so it is done anew only after an import."""
    return ThreadpoolController()
