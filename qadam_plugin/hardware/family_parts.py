"""What an architecture family is made of: parameters, checks, templates of levels, and words."""

from __future__ import annotations

from dataclasses import dataclass

from .formulas import Formula, Words


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a family.

    Attributes
    ----------
    whole : whether it is a whole number.
    least, above, most, below : bounds, the first and the third included; None where there is none.
    default : value where a config leaves it out. usual : where a design space does.
    shown : whether tables of designs show it.
    further : whether it stands behind the clock and the metrics.
    """

    name: str
    whole: bool
    unit: str
    help: str
    least: float | None
    above: float | None
    most: float | None
    below: float | None
    default: float | None
    usual: float
    shown: bool
    further: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A condition that every config has to meet, and what to say of one that does not."""

    keys: tuple[str, ...]
    condition: Formula
    wanted: Words


@dataclass(frozen=True, slots=True)
class LoopTemplate:
    """Loops of a level.

    Attributes
    ----------
    allowed : dimensions that may have one; None: all.
    at_most : largest bounds. order : fixed order, innermost first.
    """

    allowed: tuple[str, ...] | None
    at_most: tuple[tuple[str, Formula], ...]
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StorageTemplate:
    """A storage level, its numbers as formulas; see `family_file.StorageModel`."""

    name: str
    cls: str
    place: str
    part: str
    keep: tuple[str, ...]
    word_bits: Formula
    width: Formula | None
    depth: Formula | None
    bandwidth: Formula | None
    partial_sums: bool
    loops: LoopTemplate
    when: Formula | None
    attributes: tuple[tuple[str, str | int | float | bool | Formula], ...]


@dataclass(frozen=True, slots=True)
class FanoutTemplate:
    """A spatial container; None for `x` or `y`: not along that axis."""

    name: str
    x: Formula | None
    y: Formula | None
    loops: LoopTemplate
    split: int | None
    when: Formula | None


@dataclass(frozen=True, slots=True)
class ComputeTemplate:
    """The MACs. `control` : depths of ifmap, weights and psum scratchpads; None: those of the reference PE."""

    name: str
    control: tuple[Formula, Formula, Formula] | None
    macs_per_pe: Formula
    lanes: Formula


LevelTemplate = StorageTemplate | FanoutTemplate | ComputeTemplate


@dataclass(frozen=True, slots=True)
class Texts:
    """A config in words, by use.

    Attributes
    ----------
    legend : what `short` means. columns : heads and cells of a table of designs.
    hover : lines with names of parameters in braces.
    notes : each with the condition under which it stands.
    """

    name: Words
    short: Words
    long: Words
    title: Words
    header: Words
    legend: str
    columns: tuple[tuple[str, Words], ...]
    hover: tuple[str, ...]
    notes: tuple[tuple[Words, Formula | None], ...]
