"""What a message wants: a linear classifier over parts of words, and what it names (months, yes and no, services)."""
