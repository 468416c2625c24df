"""The page of the capstone as its reader sees it, and the truth, opened once a decision is given."""

from dataclasses import dataclass

import pandas as pd

from portfoy.course import envelope, judging
from portfoy.course.capstone import brief
from portfoy.course.checks import Feedback
from portfoy.course.sittings import one_page as forms
from portfoy.course.sittings.figures import lost
from portfoy.locale import _
from portfoy.words import style


@dataclass(frozen=True)
class Page:
    """The page for the manager, as Markdown."""

    text: str

    def _repr_markdown_(self):
        return self.text


def one_page(firm, *, carries=..., figures=..., plan=..., claim=..., missing=...):
    """The page for the manager, from its five parts; a part that is not written yet says so.

    Parameters
    ----------
    firm : Firm of a capstone
    carries, missing : text
    figures : dict, name -> [figure, low, high]
    plan : dict with ``choice``, ``cost``, ``profit`` and ``because``
    claim : dict with ``verdict``, ``share``, ``low``, ``high`` and ``so``

    Returns
    -------
    Page
    """
    parts = {
        _("What the data carry"): (forms.carries, carries, str),
        _("Three figures"): (forms.figures, figures, lambda given: _lines(given, firm)),
        _("The decision"): (forms.plan, plan, lambda given: _decided(given, firm)),
        _("Your belief"): (forms.claim, claim, lambda given: _tested(given, firm)),
        _("What is missing"): (forms.missing, missing, str),
    }
    lines = []
    for title, (form, given, words) in parts.items():
        right = judging.begun(given) and form(firm, given)[0]
        lines += [f"### {title}", words(given) if right else _("*Not written yet, or not in its form.*")]
    return Page("\n\n".join(lines))


def _written(name, value, firm):
    """A figure of the page in words."""
    return style.share(value) if name in ("churn", "effect") else style.money(value, firm.currency)


def _lines(given, firm):
    rows = {name: [_written(name, one, firm) for one in ends] for name, ends in dict(given).items()}
    text = _("- {name}: {value} ({low} to {high})")
    return "\n".join(text.format(name=name, value=one, low=low, high=high) for name, (one, low, high) in rows.items())


def _decided(given, firm):
    text = _("**{choice}**: it costs {cost}, and we expect a profit of {profit} within twelve months.")
    money = {name: style.money(float(given[name]), firm.currency) for name in ("cost", "profit")}
    return f"{text.format(choice=given['choice'], **money)} {given['because']}"


def _tested(given, firm):
    text = _(
        "A fifth of the customers brings {said:.0%}: this **{verdict}**. It is {share:.1%} ({low:.1%} to {high:.1%})."
    )
    return f"{text.format(said=brief(firm).claim, **dict(given))} {given['so']}"


@dataclass(frozen=True)
class Opened:
    """What the truth says of a page.

    ``text``; ``options`` by option: ``cost``, ``brought``, ``profit``, all as the truth has them; ``figures`` by name:
    ``figure``, ``low``, ``high`` of the page, ``true``, and whether the interval ``holds`` it.
    """

    text: str
    options: pd.DataFrame
    figures: pd.DataFrame

    def _repr_html_(self):
        options = self.options.map(lambda value: f"{value:,.0f}")
        figures = self.figures.assign(
            **{
                name: [f"{one:,.0f}" if abs(one) >= 10 else f"{one:.3f}" for one in self.figures[name]]
                for name in ("figure", "low", "high", "true")
            }
        )
        return f"<p>{self.text}</p>{options.to_html()}{figures.to_html()}"


def open_truth(firm, plan=..., figures=..., final=...):
    """What the options of the brief truly cost and bring, and how near three figures are; once the decision is final.

    Parameters
    ----------
    firm : Firm of a capstone
    plan, figures : parts of its page, as in `one_page`
    final : the choice of the plan once more, as in exercise 6c-8

    Returns
    -------
    Opened, or a Feedback that says what is to be written first
    """
    for part, given in ((forms.plan, plan), (forms.figures, figures)):
        right, said = part(firm, given) if judging.begun(given) else (False, "")
        if not right:
            return Feedback(
                " ".join([_("The truth stays closed until the decision and the figures are written."), said])
            )
    asked, plan = brief(firm), dict(plan)
    if final != plan["choice"]:
        return Feedback(_("The truth stays closed until exercise 6c-8 is answered, with the choice of your page."))
    table = envelope.options(firm, asked)
    own, best = table.loc[plan["choice"]], table["profit"].idxmax()
    money = {name: style.money(own[name], firm.currency) for name in ("cost", "brought", "profit")}
    said = _(
        "You chose {choice}. It truly costs {cost} and brings {brought}, a profit of {profit}; you expected {expected}."
    )
    said = [said.format(choice=plan["choice"], expected=style.money(float(plan["profit"]), firm.currency), **money)]
    if best == plan["choice"]:
        said.append(_("No other option has a higher profit."))
    else:
        more = style.money(table.loc[best, "profit"] - own["profit"], firm.currency)
        said.append(
            _("The best was {best}: its profit is {more} higher. So much did the decision cost.").format(
                best=best, more=more
            )
        )
    return Opened(" ".join(said), table, _compared(firm, dict(figures), asked))


def _compared(firm, figures, asked):
    """The figures of a page beside the truth."""
    rows = []
    for name, ends in figures.items():
        true = envelope.true_figure(firm, name, asked, base=lost(firm, give="ids"))
        value, low, high = map(float, ends)
        rows.append(
            {"name": name, "figure": value, "low": low, "high": high, "true": true, "holds": low <= true <= high}
        )
    return pd.DataFrame(rows).set_index("name")
