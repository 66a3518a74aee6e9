"""One accelerator: the parameters of a design, checked, with a short identity."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ..errors import InputError
from ..userfile import describe, parse_mapping, read_text, validate
from .pe_types import PEType, pe_type

#: Smallest part of a split level: with it every store of the smallest GLB still holds an entry of 64 bits.
MIN_SHARE = 0.01

MAX_CLOCK_GHZ = 10


@dataclass(frozen=True, slots=True)
class AcceleratorConfig:
    """Parameters of one row-stationary accelerator.

    Attributes
    ----------
    pe : type of the processing elements.
    rows, cols : PEs along Y and along X.
    ifmap_spad_depth, weights_spad_depth, psum_spad_depth : words of each scratchpad of a PE, one word an entry.
    glb_kib : capacity of the whole global buffer, KiB (1024 bytes).
    glb_bandwidth : words per cycle that the global buffer reads, and as many that it writes.
    dram_gbps : DRAM bandwidth, 1e9 bytes per second, for reads and as much for writes.
    clock_ghz : clock; None takes the critical path of the slowest part.
    glb_ifmap_share, glb_weights_share : parts of the global buffer, in capacity and bandwidth; partial sums get
        the rest. Weights share 0: weights bypass the global buffer.
    dram_weights_share, dram_ifmap_share : parts of the DRAM bandwidth; outputs get the rest.
    """

    pe: PEType
    rows: int
    cols: int
    ifmap_spad_depth: int
    weights_spad_depth: int
    psum_spad_depth: int
    glb_kib: float
    glb_bandwidth: float = 16.0
    dram_gbps: float = 12.8
    clock_ghz: float | None = None
    glb_ifmap_share: float = 0.5
    glb_weights_share: float = 0.0
    dram_weights_share: float = 0.5
    dram_ifmap_share: float = 0.25

    @property
    def glb_psum_share(self) -> float:
        """What ifmaps and weights leave of the global buffer."""
        return 1.0 - self.glb_ifmap_share - self.glb_weights_share

    @property
    def dram_psum_share(self) -> float:
        """What weights and ifmaps leave of the DRAM bandwidth."""
        return 1.0 - self.dram_weights_share - self.dram_ifmap_share

    @property
    def config_id(self) -> str:
        """Twelve hex digits that depend on every parameter, and on nothing else."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def values(self) -> dict[str, Any]:
        """The parameters under the keys that a person writes them with; clock is GHz or ``auto``."""
        found: dict[str, Any] = {key: getattr(self, key) for key in KEYS if key not in ("pe_type", "clock")}
        clock = "auto" if self.clock_ghz is None else self.clock_ghz
        return {"pe_type": self.pe.name, **found, "clock": clock}


Count = Annotated[int, Field(ge=1, le=1024)]
Depth = Annotated[int, Field(ge=1, le=65536)]
Share = Annotated[float, Field(ge=0.0, lt=1.0, allow_inf_nan=False)]


def _clock(value: object) -> object:
    """One message for both forms of a clock, where the union would answer for one of them."""
    if value == "auto" or (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_CLOCK_GHZ
    ):
        return value
    raise ValueError(f"auto, or GHz above 0 and at most {MAX_CLOCK_GHZ}, is wanted, not {describe(value)}")


class ConfigModel(BaseModel):
    """A config file. Keys are the columns of the results, with the PE type as a name or a mapping."""

    model_config = ConfigDict(strict=True, extra="forbid")

    pe_type: Any
    "fp32, int16, int8, lightpe1, lightpe2, or a mapping: family, act_bits, weight_bits, acc_bits, shift_terms, name."
    rows: Count
    "PEs along Y, 1 to 1024."
    cols: Count
    "PEs along X, 1 to 1024."
    ifmap_spad_depth: Depth
    "Activations that a PE holds, 1 to 65536."
    weights_spad_depth: Depth
    "Weights that a PE holds, 1 to 65536."
    psum_spad_depth: Depth
    "Partial sums that a PE holds, 1 to 65536."
    glb_kib: float = Field(ge=1, le=2**20, allow_inf_nan=False)
    "Global buffer, KiB, 1 to 1048576."
    glb_bandwidth: float = Field(default=16.0, gt=0, le=2**20, allow_inf_nan=False)
    "Words per cycle read from the global buffer, and as many written."
    dram_gbps: float = Field(default=12.8, gt=0, le=1e6, allow_inf_nan=False)
    "DRAM bandwidth, 1e9 bytes per second; 12.8 is LPDDR4-3200 x32."
    clock: Annotated[float | Literal["auto"], BeforeValidator(_clock)] = "auto"
    "GHz, or auto: the critical path of the slowest part."
    glb_ifmap_share: Share = 0.5
    "Part of the global buffer for ifmaps."
    glb_weights_share: Share = 0.0
    "Part for weights; 0 lets them bypass the global buffer. Partial sums get what is left."
    dram_weights_share: Share = 0.5
    "Part of the DRAM bandwidth for weights."
    dram_ifmap_share: Share = 0.25
    "Part for ifmaps. Outputs get what is left."


#: Every key of a config, in the order a design space walks them.
KEYS: tuple[str, ...] = tuple(ConfigModel.model_fields)


def load_config(path: str | Path) -> AcceleratorConfig:
    """Read a config file.

    Raises
    ------
    InputError : the file cannot be read, or a key is unknown, missing or has an impossible value.
    """
    return config_from_values(parse_mapping(read_text(path), path), path)


def parse_clock(text: str, source: object) -> float | None:
    """Clock from a word of the command line: GHz, or ``auto`` (None).

    Raises
    ------
    InputError : neither, or out of range.
    """
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_CLOCK_GHZ:
        raise InputError(source, "", f"auto, or GHz above 0 and at most {MAX_CLOCK_GHZ}, is wanted, not '{text}'")
    return value


def config_from_values(values: dict[str, Any], source: object) -> AcceleratorConfig:
    """Config from one value per key, as a person writes them; `source` names them in messages.

    Raises
    ------
    InputError : a key is unknown, missing or has an impossible value.
    """
    model = validate(ConfigModel, values, source)
    pe = pe_type(model.pe_type, source)
    check_shares(model.glb_ifmap_share, model.glb_weights_share, "glb_ifmap_share", "glb_weights_share", source)
    check_shares(model.dram_ifmap_share, model.dram_weights_share, "dram_ifmap_share", "dram_weights_share", source)
    if model.dram_weights_share == 0:
        raise InputError(source, "dram_weights_share", f"at least {MIN_SHARE} is wanted: weights come from DRAM")
    plain = model.model_dump(exclude={"pe_type", "clock"})
    return AcceleratorConfig(pe=pe, clock_ghz=None if model.clock == "auto" else model.clock, **plain)


def check_shares(ifmap: float, weights: float, ifmap_key: str, weights_key: str, source: object) -> None:
    """Raise InputError unless every store of a split level gets at least `MIN_SHARE` (weights may have 0)."""
    if ifmap < MIN_SHARE:
        raise InputError(source, ifmap_key, f"at least {MIN_SHARE} is wanted, not {ifmap:g}")
    if 0 < weights < MIN_SHARE:
        raise InputError(source, weights_key, f"0, or at least {MIN_SHARE}, is wanted, not {weights:g}")
    if 1.0 - ifmap - weights < MIN_SHARE - 1e-12:
        raise InputError(
            source,
            f"{ifmap_key} and {weights_key}",
            f"together at most {1 - MIN_SHARE} is wanted, so that partial sums keep a part; not {ifmap + weights:g}",
        )
