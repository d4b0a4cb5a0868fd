"""Two records of one person: finding them, making them one, and taking that back."""
