"""The time that work still takes, in words and as a column of a bar."""

from rich.progress import ProgressColumn, Task
from rich.text import Text


class TimeLeft(ProgressColumn):
    """Column of the time that a task still needs at its pace; the time so far as long as there is none."""

    def render(self, task: Task) -> Text:
        """Return the text of a task."""
        if task.speed and task.remaining:
            return Text(left(task.remaining / task.speed, at_most=task.fields["most"]))
        return Text(f"{task.elapsed or 0:.0f} s")


def left(seconds: float, *, at_most: bool = False) -> str:
    """Return in words how long something still takes."""
    unit, size = ("s", 1) if seconds < 90 else ("min", 60) if seconds < 90 * 60 else ("h", 3600)
    return f"{'at most' if at_most else 'about'} {max(1, round(seconds / size))} {unit} left"
