"""The stages of the customer lifecycle: what each is called and the question it answers, once for all pages."""

from dataclasses import dataclass

from portfoy.locale import _

STAGES = ("portfolio", "selection", "acquisition", "retention", "deepening", "monitoring")
CARD = "customer"  # looks at one customer across all stages
REPORTS = (*STAGES, CARD)  # of a whole run, in this order


@dataclass(frozen=True)
class Stage:
    """``name`` in one word; ``question``."""

    name: str
    question: str

    @property
    def title(self):
        """Of its page: both together."""
        return _("{name}: {question}").format(**vars(self))


def stages():
    """Code of a stage -> `Stage`, in the order of the lifecycle."""
    names = _("Portfolio"), _("Selection"), _("Acquisition"), _("Retention"), _("Deepening"), _("Monitoring")
    questions = [
        _("What do we have?"),
        _("Who is the most profitable customer?"),
        _("How do we sell to this customer most effectively?"),
        _("How long can we keep this customer?"),
        _("How do loyalty, profit and our share of spending grow?"),
        _("What has changed, and what asks for action?"),
    ]
    return dict(zip(STAGES, map(Stage, names, questions), strict=True))


def _about(report):
    """The `Stage` of a report; that of a customer's card, which is none, has the same words; None for any other."""
    return {**stages(), CARD: Stage(_("Customer"), _("What do we know, and what next?"))}.get(report)


def title(report):
    """The title of a report's page; one that is not known goes by its own name."""
    about = _about(report)
    return about.title if about else report


def name(report):
    """A report in one word."""
    about = _about(report)
    return about.name if about else report
