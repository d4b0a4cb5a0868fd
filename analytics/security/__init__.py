"""The security audit: look at accounts, settings and the running site, and keep what was found."""
