"""A family file as a person writes it: its keys, their types and what each is for."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

#: A number, or a formula over the parameters.
Written = int | float | str

_STRICT = ConfigDict(strict=True, extra="forbid", populate_by_name=False)


class ParameterModel(BaseModel):
    """One parameter of a family."""

    model_config = _STRICT

    kind: Literal["int", "float"]
    help: str
    "One line."
    unit: str = ""
    least: int | float | None = None
    above: int | float | None = None
    most: int | float | None = None
    below: int | float | None = None
    "Bounds: included are `least` and `most`."
    default: int | float | None = None
    "Value where a config leaves it out; without one a config has to say it."
    usual: int | float | None = None
    "Value where a design space leaves it out; without one, `default`."
    shown: bool = True
    "Whether tables of designs show it."
    further: bool = False
    "Whether it stands behind the clock and the metrics: columns that few look at."


class CheckModel(BaseModel):
    """A condition that every config has to meet."""

    model_config = _STRICT

    keys: list[str] = Field(min_length=1)
    "Parameters that a message names."
    check: str
    wanted: str
    "The message where it is not met; formulas in braces."


class NoteModel(BaseModel):
    """A line in the header of a written architecture."""

    model_config = _STRICT

    text: str
    when: str | None = None


class TextsModel(BaseModel):
    """How a config is named in words; formulas in braces."""

    model_config = _STRICT

    name: str
    "Part of a written architecture's name: letters, digits, _ and -."
    short: str
    "In tables."
    long: str
    "In figures and reports."
    title: str
    "Over the tables of one config."
    header: str
    "In a written architecture."
    legend: str = ""
    "What the short text means, under tables that have it."
    columns: dict[str, str] = {}
    "Columns of a report's table of designs: head and cell. Left out, every shown parameter."
    hover: list[str] = []
    "Lines in a report beside a point; in braces names of parameters only. Left out, every shown parameter."
    notes: list[str | dict[str, Any]] = []
    "Further lines of that header: texts, or mappings of text and when."


class StorageModel(BaseModel):
    """A storage level."""

    model_config = _STRICT

    storage: str
    "Its name."
    cls: str = Field(alias="class")
    "Class of component that the models know: qadam_DRAM, qadam_SRAM, qadam_regfile."
    place: Literal["dram", "buffer", "array"]
    "Where its area and energy count."
    keep: list[Literal["Weights", "Inputs", "Outputs"]] = Field(min_length=1)
    word_bits: Written
    width: Written | None = None
    "Bits of one access; left out, one word."
    depth: Written | None = None
    "Entries of `width` bits; left out, unbounded."
    bandwidth: Written | None = None
    "Words per cycle and instance that are read, and as many written; left out, unlimited."
    partial_sums: bool = False
    "Whether Outputs are held here as accumulators."
    loops: list[str] | None = None
    "Dimensions that may have a loop here; left out, all."
    at_most: dict[str, Written] = {}
    "Largest bound of a dimension's loop."
    order: list[str] = []
    "Dimensions whose order is fixed, innermost first."
    part: str | None = None
    "What energy breakdowns call it; left out, its name. Levels with one name count together."
    when: str | None = None
    "Condition under which there is such a level."
    attributes: dict[str, str | int | float | bool] = {}
    "Further ones for the models, as they are; text that begins with = is a formula."


class FanoutModel(BaseModel):
    """A spatial container: everything further inside exists x times y times."""

    model_config = _STRICT

    fanout: str
    "Its name."
    x: Written | None = None
    y: Written | None = None
    loops: list[str] | None = None
    at_most: dict[str, Written] = {}
    order: list[str] = []
    split: int | None = Field(default=None, ge=0)
    "With x and y: how many loops of `order` lie along X, the others along Y."
    when: str | None = None


class ControlModel(BaseModel):
    """Depths of the scratchpads that a PE's control counts through, of the control that was characterised."""

    model_config = _STRICT

    ifmap: Written
    weights: Written
    psum: Written


class ComputeModel(BaseModel):
    """The multiply-accumulate units, the last level."""

    model_config = _STRICT

    compute: str
    "Its name."
    control: ControlModel | None = None
    "Left out, that of the reference PE."
    macs_per_pe: Written = 1
    "MACs that share one PE's control; the fan-outs outside a PE make the array."
    lanes: Written = 1
    "MACs that are lanes of one: `lanes` where a fan-out of so many stands inside a PE."


class FamilyModel(BaseModel):
    """A family file."""

    model_config = _STRICT

    family: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    help: str
    parameters: dict[str, ParameterModel] = Field(min_length=1)
    checks: list[CheckModel] = []
    values: dict[str, Written] = {}
    "Formulas by name, each of which those after it may use."
    parts: list[str] = []
    "Order of the parts in energy breakdowns, innermost first; left out, that of the levels."
    texts: TextsModel | None = None
    "Left out, every parameter by name."
    levels: list[dict[str, Any]] = Field(min_length=2)
    "Outermost first: storages, fan-outs, and the compute as the last."
