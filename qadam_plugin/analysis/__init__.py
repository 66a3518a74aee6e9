"""From stored results to Pareto fronts, tables and plots."""
