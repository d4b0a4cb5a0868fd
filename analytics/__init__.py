"""Measures, dashboards and reports: reads only, never writes."""
