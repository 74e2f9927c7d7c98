"""Drills on a release of the chart in a Kubernetes cluster."""
