"""A real multi-node Kubernetes on one machine, without Docker and without a registry: see README.md."""
