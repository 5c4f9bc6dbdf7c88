"""Addresses of objects: what they name is read as from a file of this machine, or refused in one line."""

import contextlib
import functools
import http.server
import os
import sys
import tempfile
import threading
from pathlib import Path

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image
from small_logs import sines
from table_rows import plain_rows, same_rows

from kerasae import Recipe, load_data, remote
from kerasae.data import Source, parse_source, read_examples
from kerasae.remote import _copies


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


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with a file or a folder for each source."""
    home = tmp_path_factory.mktemp("files")
    plain_rows().to_csv(home / "rows.csv", index=False)
    plain_rows().to_parquet(home / "rows.parquet")
    sines(200).to_csv(home / "log.csv", index=False)
    (home / "texts.txt").write_text("".join(f"line {number}\n" for number in range(30)))
    np.save(home / "x.npy", np.arange(120.0).reshape(30, 4))
    np.save(home / "y.npy", np.arange(30) % 2)
    for number in range(12):
        path = home / "images" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 20 * number, "uint8")).save(path)
    (home / "images" / ".hidden.png").write_bytes(b"no image")
    return home


@pytest.fixture
def memory(files):
    """The same files in the memory of this process, at `memory://files`."""
    system = fsspec.filesystem("memory")
    system.put(f"{files}/", "/files", recursive=True)
    yield "memory://files"
    system.store.clear()
    system.pseudo_dirs[:] = [""]


CASES = [
    ("rows.csv", {"labels": "odd"}),
    ("rows.parquet", {"labels": "odd"}),
    ("log.csv", {"time": "time", "window": 10}),
    ("texts.txt", {}),
    ("x.npy", {}),
    ("images", {}),
]


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=[name for name, _ in CASES])
def test_rows_at_an_address_are_those_of_the_file(files, memory, name, arguments):
    same_rows(load_data(f"{memory}/{name}", **arguments), load_data(files / name, **arguments))


def test_every_argument_that_names_a_file_may_be_an_address(files, memory):
    local = load_data(files / "x.npy", labels=str(files / "y.npy"))
    same_rows(load_data(f"{memory}/x.npy", labels=f"{memory}/y.npy"), local)


def test_rows_of_a_server_are_those_of_the_file(files):
    pytest.importorskip("aiohttp", reason="pip install aiohttp")
    with served(files) as (address, _):
        same_rows(load_data(f"{address}/rows.csv?version=2"), load_data(files / "rows.csv"))
        # An object without an ending is what the server says.
        assert [*load_data(f"{address}/export?format=csv").spec.columns[0].name] == ["a"]


def test_an_object_is_fetched_once_until_it_changes(memory):
    system = fsspec.filesystem("memory")
    copy = remote.fetched(f"{memory}/rows.csv")
    assert remote.fetched(f"{memory}/rows.csv") == copy == remote.copied(f"{memory}/rows.csv")
    before = load_data(f"{memory}/rows.csv")
    system.pipe("/files/rows.csv", plain_rows(80).to_csv(index=False).encode())
    # What is marked and read afterwards is what was named, not what has come since.
    assert remote.copied(f"{memory}/rows.csv") == copy
    after = load_data(f"{memory}/rows.csv")
    assert (sum(before.rows.values()), sum(after.rows.values())) == (60, 80)


def test_more_rows_are_read_from_an_address_as_from_a_file(files, memory):
    section = parse_source(f"{memory}/rows.csv") | {"labels": "odd"}
    assert section == {"name": "tables", "path": f"{memory}/rows.csv", "labels": "odd"}
    spec = load_data(files / "rows.csv", labels="odd").spec
    name, there = read_examples(f"{memory}/rows.csv", section, spec)
    _, here = read_examples(str(files / "rows.csv"), section, spec)
    assert name == "rows"
    assert there.examples.equals(here.examples)


def test_a_later_reading_gives_the_same_rows_or_is_refused(files, memory):
    recipe = Recipe.of(source=f"{memory}/rows.csv")
    data = recipe.load()
    assert data.source.files["path"].path == f"{memory}/rows.csv"
    pinned = Source.from_dict(data.source.to_dict())
    system = fsspec.filesystem("memory")
    grown = (files / "rows.csv").read_bytes() + plain_rows(9, seed=1).to_csv(
        index=False, header=False
    ).encode()
    system.pipe("/files/rows.csv", grown)
    _copies._copies.clear()  # as in another process
    with pytest.warns(UserWarning, match="has grown since the training"):
        same_rows(recipe.load(pinned), data)
    system.pipe("/files/rows.csv", plain_rows(60, seed=1).to_csv(index=False).encode())
    _copies._copies.clear()
    with pytest.raises(ValueError, match="received a changed one"):
        recipe.load(pinned)
    system.rm("/files/rows.csv")
    _copies._copies.clear()
    with pytest.raises(FileNotFoundError, match=r"data at memory://files/rows\.csv, found nothing there"):
        recipe.load(pinned)


def copies():
    """The files that the copies of this process hold."""
    return sorted(Path(_copies._home(os.getpid())).rglob("*"))


def test_what_cannot_be_read_is_one_line_and_leaves_nothing(files, monkeypatch):
    pytest.importorskip("aiohttp", reason="pip install aiohttp")
    with served(files) as (address, _):
        before = copies()
        with pytest.raises(FileNotFoundError, match=rf"^Expected data at {address}/none\.csv, found nothing"):
            load_data(f"{address}/none.csv")
        with pytest.raises(PermissionError, match=rf"^Expected leave to read {address}/refused\.csv, was r"):
            load_data(f"{address}/refused.csv")
        with pytest.raises(OSError, match=rf"^Expected to read {address}/cut\.csv, failed: "):
            load_data(f"{address}/cut.csv")
        assert copies() == before
        monkeypatch.setenv("TOKEN", "wr0ng")
        with pytest.raises(PermissionError) as refused:
            load_data(f"{address}/refused.csv?token=${{TOKEN}}")
        assert "wr0ng" not in str(refused.value)
        assert "${TOKEN}" in str(refused.value)
    with pytest.raises(OSError, match=rf"^Expected to read {address}/rows\.csv, failed: "):
        load_data(f"{address}/rows.csv")
    assert copies() == before


def test_a_copy_that_is_too_short_is_refused(memory, monkeypatch):
    def short(self, remote, local, **_):
        Path(local).write_bytes(self.cat_file(remote)[:-10])

    monkeypatch.setattr(MemoryFileSystem, "get_file", short)
    before = copies()
    with pytest.raises(
        OSError, match=r"^Expected to read memory://files/rows\.csv, failed: .* bytes of rows"
    ):
        load_data("memory://files/rows.csv")
    assert copies() == before


def test_a_secret_is_taken_from_a_variable_and_kept_nowhere(files, monkeypatch):
    pytest.importorskip("aiohttp", reason="pip install aiohttp")
    with served(files) as (address, asked):
        (files / "refused.csv").write_bytes((files / "rows.csv").read_bytes())
        with pytest.raises(ValueError, match=r"without a password or a key.*token=\$\{SECRET\}'") as refused:
            parse_source(f"{address}/refused.csv?token=s3cret")
        assert "s3cret" not in str(refused.value)
        assert not asked
        monkeypatch.setenv("TOKEN", "s3cret")
        recipe = Recipe.of(source=f"{address}/refused.csv?token=${{TOKEN}}")
        data = recipe.load()
    same_rows(data, Recipe.of(source=str(files / "rows.csv")).load())
    assert "s3cret" not in repr((recipe, data.source))
    monkeypatch.delenv("TOKEN")
    with pytest.raises(ValueError, match="Expected the environment variable TOKEN, which"):
        parse_source(f"{address}/refused.csv?token=${{TOKEN}}")


def test_unknown_and_missing_protocols_are_told(monkeypatch):
    with pytest.raises(ValueError, match=r"^Unknown protocol gopher:// in gopher://a/rows\.csv; expected"):
        load_data("gopher://a/rows.csv")
    for protocol, package, extra in (("gs", "gcsfs", "gs"), ("abfs", "adlfs", "azure")):
        monkeypatch.setitem(sys.modules, package, None)
        words = rf"the package that reads {protocol}://, found none; .*pip install 'kerasae\[{extra}\]'"
        with pytest.raises(ImportError, match=rf"^Expected {words}"):
            load_data(f"{protocol}://bucket/rows.csv")


def test_a_comparison_is_for_a_folder_of_this_machine(kerasae):
    status, _, error = kerasae("compare", "digits", "--out", "s3://bucket/run")
    assert status == 2
    assert "Expected a folder of this machine for --out, received the address s3://bucket/run" in error
    assert not Path("s3:").exists()


def test_messages_have_the_address_in_place_of_the_copy(kerasae, tmp_path):
    fsspec.filesystem("memory").pipe("/broken.csv", b"a,b\n1,2\n3,4\n5,6\n1,2,3\n")
    status, _, error = kerasae("train", "memory://broken.csv", "--out", tmp_path / "run")
    assert status == 2
    assert "memory://broken.csv, line 5: expected 2 cells, received 3" in error
    assert tempfile.gettempdir() not in error
