"""One interface, several ways to answer it: how a config and a layer become counts, cycles and energy."""
