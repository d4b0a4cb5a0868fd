"""The block schedule: whose theatre time it is, what is open, released, asked for, and about to go."""
