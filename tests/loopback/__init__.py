"""Google Cloud in the test process: the real client libraries speak to these servers over loopback. Never shipped."""
