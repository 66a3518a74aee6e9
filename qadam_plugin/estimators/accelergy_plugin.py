"""Our models as an estimator plug-in of Accelergy 0.4.

Accelergy takes any exception of a plug-in for 'not supported' and goes on to the next one, so that a user's mistake
would come back as somebody else's number. A component of our classes that cannot exist therefore ends Accelergy the
way Accelergy ends itself: the message on the screen and in the log, exit code 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelergy.plug_in_interface.estimator_wrapper import (  # pyright: ignore[reportMissingImports]
    PrintableCall,
    SupportedComponent,
)
from accelergy.plug_in_interface.interface import (  # pyright: ignore[reportMissingImports]
    AccelergyPlugIn,
    AccuracyEstimation,
    Estimation,
)
from accelergy.utils.utils import ERROR_CLEAN_EXIT, WARN  # pyright: ignore[reportMissingImports]

from ..errors import InputError
from .catalogue import CLASSES, COMMON_ATTRIBUTES, CYCLE, TECHNOLOGY
from .technology import is_placeholder

if TYPE_CHECKING:
    from ..ppa.library import ModelLibrary
    from .answers import Answer

#: Users pin this plug-in with the attribute ``plug_in: "qadam-tl"``.
NAME = "qadam-tl"


class QadamPlugIn(AccelergyPlugIn):
    """Answers for the classes of `catalogue.CLASSES`; J and m^2, one instance, leak per cycle."""

    def __init__(self) -> None:
        super().__init__()
        self._models: ModelLibrary | None = None
        self._placeholders: set[str] = set()

    def get_name(self) -> str:
        """Name that Accelergy's summaries give."""
        return NAME

    def primitive_action_supported(self, query: Any) -> Any:
        """Accuracy for one action of one component; the reason of a low one goes to the log."""
        cls = str(query.class_name)
        found = self._answer(query)
        if found is None or found.estimate is None:
            return AccuracyEstimation(0)
        if query.action_name not in CLASSES[cls].actions:
            self.logger.error(f"{cls} has the actions {', '.join(CLASSES[cls].actions)}")
            return AccuracyEstimation(0)
        if query.action_name == "leak":
            self._cycle_s(query)
        return AccuracyEstimation(found.accuracy)

    def primitive_area_supported(self, query: Any) -> Any:
        """Accuracy of the area of one component."""
        found = self._answer(query)
        return AccuracyEstimation(found.accuracy if found else 0)

    def estimate_energy(self, query: Any) -> Any:
        """Energy of one action, J. Accelergy multiplies a leak by n_instances."""
        found = self._answer(query)
        assert found is not None and found.estimate is not None
        if query.action_name == "leak":
            energy_pj = found.estimate.leak_pj(self._cycle_s(query) * 1e9)
        else:
            energy_pj = found.estimate.energy_pj[query.action_name]
        return Estimation(energy_pj, "p")

    def estimate_area(self, query: Any) -> Any:
        """Area, m^2. Accelergy multiplies it by n_instances."""
        found = self._answer(query)
        assert found is not None and found.estimate is not None
        return Estimation(found.estimate.area_um2, "u^2")

    def get_supported_components(self) -> list[Any]:
        """What ``accelergy -l`` lists."""
        return [
            SupportedComponent(
                name,
                PrintableCall(
                    name,
                    [*cls.required, *([] if cls.kind == "dram" else [TECHNOLOGY])],
                    {**cls.optional, CYCLE: COMMON_ATTRIBUTES[CYCLE]},
                ),
                [PrintableCall(action) for action in cls.actions],
            )
            for name, cls in CLASSES.items()
        ]

    def _answer(self, query: Any) -> Answer | None:
        """Answer of the models; None for classes that are not ours, and where another plug-in was asked for by name."""
        cls, attributes = str(query.class_name), query.class_attrs
        if cls not in CLASSES:
            self.logger.info(f"{cls} is none of: {', '.join(CLASSES)}")
            return None
        if attributes.get("plug_in", NAME) != NAME:
            return None
        if is_placeholder(attributes.get(TECHNOLOGY)):
            if cls not in self._placeholders:
                WARN(f'{NAME}: {cls} gets placeholder figures, as technology -1 asks for; "45nm" gives real ones')
                self._placeholders.add(cls)
            return None
        from .answers import answer

        try:
            found = answer(self._library(), cls, attributes)
        except InputError as error:
            ERROR_CLEAN_EXIT(f"{error}\nasked for: {query}")
            raise
        for note in found.notes:
            self.logger.warning(f"{cls}: {note}")
        return found

    def _library(self) -> ModelLibrary:
        from ..ppa.library import load_library

        if self._models is None:
            self._models = load_library()
        return self._models

    def _cycle_s(self, query: Any) -> float:
        """Clock period for a leak, from the action's arguments or the component's attributes."""
        value = query.action_args.get(CYCLE, query.class_attrs.get(CYCLE))
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            error = InputError(
                NAME,
                f"{query.class_name}.attributes.{CYCLE}",
                f"leak needs the clock period in s, above 0, not {value!r}",
            )
            ERROR_CLEAN_EXIT(f"{error}\nasked for: {query}")
            raise error
        return float(value)
