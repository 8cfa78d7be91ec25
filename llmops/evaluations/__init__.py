"""Proof that answers stay good: scenarios, their world, who plays them, how they are graded and compared."""
