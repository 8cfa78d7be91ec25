"""What analysts look at: scored customers, segments, drift, models, the assistant's figures, and their own SQL.

Everything is asked of the warehouse with the SQL of `queries/` and shaped by pure functions; nothing is written.
"""
