"""A made-up hospital to try the product on: every name in it is invented."""
