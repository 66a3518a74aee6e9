"""QADAM-TL's models for hwcomponents, which finds packages by this name and models by their export here."""

from qadam_plugin.estimators.hwcomponents_models import (
    QadamDRAM,
    QadamGlobalBuffer,
    QadamMAC,
    QadamScratchpad,
)

__all__ = ["QadamDRAM", "QadamGlobalBuffer", "QadamMAC", "QadamScratchpad"]
