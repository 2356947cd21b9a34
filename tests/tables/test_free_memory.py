import pytest

from tfp_vae.tables.free_memory import free_memory

GB = 10**9


def write(root, files):
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


MACHINE = {"proc/meminfo": f"MemTotal: 9 kB\nMemAvailable:   {8 * GB // 1024} kB\n"}
NEW = {
    "sys/fs/cgroup/memory.max": f"{5 * GB}\n",
    "sys/fs/cgroup/memory.current": f"{4 * GB}\n",
    "sys/fs/cgroup/memory.stat": f"anon 5\ninactive_file {2 * GB}\n",
}
OLD = {
    "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{5 * GB}\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{4 * GB}\n",
    "sys/fs/cgroup/memory/memory.stat": f"total_inactive_file {GB}\n",
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        (MACHINE, 8 * GB),
        (MACHINE | NEW, 3 * GB),
        (MACHINE | NEW | {"sys/fs/cgroup/memory.max": "max\n"}, 8 * GB),
        (MACHINE | NEW | {"sys/fs/cgroup/memory.max": f"{GB}\n"}, 0),
        (MACHINE | OLD, 2 * GB),
        (OLD, 2 * GB),
        (MACHINE | {"proc/meminfo": "nonsense\n"}, None),
    ],
)
def test_the_least_of_machine_and_container_counts(tmp_path, files, expected):
    write(tmp_path, files)
    found = free_memory(tmp_path)
    assert found == expected or abs(found - expected) < 1024


def test_the_limit_of_the_process_counts(tmp_path, monkeypatch):
    resource = pytest.importorskip("resource")
    write(tmp_path, MACHINE | {"proc/self/status": f"Name: x\nVmSize: {2 * GB // 1024} kB\n"})
    monkeypatch.setattr(resource, "getrlimit", lambda _: (3 * GB, resource.RLIM_INFINITY))
    assert abs(free_memory(tmp_path) - GB) < 1024
    monkeypatch.setattr(resource, "getrlimit", lambda _: (GB, resource.RLIM_INFINITY))
    assert free_memory(tmp_path) == 0
