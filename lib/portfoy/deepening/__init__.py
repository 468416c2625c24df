"""Deepening: how loyalty, profit and our share of spending grow."""
