"""Models on one thread: what a second one costs here in waiting is more than it brings.

The engine has the other cores, as many as PORTFOY_THREADS says; a fit never takes more than one of them.
"""

from functools import wraps
from importlib import import_module

from threadpoolctl import threadpool_limits


def one_thread(*libraries):
    """Decorator: a function whose linear algebra and loops run on one thread, wherever it is called.

    `libraries` are the modules that the function imports only when it runs: they are imported first, since a pool of
    threads can be limited only once it is there.
    """

    def decorate(function):
        @wraps(function)
        def alone(*args, **named):
            for name in libraries:
                import_module(name)
            with threadpool_limits(1):
                return function(*args, **named)

        return alone

    return decorate
