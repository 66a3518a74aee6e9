"""From RTL to characterisation tables: generators with golden models, synthesis, timing, activity and power."""
