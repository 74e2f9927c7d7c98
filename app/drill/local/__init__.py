"""Drills on the stack of this machine."""
