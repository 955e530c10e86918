"""Chapters as programs: read one (`chapter`), run it (`run`), execute all as they are committed (`refresh`).

What needs papermill, nbformat or a kernel is imported when a chapter is executed, so that `ggd list` answers at once.
"""

from ggd_helpers.batch.chapter import Chapter, Refused, chapters, find_chapter, read_chapter, read_values
from ggd_helpers.batch.refresh import refresh
from ggd_helpers.batch.run import ChapterFailed, run
