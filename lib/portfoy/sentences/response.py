"""Sentences about the next campaign: who responds, whether that was foreseen, and what it earns."""

import pandas as pd

from portfoy.locale import _, plural
from portfoy.models.logistic import NOT_KNOWN, OTHERS
from portfoy.words import style
from portfoy.words.codes import trait_labels
from portfoy.words.labels import columns


def describe_leaks(leaks):
    """Which columns a model of the response must not see, and why."""
    if leaks.empty:
        return style.Reading(
            _(
                "A model may use only what was known before the contact. No column was found that breaks this rule, so "
                "none is kept out."
            )
        )
    text = plural(
        "A model may use only what was known before the contact. {n} column breaks this rule and is kept out: {list}.",
        "A model may use only what was known before the contact. {n} columns break this rule and are kept out: {list}.",
        len(leaks),
    )
    listed = "; ".join(f"\u201c{style.shorten(row.column)}\u201d {row.reason}" for row in leaks.itertuples())
    text = text.format(n=style.number(len(leaks)), list=listed)
    worst = leaks.iloc[0]
    if worst["auc"] >= 0.7:
        text += " " + _(
            "With \u201c{column}\u201d alone, {share} of the pairs of a responder and another customer would be put in "
            "the right order; but before a campaign, nobody knows it."
        ).format(column=style.shorten(worst["column"]), share=style.share(worst["auc"]))
    return style.Reading(text)


def describe_response(model):
    """Whether the model tells responders from others in campaigns it had not seen, and where it fails."""
    total, each = model.judgement.iloc[-1], model.judgement.iloc[:-1]
    text = plural(
        "{n} campaign was forecast from the answers to earlier ones only ({names}).",
        "{n} campaigns were forecast, each from the answers to earlier ones only ({names}).",
        len(each),
    ).format(n=style.number(len(each)), names=_names(each["campaign_id"]))
    if pd.isna(total["auc"]):
        told = _(
            "There all contacts ended alike, so that nobody can say whether the model tells responders from others."
        )
        return style.Reading(f"{text} {told} {_not_an_effect(total)}")
    text += " " + _(
        "Of a customer who responded and one who did not, the model had ranked the responder higher in {auc} of all "
        "pairs ({interval}, {confidence} interval; 50% is guessing)."
    ).format(confidence=style.level(model.confidence), auc=style.share(total["auc"]), interval=_bounds(total, "auc"))
    return style.Reading(" ".join(filter(None, [text, _verdict(total), _failures(each), _not_an_effect(total)])))


def _verdict(total):
    if total["auc_high"] < 0.5:
        return _("It ranks customers the wrong way round: do not use it to choose.")
    if total["auc_low"] <= 0.5:
        return _("That cannot be told from guessing: do not use it to choose.")
    if total["auc"] < 0.6:
        return _("It sorts, but only a little: expect small gains from choosing.")
    if total["auc"] < 0.7:
        return _("It sorts usefully.")
    return _("It sorts well.")


def _failures(each):
    """The campaigns for which guessing cannot be ruled out or was better, where there is more than one campaign."""
    if len(each) < 2:
        return ""
    wrong = each[each["auc_high"] < 0.5]
    open_ = each[(each["auc_low"] <= 0.5) & (each["auc_high"] >= 0.5)]
    texts = []
    if len(open_) == len(each):
        return _("Taken one by one, guessing cannot be ruled out for any of them.")
    if len(open_):
        texts.append(
            _("Taken alone, guessing cannot be ruled out for {names}.").format(names=_names(open_["campaign_id"]))
        )
    if len(wrong):
        text = _("In {names} it was worse than guessing; did that campaign go to other customers than those before it?")
        texts.append(text.format(names=_names(wrong["campaign_id"])))
    return " ".join(texts)


def _not_an_effect(total):
    if not total["held_out"]:
        return _(
            "A response is not an effect: as long as nobody is held out, or nobody notes what they buy, it stays open "
            "how many would have bought anyway."
        )
    return plural(
        "A response is not an effect: of the {n} customer held out, {share} bought without a contact ({interval}), "
        "against {response} of those contacted. What the contacts added is a question of its own.",
        "A response is not an effect: of the {n} customers held out, {share} bought without a contact ({interval}), "
        "against {response} of those contacted. What the contacts added is a question of its own.",
        int(total["held_out"]),
    ).format(
        n=style.number(total["held_out"]),
        share=style.share(total["held_out_response"]),
        interval=_bounds(total, "held_out_response"),
        response=style.share(total["response"]),
    )


def describe_gains(gains):
    """How many responses the best third or so of the forecasts hold, against as many chosen at random."""
    shown = gains.loc[(gains["depth"] - 0.3).abs().idxmin()]
    if shown["depth"] == 1:
        return style.Reading(_("All forecasts are alike, so that there are no best ones to contact first."))
    text = _(
        "Contacting the {depth} with the best forecasts reaches {gain} of the responses ({interval}), {lift} times as "
        "many as contacting as many at random."
    ).format(
        depth=style.share(shown["depth"], 0),
        gain=style.share(shown["gain"]),
        interval=_bounds(shown, "gain"),
        lift=style.number(shown["lift"], 2),
    )
    if shown["lift_low"] <= 1 <= shown["lift_high"]:
        text += " " + _("Chance alone could have done that.")
    return style.Reading(text)


