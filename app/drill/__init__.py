"""Drills: a failure is made on purpose, clients are watched through it, and what they saw is held against a promise."""
