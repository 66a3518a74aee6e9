"""A layer on an architecture: the layer as the mapper gets it, and what an operation costs for its bits.

Where operands share words (family ``subword``) and a layer fills them with neighbours in C, an operation works on whole
words: the layer is folded, its C counted in words, and mapped to the PEs as any other. That is the mapspace of the
architecture whose PEs fan out over C by so many lanes (`hardware.build.build_spec`), every lane in use: the same
counts, in words. Channels that do not fill the last word are padded: their lanes cost what full ones do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..hardware.archspec import ArchSpec
from ..hardware.pe_types import PEType
from ..hardware.subword import in_mode, lanes
from ..workloads.layer import Layer
from .classes import estimate_level, macs_per_pe, with_operands
from .energy_table import EnergyTable
from .library import ModelLibrary
from .narrow import Operands
from .pricing import PricedSpec, price_layer


@dataclass(frozen=True, slots=True)
class PricedLayer:
    """What the mapper gets of a layer.

    Attributes
    ----------
    layer : as the PE type keeps it, folded by `products`.
    priced : the architecture's price for the layer's bits.
    products : of one operation.
    """

    layer: Layer
    priced: PricedSpec
    products: int = 1


def priced_layer(pe: PEType, spec: ArchSpec, priced: PricedSpec, layer: Layer, library: ModelLibrary) -> PricedLayer:
    """A layer on an architecture; parameters as of `price_work`."""
    mapped, products = as_mapped(pe, layer)
    return PricedLayer(mapped, price_work(pe, spec, priced, layer, library), products)


def as_mapped(pe: PEType, layer: Layer, fold: bool = True) -> tuple[Layer, int]:
    """The layer as the mapper gets it, and the products of one operation.

    Parameters
    ----------
    fold : let operations work on whole words; else each makes one product.
    """
    kept, products = in_mode(pe, layer), lanes(pe, layer) if fold else 1
    return (folded(kept, products), products) if products > 1 else (kept, 1)


def price_work(pe: PEType, spec: ArchSpec, priced: PricedSpec, layer: Layer, library: ModelLibrary) -> PricedSpec:
    """What an architecture costs while it works on a layer; it depends on the layer's bits and on whether C is 1.

    Parameters
    ----------
    pe : type of the architecture's PEs. priced : its price without bits.

    Raises
    ------
    InputError : as `price_layer`.
    """
    kept, products = in_mode(pe, layer), lanes(pe, layer)
    if products > 1:
        return with_operation(priced, spec.compute.name, word_energy_pj(spec, kept, products, library))
    if (kept.input_bits, kept.weight_bits) == (None, None):
        return priced
    return price_layer(spec, library, kept)


def word_energy_pj(spec: ArchSpec, layer: Layer, products: int, library: ModelLibrary) -> float:
    """Energy of an operation on whole words of a layer's operands: that of a lane, times the lanes."""
    sharing = macs_per_pe(spec.compute, spec.source) * products
    fanned_out = replace(
        spec.compute,
        instances=spec.compute.instances * products,
        attributes={**spec.compute.attributes, "lanes": products, "macs_per_pe": sharing},
    )
    lane = with_operands(
        replace(spec, levels=(*spec.levels[:-1], fanned_out)), Operands(layer.input_bits, layer.weight_bits)
    )
    return products * estimate_level(library, lane.compute, spec.source).energy_pj["compute"]


def folded(layer: Layer, products: int) -> Layer:
    """The layer with C in words of so many channels; operands fill their words, outputs stay as they are."""
    return replace(layer, C=-(-layer.C // products), weight_bits=None, input_bits=None)


def with_operation(priced: PricedSpec, compute: str, energy_pj: float) -> PricedSpec:
    """The prices with another energy of an operation of the compute level of this name."""
    actions = {**priced.energy.energy_pj[compute], "compute": energy_pj}
    return replace(priced, energy=EnergyTable({**priced.energy.energy_pj, compute: actions}))
