"""Writes an import directory by pyarrow for each published error text of the service: emulator_files.py DIR"""

import json
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = sys.argv[1]
LIST = pa.list_(pa.field("element", pa.float32()))
SPARSE = pa.struct([("indices", pa.list_(pa.uint32())), ("values", pa.list_(pa.float32()))])


def path(*parts):
    where = os.path.join(ROOT, *parts)
    os.makedirs(os.path.dirname(where), exist_ok=True)
    return where


def table(rows=3, **columns):
    base = {
        "id": pa.array([f"id-{i}" for i in range(rows)]),
        "values": pa.array([[i + 1.0, 2.0] for i in range(rows)], LIST),
        "metadata": pa.array([json.dumps({"n": i}) for i in range(rows)]),
    }
    base.update(columns)
    return pa.table({name: value for name, value in base.items() if value is not None})


def write(case, data, *key):
    pq.write_table(data, path(case, *(key or ("ns", "0.parquet"))))


write("right", table())
write("no-namespace", table(), "0.parquet")
write("exists", table(), "namespace1", "0.parquet")
with open(path("no-files", "ns", "readme.txt"), "w") as file:
    file.write("nothing else")
write("missing-id", table(id=None))
write("missing-values", table(values=None))
write("extra", table(extra=pa.array([1, 2, 3])))
write("pandas-index", table(__index_level_0__=pa.array([0, 1, 2])))
with open(path("no-parquet", "ns", "0.parquet"), "wb") as file:
    file.write(b"id,values\na,1\n" * 20)
write("cut-off", table())
with open(path("cut-off", "ns", "0.parquet"), "r+b") as file:
    file.truncate(os.path.getsize(file.name) - 9)
write("id-integers", table(id=pa.array([1, 2, 3], pa.int64())))
write("values-text", table(values=pa.array(["[1, 2]"] * 3)))
write("values-integers", table(values=pa.array([[1, 2]] * 3, pa.list_(pa.field("element", pa.int32())))))
write("metadata-struct", table(metadata=pa.array([{"n": 1}] * 3)))
write("metadata-binary", table(metadata=pa.array([b"{}"] * 3)))
write("null-id", table(id=pa.array(["id-0", None, "id-2"])))
write("null-values", table(values=pa.array([[1, 2], None, [3, 4]], LIST)))
write("bad-metadata", table(metadata=pa.array(['{"n": 1}', '{"n": 2}', "{"])))
write("all-skipped", table(id=pa.array([None] * 3, pa.string())), "example-namespace", "0.parquet")
sparse = pa.array([{"indices": [i], "values": [1.0]} for i in range(3)], SPARSE)
write("dense-into-sparse", table(sparse_values=sparse))
