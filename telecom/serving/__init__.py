"""What the HTTP services of both planes share: a route's bounds, who may ask, and how a process ends."""
