"""Small things that many test files need."""

import pytest

from portfoy.contract import DataError


def plain(sentence):
    """A sentence with ordinary blanks and without the marks that keep intervals together."""
    return str(sentence).replace("\u2060", "").replace("\u00a0", " ")


def message_of(function, *arguments, error=DataError, **named):
    """What a call that must fail says."""
    with pytest.raises(error) as caught:
        function(*arguments, **named)
    return str(caught.value)


def labels(axis):
    """The texts at the ticks of an axis."""
    return [label.get_text() for label in axis.get_ticklabels()]
