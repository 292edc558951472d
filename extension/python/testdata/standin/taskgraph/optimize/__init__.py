from .base import OptimizationStrategy, register_strategy  # noqa: F401
