"""Unusual access: looks at what was seen on a day, and puts what needs a question before the privacy officer."""
