"""Rows for tests of addresses: a table, and servers of files."""

import contextlib
import functools
import http.server
import threading

import numpy as np
import pandas as pd


def table(rows=60, seed=0):
    """Numbers with gaps, whole numbers, categories, codes, booleans, dates and labels."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "flow": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows).round(4)),
            "count": rng.integers(0, 90, rows),
            "kind": rng.choice(["hot, dry", "cold"], rows),
            "code": rng.choice(["007", "012"], rows),
            "open": rng.choice([True, False], rows),
            "day": pd.date_range("2026-01-01", periods=rows, freq="D").strftime("%Y-%m-%d"),
            "odd": rng.integers(0, 2, rows),
        }
    )


def same_rows(one, other):
    """Check that two data have equal examples and labels in every split."""
    assert one.rows == other.rows
    assert one.spec == other.spec
    for split in one.rows:
        mine, theirs = one.split(split), other.split(split)
        if hasattr(mine.examples, "iloc"):
            pd.testing.assert_frame_equal(mine.examples, theirs.examples)
        else:
            np.testing.assert_array_equal(mine.examples, theirs.examples)
        if mine.labels is not None or theirs.labels is not None:
            np.testing.assert_array_equal(mine.labels, theirs.labels)


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder. A file `refused` needs a password, and `cut` ends before its length."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        name = self.path.partition("?")[0].rpartition("/")[2]
        self.server.asked.append(f"{self.command} {self.path}")
        if "refused" in name and "token=s3cret" not in self.path:
            self.send_error(403)
        elif "export" in name:
            self._send(b"a,b\n" + b"1.5,2\n2.5,1\n" * 20, "text/csv")
        elif "cut" in name:
            self._send(b"a,b\n1,2\n", "text/csv", more=1000)
        else:
            super().do_GET()

    do_HEAD = do_GET  # noqa: N815

    def _send(self, content, kind, more=0):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) + more))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)
            self.close_connection = bool(more)


@contextlib.contextmanager
def served(folder):
    """Serve a folder by HTTP on loopback; give the address, and the list of requests."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder))
    )
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
