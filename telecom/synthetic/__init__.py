"""A generated telecom: customers with a known reason to leave, and everything that is known about them."""
