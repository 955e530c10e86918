"""Chapters as programs: read one (`chapter`), run it (`run`) or many at once (`sweep_command`), execute all as they are
committed (`refresh`); exercises for a class (`classroom`).

What needs papermill, nbformat or a kernel is imported when a chapter is executed, so that `ggd list` answers at once.
"""

from ggd_helpers.batch.chapter import Chapter, Refused, chapters, find_chapter, read_chapter, read_values
from ggd_helpers.batch.refresh import refresh
from ggd_helpers.batch.run import ChapterFailed, run
