"""Models of whole accelerators on whole networks: exact prices, analytic bounds, and polynomials between the two."""
