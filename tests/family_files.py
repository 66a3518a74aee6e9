"""A family of architectures that is not shipped: an output-stationary systolic array under one buffer."""

OUTPUT_STATIONARY = """
family: output_stationary
help: An array whose PEs keep their sums, fed by one buffer for inputs and weights
parameters:
  side: {kind: int, unit: PEs, least: 1, most: 64, usual: 4, default: 4, help: PEs along X and along Y}
  accumulators: {kind: int, unit: words, least: 1, most: 1024, default: 8, help: Sums of a PE}
  buffer_kib: {kind: float, unit: KiB, least: 1, most: 4096, default: 64, help: Buffer for inputs and weights}
levels:
- storage: DRAM
  class: qadam_DRAM
  place: dram
  keep: [Weights, Inputs, Outputs]
  word_bits: max(act_bits, weight_bits)
  bandwidth: 16
  attributes: {type: DDR3}
- storage: buffer
  class: qadam_SRAM
  place: buffer
  keep: [Weights, Inputs]
  word_bits: max(act_bits, weight_bits)
  width: max(1, 64 // max(act_bits, weight_bits)) * max(act_bits, weight_bits)
  depth: floor(buffer_kib * 8192 / 64)
  attributes: {n_banks: 1}
- {fanout: column, x: side, loops: [M], order: [N, G, C, P, R, S, Q, M]}
- {fanout: row, y: side, loops: [P, Q], order: [N, G, C, M, R, S, Q, P]}
- storage: operands
  class: qadam_regfile
  place: array
  keep: [Inputs, Weights]
  word_bits: max(act_bits, weight_bits)
  depth: 16
  bandwidth: 2.0
  loops: []
- storage: sums
  class: qadam_regfile
  place: array
  keep: [Outputs]
  word_bits: acc_bits
  depth: accumulators
  bandwidth: 2.0
  partial_sums: true
  loops: [C, R, S]
  order: [G, N, M, P, Q, C, R, S]
- compute: mac
"""
