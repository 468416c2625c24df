"""Action lists: whom to contact, why, and what to expect."""

from portfoy.models.scatter import likely_range


def action_list(scored, value, *, contacts=50, quiet=False):
    """Whom to contact: the customers expected to bring most, at most as many as can be contacted.

    Parameters
    ----------
    scored : Rfm
    value : LifetimeValue of the same customers
    contacts : int, default 50
    quiet : bool
        Only customers whose r is 1 or 2: those to win back.

    Returns
    -------
    DataFrame, one row per customer, the highest expected value first
        ``customer_id``, ``segment``, ``last_order``, ``purchases``, ``revenue``, ``p_alive``, ``expected_purchases``,
        ``expected_value`` money, with ``expected_value_low`` and ``expected_value_high``: where what this one customer
        brings will end in 8 of 10 cases (`likely_range`), not the interval of the mean; ``action``.
    """
    table = scored.table[scored.table["r"] <= 2] if quiet else scored.table
    listed = table.join(value.table[["p_alive", "expected_purchases", "expected_value"]])
    listed = listed.sort_values(["expected_value", "customer_id"], ascending=[False, True]).head(contacts)
    scatter = likely_range(listed, value)
    actions = scored.segments.drop_duplicates("segment").set_index("segment")["action"]
    listed = listed.assign(
        expected_value_low=scatter["likely_low"],
        expected_value_high=scatter["likely_high"],
        action=listed["segment"].map(actions).astype(str),
    )
    who = ["customer_id", "segment", "last_order", "purchases", "revenue", "p_alive", "expected_purchases"]
    columns = [*who, "expected_value", "expected_value_low", "expected_value_high", "action"]
    return listed[columns].reset_index(drop=True).astype({"segment": str})
