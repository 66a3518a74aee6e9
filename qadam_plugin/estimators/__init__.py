"""The plug-in fronts: our models as estimators of Accelergy and hwcomponents, and how these find them."""
