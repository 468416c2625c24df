"""The stages of the customer lifecycle: what each is called and the question it answers, once for all pages."""

from dataclasses import dataclass

from portfoy.locale import _

STAGES = ("portfolio", "selection", "acquisition", "retention", "deepening", "monitoring")


@dataclass(frozen=True)
class Stage:
    """``name`` in one word; ``question``; ``title`` of its page, both together."""

    name: str
    question: str
    title: str


def stages():
    """Code of a stage -> `Stage`, in the order of the lifecycle."""
    told = [
        (_("Portfolio"), _("What do we have?"), _("Portfolio: what do we have?")),
        (
            _("Selection"),
            _("Who is the most profitable customer?"),
            _("Selection: who is the most profitable customer?"),
        ),
        (
            _("Acquisition"),
            _("How do we sell to this customer most effectively?"),
            _("Acquisition: how do we sell to this customer most effectively?"),
        ),
        (
            _("Retention"),
            _("How long can we keep this customer?"),
            _("Retention: how long can we keep this customer?"),
        ),
        (
            _("Deepening"),
            _("How do loyalty, profit and our share of spending grow?"),
            _("Deepening: how do loyalty, profit and our share of spending grow?"),
        ),
        (
            _("Monitoring"),
            _("What has changed, and what asks for action?"),
            _("Monitoring: what has changed, and what asks for action?"),
        ),
    ]
    return {code: Stage(*words) for code, words in zip(STAGES, told, strict=True)}


def title(stage):
    """The title of a stage's page; a report that is no stage goes by its own name."""
    known = stages()
    return known[stage].title if stage in known else stage


def name(stage):
    """A stage in one word."""
    known = stages()
    return known[stage].name if stage in known else stage
