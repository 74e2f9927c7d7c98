"""What workers can do."""
