"""Backups of Redis: made from a replica in the format that every Redis reads, checked, and brought back key by key."""
