"""Accelergy loads this file. The plug-in itself is in the package; where that is missing, Accelergy must not break."""

import sys

from accelergy.plug_in_interface.interface import (  # pyright: ignore[reportMissingImports]
    AccelergyPlugIn,
    AccuracyEstimation,
    Estimation,
)

try:
    from qadam_plugin.estimators.accelergy_plugin import QadamPlugIn
except ImportError as _error:
    _REASON = (
        f"qadam-tl cannot be imported by {sys.executable}: {_error}; install it there, or `qadam-tl plugin uninstall`"
    )

    class QadamPlugIn(AccelergyPlugIn):
        """Answers nothing, and says why in the log."""

        def get_name(self):
            return "qadam-tl (not installed)"

        def primitive_action_supported(self, query):
            self.logger.error(_REASON)
            return AccuracyEstimation(0)

        primitive_area_supported = primitive_action_supported

        def estimate_energy(self, query):
            return Estimation(0, success=False)

        estimate_area = estimate_energy
