"""What the demo, the tests and the measurements share: set-up, a cluster to run on, load, figures and plots."""
