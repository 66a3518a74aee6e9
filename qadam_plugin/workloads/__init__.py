"""Layers, networks and their files."""
