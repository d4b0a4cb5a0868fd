"""Measures the product on real servers: ``python -m bench``. See docs/performance.md."""
