"""The report: one self-contained HTML file of a sweep. `collect` gathers the numbers, `render` makes the page."""
