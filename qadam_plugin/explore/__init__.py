"""Guided search of design spaces too large for a sweep, on Optuna."""
