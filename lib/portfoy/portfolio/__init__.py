"""The portfolio: all customers a firm has, had and may have, and what they amount to together."""
