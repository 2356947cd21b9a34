"""How much memory a process may still take."""

from pathlib import Path

ROOT = Path("/")


def free_memory(root: Path = ROOT) -> int | None:
    """Returns the bytes that are free: of the machine, of a container, of the process's limit.

    Args:
      root: Where `proc` and `sys` are.

    Returns:
      The least of what is known, or None on a system that does not say it.
    """
    known = (_of_machine(root), _of_container(root), _of_limit(root))
    return min((each for each in known if each is not None), default=None)


def _of_machine(root: Path) -> int | None:
    available = _fields(root / "proc/meminfo").get("MemAvailable:")
    return None if available is None else 1024 * available


def _of_container(root: Path) -> int | None:
    folder = root / "sys/fs/cgroup"
    for most, used, cached, below in (
        ("memory.max", "memory.current", "inactive_file", ""),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "memory"),
    ):
        limit, usage = (_number(folder / below / name) for name in (most, used))
        if limit is not None and usage is not None:
            # Files in the cache make room.
            cache = _fields(folder / below / "memory.stat").get(cached, 0)
            return max(limit - usage + cache, 0)
    return None


def _of_limit(root: Path) -> int | None:
    try:
        import resource
    except ImportError:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    size = _fields(root / "proc/self/status").get("VmSize:")
    if limit == resource.RLIM_INFINITY or size is None:
        return None
    return max(limit - 1024 * size, 0)


def _fields(file: Path) -> dict[str, int]:
    """Returns the whole numbers of a file that has a name and a number in each line."""
    found = {}
    for line in _text(file).splitlines():
        words = line.split()
        if len(words) >= 2 and words[1].isdigit():
            found[words[0]] = int(words[1])
    return found


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdigit() else None


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
