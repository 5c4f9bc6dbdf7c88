"""Progress of long work, as records of the logger `kerasae.progress`.

The library only logs. The command line shows the records as bars. So can any program, with a handler that
reads the attribute `progress` of a record:

    class Bars(logging.Handler):
        def emit(self, record):
            if told := getattr(record, "progress", None):
                print(told.name, told.done, told.total, told.state)

    logging.getLogger("kerasae").addHandler(Bars())
    logging.getLogger("kerasae").setLevel(logging.DEBUG)
"""

from kerasae.progress._work import Progress, Work, each, work

__all__ = ["Progress", "Work", "each", "work"]
