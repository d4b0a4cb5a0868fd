"""Reads FHIR R4 (4.0.1): Bundles, and NDJSON as bulk exports write it. See docs/adr/011-reading-fhir.md."""
