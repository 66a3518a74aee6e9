"""What a design is: PE types, accelerator config, design space, and the v0.4 arch spec."""
