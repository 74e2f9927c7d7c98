"""On a real Kubernetes cluster, whichever KUBECONFIG names."""
