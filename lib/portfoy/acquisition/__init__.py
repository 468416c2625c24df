"""How prospects become customers: the funnel, the sales cycle, channels and money."""
