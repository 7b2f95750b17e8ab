"""Engines that can run the models: what one must do (base) and who does it."""
