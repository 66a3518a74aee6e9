"""Figures: each file collects the numbers of one figure, without matplotlib, and draws them."""
