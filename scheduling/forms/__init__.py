"""What people fill in: from form fields to the values that services take."""
