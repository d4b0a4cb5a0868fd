"""Shaped reads that span models: each answers one page's question in a fixed number of queries."""
