"""What each segment is like and what it is worth."""

from portfoy.contract import positive_total


def segment_table(scored, *, value=None):
    """What each segment is worth, and what to do with it.

    Parameters
    ----------
    scored : Rfm
    value : LifetimeValue, optional
        Adds what each segment is expected to bring.

    Returns
    -------
    DataFrame, one row per segment that has customers, in the order of the rules
        ``segment``; ``customers``; ``customer_share`` 0-1; ``revenue``, ``revenue_share`` 0-1; ``ticket`` revenue per
        purchase; ``purchases`` mean per customer; ``idle`` median days; ``action``; with `value` also
        ``expected_value``, ``expected_value_low``, ``expected_value_high`` of the whole segment.

    Raises
    ------
    DataError : the total revenue is not above zero.
    """
    table = scored.table
    total = positive_total(table["revenue"], "revenue")
    grouped = table.groupby("segment", observed=True)
    result = grouped.agg(
        customers=("revenue", "size"), revenue=("revenue", "sum"), bought=("purchases", "sum"), idle=("idle", "median")
    )
    result["customer_share"] = result["customers"] / len(table)
    result["revenue_share"] = result["revenue"] / total
    result["ticket"] = result["revenue"] / result["bought"]
    result["purchases"] = result["bought"] / result["customers"]
    result["action"] = scored.segments.drop_duplicates("segment").set_index("segment")["action"]
    columns = ["customers", "customer_share", "revenue", "revenue_share", "ticket", "purchases", "idle", "action"]
    result = result[columns]
    if value is not None:
        worth = value.by(table["segment"]).set_index("segment").drop(columns="customers")
        result = result.join(worth)
    return result.reset_index().astype({"segment": str})
