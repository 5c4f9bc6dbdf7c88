"""settle: a bundle whose publishing was killed, put back as it was."""

from pathlib import Path

import filelock
from kerasae.export.bundles._publish import LOCK, is_interrupted, recover


def settle(root: Path) -> None:
    """Put back the old bundle if an export was killed during publishing, and no other one is at work.

    Raises:
        ValueError: If another export is running and does not end within ten seconds.
    """
    if not is_interrupted(root):
        return
    try:
        with filelock.FileLock(root / LOCK, timeout=10):
            recover(root)
    except filelock.Timeout:
        raise ValueError(f"Expected no export into {root}, but one is running.") from None
