"""Published results beside ours: QADAM's headline ratios, the Eyeriss chip, the row-stationary paper's energies."""
