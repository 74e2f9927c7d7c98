"""What a release is made of: its version, its part of the changelog, the chart's archive, the list of its parts."""
