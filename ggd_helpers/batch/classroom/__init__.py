"""Exercises handed out and graded: `release`, `check` what a student wrote, `grade` a class.

nbgrader is needed to release and to grade, and is imported there; a student's check does without it.
"""
