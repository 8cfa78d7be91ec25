"""Running the assistant: what it costs, what its traces tell, what people think of its answers."""
