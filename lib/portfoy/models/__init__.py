"""Probability models of buying and spending, one page of mathematics each."""
