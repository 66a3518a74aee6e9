"""Power, performance and area: estimator tables, polynomial fits, component and accelerator models."""
