"""Papers of the record: looked at before they are kept, sealed, shown, and withdrawn."""
