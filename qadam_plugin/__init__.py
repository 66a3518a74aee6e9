"""Quantization-aware design-space exploration of row-stationary DNN accelerators."""

__version__ = "0.1.0"