def describe_calibration(calibration, model):
    """Whether the probabilities are true on average, and better than one number for everybody."""
    total = model.judgement.iloc[-1]
    inside = calibration["predicted_response"].between(calibration["response_low"], calibration["response_high"])
    text = plural(
        "The model expected {predicted} to respond, and {actual} did ({interval}); the forecast lies within the "
        "{confidence} interval in {hit} of {n} group.",
        "The model expected {predicted} to respond, and {actual} did ({interval}); the forecast lies within the "
        "{confidence} interval in {hit} of {n} groups.",
        len(calibration),
    ).format(
        predicted=style.share(total["predicted_response"]),
        actual=style.share(total["response"]),
        interval=_bounds(total, "response"),
        confidence=style.level(model.confidence),
        hit=style.number(inside.sum()),
        n=style.number(len(calibration)),
    )
    compared = {
        "share": style.share(abs(total["skill"])),
        "interval": style.between(total["skill_low"], total["skill_high"], style.share),
    }
    if total["skill_low"] > 0:
        last = _(
            "Its squared error is {share} smaller ({interval}) than that of giving everybody the response of the "
            "earlier campaigns: the probabilities are worth having."
        )
    elif total["skill_high"] < 0:
        last = _(
            "Its squared error is {share} larger than that of giving everybody the response of the earlier campaigns "
            "(change {interval}): use the order of the customers, not the probabilities."
        )
    else:
        last = _("Giving everybody the response of the earlier campaigns would have come about as close.")
    return style.Reading(f"{text} {last.format(**compared)}")


def odds_table(model):
    """What raises and lowers the odds of a response, in words, the clearest first.

    The odds are the chance to respond over the chance not to: 0.25 where one in five does.

    Returns
    -------
    DataFrame, one row per coefficient of the model
        ``feature`` and ``comparison`` in words; ``odds_ratio`` what the odds are multiplied by, all else equal, with
        ``odds_ratio_low``, ``odds_ratio_high``.
    """
    table = model.coefficients
    spread = table["odds_ratio_high"] / table["odds_ratio_low"]
    clear = table["odds_ratio"].where(table["odds_ratio"] > 1, 1 / table["odds_ratio"]) ** 2 / spread
    table = table.loc[clear.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)
    words = {"feature": table["feature"].map(_feature), "comparison": [_comparison(row) for row in table.itertuples()]}
    return pd.concat([pd.DataFrame(words), table.filter(like="odds_ratio")], axis=1)


def _feature(name):
    known = columns()
    words = {
        "bought_before": _("Bought before"),
        "idle": known["idle"][0],
        "purchases": known["purchases"][0],
        "revenue": known["revenue"][0],
        "ticket": known["ticket"][0],
        "age": _("Days since first purchase"),
        "years": _("Age"),
    }
    return words.get(name, trait_labels().get(name, style.shorten(name)))


def _comparison(row):
    if not row.level:
        step = style.number(row.step, 1)
        if row.feature == "years":
            return _("{step} years older").format(step=step)
        if row.feature in {"idle", "purchases", "revenue", "ticket", "age"}:
            return _("{step} times as high").format(step=step)
        return _("higher by {step}").format(step=style.number(row.step, 2))
    if row.level == NOT_KNOWN and not row.reference:
        return _("not known rather than average")
    words = {NOT_KNOWN: _("not known"), OTHERS: _("all others"), "True": _("yes"), "False": _("no")}
    level, reference = (words.get(one, style.shorten(one)) for one in (row.level, row.reference))
    return _("{level} rather than {reference}").format(level=level, reference=reference)


def describe_odds(model):
    """Which features clearly go with a response, and how many would seem to by chance."""
    table = odds_table(model)
    clear = table[(table["odds_ratio_low"] > 1) | (table["odds_ratio_high"] < 1)]
    explained = _(
        "Odds are the chance to respond over the chance not to; a ratio of 1 means that a feature changes nothing."
    )
    if clear.empty:
        return style.Reading(explained + " " + _("No feature clearly goes with the response."))
    listed = "; ".join(
        f"{row.feature}, {row.comparison}: {style.number(row.odds_ratio, 2)}" for row in clear.head(5).itertuples()
    )
    text = plural(
        "{n} of {all} comparisons is clear, its interval leaving out 1 ({list}).",
        "{n} of {all} comparisons are clear, their intervals leaving out 1 ({list}).",
        len(clear),
    ).format(n=style.number(len(clear)), all=style.number(len(table)), list=listed)
    chance = _("Of as many that change nothing, about {n} would seem clear by chance.").format(
        n=style.number((1 - model.confidence) * len(table), 1)
    )
    return style.Reading(f"{explained} {text} {chance}")


def _bounds(row, name):
    return style.between(row[f"{name}_low"], row[f"{name}_high"], style.share)


def _names(names):
    """Names of campaigns, at most eight."""
    listed = ", ".join(style.shorten(name) for name in list(names)[:8])
    more = len(names) - 8
    return listed + (plural(" and {n} more", " and {n} more", more).format(n=more) if more > 0 else "")
