"""Registry of the members of rooms: a room is a folder, and a file name is the name of a member.

The file `kerasae/models/variational.py` is `--model variational` on the command line and `"variational"` in
a recipe, and the conformance test covers it. The member of a file is its only public class. If it has no
public class, it is the public function with the name of the file. A member that needs several files is a
package, and `__all__` in its `__init__.py` contains only the name of the member. A name that starts with an
underscore is a helper.

The environment variable `KERASAE_PATH` lists folders of the user, separated as in `PATH`. Each contains
folders with the names of rooms. With `KERASAE_PATH=my_parts` the file `my_parts/models/wasserstein.py` is
`--model wasserstein`. A folder that is not there is an error.
"""

from kerasae.registry._members import (
    ROOMS,
    annotations,
    check,
    check_name,
    did_you_mean,
    folders,
    get,
    members,
    module_of,
    names,
    parameters,
    resolve,
    source_of,
    when_used,
)
from kerasae.registry._types import check_type, type_name

__all__ = [
    "ROOMS",
    "annotations",
    "check",
    "check_name",
    "check_type",
    "did_you_mean",
    "folders",
    "get",
    "members",
    "module_of",
    "names",
    "parameters",
    "resolve",
    "source_of",
    "type_name",
    "when_used",
]
