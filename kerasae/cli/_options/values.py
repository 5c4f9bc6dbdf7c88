"""Values of settings, as they stand after `--set section.name=`."""

import json
import re
from typing import Any


def value_of(text: str) -> Any:
    """Return the value of a text: JSON where it is JSON, a list of bare words, or the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        # In [a, b] the shell has taken the quotes away, or nobody has written them.
        if re.fullmatch(r"\[[^][{}\"]*\]", text.strip()):
            return [value_of(part.strip()) for part in text.strip()[1:-1].split(",")]
        return text
