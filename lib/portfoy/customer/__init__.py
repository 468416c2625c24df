"""Everything known and expected of one customer, on one page."""
