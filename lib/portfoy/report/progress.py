"""How far a run is: bars on a terminal, a line a section elsewhere. Everything goes to stderr."""

import sys
import threading
import time

from portfoy.inert import for_terminal
from portfoy.locale import _


class Progress:
    """One line as each section of a report starts, and one as the report ends; `tell` is called with each."""

    def __init__(self, tell=None):
        self.tell = tell or (lambda line: print(for_terminal(line), file=sys.stderr, flush=True))
        self.sections, self.lock = {}, threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass

    def plan(self, names, expected):
        """Told once: the names of the reports, and for some how many seconds they took the last time."""

    def cell(self, name, heading, number, cells):
        """Told before each cell; from several threads."""
        with self.lock:
            if heading and self.sections.get(name) != heading:
                self.sections[name] = heading
                self.tell(f"  {name} {number + 1}/{cells}: {heading}")

    def done(self, name, status, seconds, error):
        """Told as a report ends."""
        line = _("{name}: {status}, {seconds} s").format(name=name, status=status, seconds=f"{seconds:.1f}")
        self.tell(line + (f": {error}" if error else ""))

    def note(self, line):
        """Anything else there is to say."""
        self.tell(line)


class Bars(Progress):
    """A bar a report, with its current section, its cells and the seconds left."""

    def __init__(self):
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Rich

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            *(TextColumn(f"{{task.fields[{name}]}}", markup=False) for name in ("cells", "left", "section")),
        )
        self.console = Console(stderr=True)
        super().__init__(lambda line: self.console.print(for_terminal(line), markup=False, highlight=False))
        self.bars = Rich(*columns, console=self.console, transient=True)
        self.tasks, self.expected, self.started = {}, {}, {}

    def __enter__(self):
        self.bars.start()
        return self

    def __exit__(self, *_error):
        self.bars.stop()

    def plan(self, names, expected):
        self.expected = expected
        for name in names:
            fields = {"cells": "", "left": "", "section": _("waiting")}
            self.tasks[name] = self.bars.add_task(name, total=None, start=False, **fields)

    def cell(self, name, heading, number, cells):
        now = time.monotonic()
        start = self.started.setdefault(name, now)
        left = self._left(name, now - start, number / cells)
        if not number:
            self.bars.start_task(self.tasks[name])
        shown = {"section": heading, "cells": f"{number + 1}/{cells}"}
        shown["left"] = _("{n} s left").format(n=round(left)) if left is not None else ""
        self.bars.update(self.tasks[name], completed=number, total=cells, **shown)

    def _left(self, name, passed, share):
        """Seconds left: as the last run took, else as the cells so far went."""
        if name in self.expected:
            return max(self.expected[name] - passed, 0)
        return passed / share - passed if share > 0.1 else None

    def done(self, name, status, seconds, error):
        self.bars.remove_task(self.tasks[name])
        super().done(name, status, seconds, error)
