"""The assistant plane: knowledge, tools and an agent that answers in Portuguese and can only propose."""
