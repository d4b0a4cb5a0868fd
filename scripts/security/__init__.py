"""What tries to break the site's security: scanners, the access matrix, hostile input, and mutants of every check."""
