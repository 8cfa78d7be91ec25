"""The churn jobs as pipelines: definitions that compile to YAML, run on this machine and on Vertex AI."""
