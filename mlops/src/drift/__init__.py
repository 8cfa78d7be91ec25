"""Has a snapshot moved away from what the champion was trained on? Profiles, distances and the decision."""
