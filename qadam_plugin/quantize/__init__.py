"""Search of the bit-widths of a network's layers, each candidate with its best mappings.

Stands beside `explore`: uses engines, the sweep's store and analysis, and only cli and api use it.
"""
