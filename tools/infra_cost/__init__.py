"""What an environment costs a month: a plan's resources, assumed usage, dated prices."""
