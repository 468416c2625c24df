"""What exports write once an order, or in a column of its own, becomes the money of each line."""

import ibis


def of_lines(log, given):
    """The order lines with their money as it counts: per line, less what was given back."""
    per_order = given.amount_per == "order"
    if per_order:
        log = log.mutate(amount=_shared(log, log.amount))
    if "refunded" in log.columns:
        back = log.refunded.abs()
        back = (_shared(log, back) if per_order else back).fill_null(0.0)
        log = log.mutate(amount=log.amount - back, refunded=back)
    return log


def _shared(log, money):
    """What stands on each line of an order, or on one of them, in equal parts; amounts that differ count once each."""
    order = [log.customer_id, log.order_id, log.ordered_on]
    whole = ibis.window(group_by=order)
    alike = ibis.window(group_by=[*order, money])
    lines = log.customer_id.isnull().count().over(whole)
    one = money.min().over(whole) == money.max().over(whole)
    return ibis.cases(
        (log.order_id.isnull(), money),
        (one, money.max().over(whole) / lines),
        else_=money / money.count().over(alike),
    )
