"""Engines that run the models: the interface (base) and its implementations."""
