"""Answers of several years side by side, NPS_2015 and NPS_2016: one row for each, with the last day of its period."""

import calendar
import re
from dataclasses import replace
from datetime import date

from portfoy.source.contract import missing_columns
from portfoy.source.names import candidates

ASKED = ("nps", "csat", "effort", "category_spend")
_PERIOD = re.compile(r"(.*?)[\W_]*((?:19|20)\d\d)(?:[\W_]*(?:(q[1-4])|([01]?\d)))?", re.IGNORECASE)


def wide(names):
    """The columns that hold one question each of several periods: our column -> theirs, `answered_on` -> their days.

    Empty where there are none, or the questions were not asked in the same periods.
    """
    found = {}
    for name in names:
        period = _PERIOD.fullmatch(name.strip())
        for ours in ASKED if period else ():
            if candidates(ours, [period[1]]):
                found.setdefault(ours, {})[_last_day(*period.groups()[1:])] = name
                break
    days = {tuple(sorted(each)) for each in found.values()}
    if len(days) != 1 or len(days := days.pop()) < 2:
        return {}
    return {ours: [each[day] for day in days] for ours, each in found.items()} | {"answered_on": [*days]}


def _last_day(year, quarter, month):
    month = int(quarter[1]) * 3 if quarter else int(month) if month and 1 <= int(month) <= 12 else 12
    end = date(int(year), month, calendar.monthrange(int(year), month)[1])
    return min(end, date.today()).isoformat()


def keyed(found):
    """A guess of surveys whose answers were made rows: who answered and the day number them."""
    columns = dict(found.columns)
    key = columns.pop("survey_id", None)
    who = columns.setdefault("customer_id", key[0] if isinstance(key, list) else key)
    if not who:
        return found
    columns["survey_id"] = [who, "answered_on"]
    return replace(found, columns=columns, missing=missing_columns("surveys", columns))
