"""Files of data that were made by hand to break what reads them."""

import io
import pickle
import struct
import zipfile

import numpy as np

ROWS = np.arange(200, dtype="float32").reshape([50, 4])


def npy(descr="'<f4'", shape="(5, 2)", body=bytes(80)):
    """Writes the bytes of a `.npy` file whose header says what one likes."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def saved(values):
    content = io.BytesIO()
    np.save(content, values, allow_pickle=True)
    return content.getvalue()


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def zipped(name, member, compression=zipfile.ZIP_STORED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        archive.writestr(name, member)
    return content.getvalue()


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 8]) + content[place + 1 :]


NUMPY = {
    "empty.npy": (b"", "No data left in file"),
    "beginning.npy": (saved(ROWS)[:6], "cannot be read"),
    "cut.npy": (saved(ROWS)[:-7], "could only read 198 elements"),
    "cut header.npy": (saved(ROWS)[:40], "cannot be read"),
    "absurd.npy": (npy(shape="(1000000000000, 1000)"), "Unable to allocate"),
    "larger than it is.npy": (npy(shape="(1000000000, 4)"), "could only read"),
    "negative.npy": (npy(shape="(-3, 4)"), "cannot be read"),
    "fractional.npy": (npy(shape="(2.5, 4)"), "cannot be read"),
    "no columns.npy": (npy(shape="(5, 0)"), r"rows of values, \[rows, ...\]; got .* \[5, 0\]"),
    "no rows.npy": (npy(shape="(0, 5)"), r"got an array of shape \[0, 5\]"),
    "a number.npy": (saved(np.float32(1)), r"got an array of shape \[\]"),
    "void.npy": (npy("'|V0'"), r"real numbers; got \|V0"),
    "text.npy": (npy("'<U1'"), "real numbers; got <U1"),
    "dates.npy": (npy("'<M8[s]'"), "real numbers; got datetime64"),
    "records.npy": (npy("[('a', '<f4'), ('b', '<f4')]"), "real numbers"),
    "complex.npy": (npy("'<c8'"), "real numbers; got complex64"),
    "long header.npy": (npy("(" * 5000 + ")" * 5000), "Header info length"),
    "objects.npy": (saved(np.array([[{}]], object)), "Python objects, which are not read"),
    "pickle.npy": (pickle.dumps({}), "Python objects, which are not read"),
    "objects.npz": (npz(x=np.array([[{}]], object)), "Python objects, which are not read"),
    "empty.npz": (b"", "No data left in file"),
    "cut.npz": (npz(x=ROWS)[:-30], "cannot be read"),
    "altered.npz": (flipped(npz(x=ROWS), 300), "Bad CRC"),
    "no array.npz": (npz(), "it holds no array"),
    "several.npz": (npz(a=ROWS, b=ROWS), "one called 'x'; it holds a, b"),
    "climbing.npz": (zipped("../../x.npy", b"text"), "must hold an array"),
    "text.npz": (zipped("x", b"text"), "must hold an array"),
    "absurd.npz": (zipped("x.npy", npy(shape="(1000000000000, 9)")), "Unable to allocate"),
}

A_MILLION = [str(number) for number in range(10**6)]

CSV = {
    "empty.csv": ("", "it is empty"),
    "blank lines.csv": ("\n\n\n", "it is empty"),
    "only names.csv": ("a,b\n", "no rows of numbers"),
    "a million columns.csv": (",".join(A_MILLION), "may have 100,000 columns and .* 1,000,000"),
    "a million names.csv": ("c" + ",c".join(A_MILLION) + "\n1,2\n", "may have 100,000 columns"),
    "a huge field.csv": ("a" * 10**6 + ",b\n1,2\n", "field larger than field limit"),
    "a huge line.csv": ("1," * 2**23 + "1\n", "a line of 16,777,216 characters or more"),
    "a huge value.csv": ("1,2\n" + "x" * 10**6 + ",2\n", "field larger than field limit"),
    "more names.csv": ("a,b,c\n1,2\n3,4\n", "line 2 has 2 cells, and the first line 3"),
    "names of two lines.csv": ('"a\nb",c\n1,x\n', "line 3, column .*: 'x' is no number"),
    "names twice.csv": ("a,b\nc,d\n1,2\n", "line 2, column 'a': 'c' is no number"),
    "open quote.csv": ('"1,2\n3,4\n', "no rows of numbers"),
    "mixed.csv": ("1,2\nx,3\n", "line 2, column 1: 'x' is no number"),
    "ragged.csv": ("1,2\n3\n", "line 2 has 1 cells, and the first line 2"),
    "dates.csv": ("d,v\n2020-01-01,3\n", "2020-01-01"),
    "commented.csv": ("1,2\n3,4#5\n", "4#5"),
    "escapes.csv": ("1,2\n\x1b[31m,3\n", "is no number"),
    "zeros.csv": ("1,2\n\0,3\n", "is no number"),
    "noise.csv": (np.random.default_rng(0).bytes(5000), "it must be text in UTF-8"),
}

FILES = {**NUMPY, **CSV}


def written(name, folder):
    """Writes one of these files, and returns its path."""
    content = FILES[name][0]
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
