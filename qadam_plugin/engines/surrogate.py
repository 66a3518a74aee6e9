"""Engine `surrogate`: whole design spaces predicted block by block, with no mapping and no layer results.

It is no `base.Engine`, which answers layer by layer: the accelerator models know networks only.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..hardware.space import DesignSpace
from ..hardware.space_arrays import ConfigBlock, space_blocks
from ..ppa.accelerator.models import AcceleratorModels, Prediction
from ..ppa.accelerator.prices import check_family
from .base import Engine
from .sources import SURROGATE_SOURCES, sources_digest


def surrogate_fingerprint(exact: Engine) -> str:
    """Digest of everything that accelerator models rest on: the exact engine's answers, and the code of the bounds."""
    return sources_digest(SURROGATE_SOURCES, exact.fingerprint, without=())


def predict_space(models: AcceleratorModels, space: DesignSpace) -> Iterator[tuple[ConfigBlock, list[Prediction]]]:
    """Predictions of every config of a space, in its order: one per network for each block. Constant memory.

    Raises
    ------
    InputError : there are no models of the space's family or of a PE type of it, or a config cannot be built.
    """
    check_family(space.family, space.source)
    for block in space_blocks(space):
        yield block, models.predict(block)
