"""The clients of a drill: one process beside the application that asks, writes, enqueues and listens, and tells of it.

It runs where the application runs, on this machine or in a pod, so that what it measures is what the application's own
clients notice. What it tells is one JSON object a line; see telling.py.
"""
