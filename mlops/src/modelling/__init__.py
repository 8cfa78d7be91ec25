"""The churn model itself: pure functions over arrays. Tables, registries and schedules live one level up."""
