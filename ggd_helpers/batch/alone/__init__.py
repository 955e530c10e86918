"""An explorer alone: one panel in the browser, without a chapter around it.

Voila is needed to serve it, and is imported in `server`; to list the explorers nothing is.
"""
