"""The dashboards for Grafana, made by code: a file each, a function for each panel."""
