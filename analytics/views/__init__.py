"""Pages about the site's security and about unusual access."""
