"""One layer as Timeloop sees it: a seven-dimensional convolution with groups, strides and dilations."""

from __future__ import annotations

from dataclasses import dataclass

#: Timeloop's dimension letters. C and M are per group.
DIMENSIONS = ("C", "M", "R", "S", "N", "P", "Q", "G")

#: Data spaces, in the order Timeloop keeps them.
TENSORS = ("Weights", "Inputs", "Outputs")

#: Which dimensions index which tensor (Inputs slide over P with R, and over Q with S).
RELEVANT = {
    "Weights": frozenset("CMRSG"),
    "Inputs": frozenset("NCRSPQG"),
    "Outputs": frozenset("NMPQG"),
}


@dataclass(frozen=True, slots=True)
class Layer:
    """Shape of one convolution, fully connected layer or matrix product.

    ``Weights[C][M][R][S][G]``, ``Inputs[N][C][R*Wdilation+P*Wstride][S*Hdilation+Q*Hstride][G]``,
    ``Outputs[N][M][Q][P][G]``: P goes with R and the W coefficients, Q with S and the H coefficients.
    Padding is part of the Inputs' extent: there is no padding dimension, as in Timeloop.

    Attributes
    ----------
    weight_bits, input_bits, output_bits : bits of an element of Weights, Inputs and (finished) Outputs, 1 to 32. None:
        as wide as the words of whatever level holds it, so that nothing is packed.
    """

    C: int = 1
    M: int = 1
    R: int = 1
    S: int = 1
    N: int = 1
    P: int = 1
    Q: int = 1
    G: int = 1
    Wstride: int = 1
    Hstride: int = 1
    Wdilation: int = 1
    Hdilation: int = 1
    weight_bits: int | None = None
    input_bits: int | None = None
    output_bits: int | None = None

    @property
    def bits(self) -> tuple[int | None, int | None, int | None]:
        """Bits of an element in the order of `TENSORS`."""
        return (self.weight_bits, self.input_bits, self.output_bits)

    @property
    def bounds(self) -> tuple[int, ...]:
        """Loop bounds in the order of `DIMENSIONS`."""
        return (self.C, self.M, self.R, self.S, self.N, self.P, self.Q, self.G)

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations of the dense layer."""
        product = 1
        for bound in self.bounds:
            product *= bound
        return product

    @property
    def input_width(self) -> int:
        """Extent of Inputs along P and R, in pixels."""
        return (self.P - 1) * self.Wstride + (self.R - 1) * self.Wdilation + 1

    @property
    def input_height(self) -> int:
        """Extent of Inputs along Q and S, in pixels."""
        return (self.Q - 1) * self.Hstride + (self.S - 1) * self.Hdilation + 1

    @property
    def weights(self) -> int:
        """Words of Weights."""
        return self.C * self.M * self.R * self.S * self.G

    @property
    def inputs(self) -> int:
        """Words of Inputs: the bounding box, as Timeloop counts it."""
        return self.N * self.C * self.input_width * self.input_height * self.G

    @property
    def outputs(self) -> int:
        """Words of Outputs."""
        return self.N * self.M * self.P * self.Q * self.G
