"""The embedded mapper: mapspace, access counts, search. Works on any supported v0.4 spec."""
