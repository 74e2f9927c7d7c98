"""The agent beside each Redis: roles by evidence, certainty for the Sentinels, handover without loss.

``decide.py`` holds every decision, as a function of what was observed (``facts.py``); ``agent.py`` looks, asks it and
carries out what it orders. Nothing in here imports the rest of Haven but its metrics and logs: the process is meant to
stay under 40 MB.
"""
