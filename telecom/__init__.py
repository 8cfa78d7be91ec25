"""The kernel: what both planes share. It knows neither of them."""
