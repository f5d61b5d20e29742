"""Writes Parquet as other tools write it, right and wrong, and what they hold as JSON: validate_files.py DIR"""

import json
import os
import struct
import sys

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = sys.argv[1]
ROWS = 3000
DIMENSION = 24
rng = np.random.default_rng(7)

vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
vectors[::3, 0] = 0.1
vectors[5] = 1.0
ids = [f"id-{i:05d}" for i in range(ROWS)]
metadata = [None if i % 3 == 0 else json.dumps({"n": i, "tags": ["a", "b"], "t": "ü" * (i % 7)}) for i in range(ROWS)]
sparse = [
    None if i % 5 == 0 else {"indices": [i, i + 1, 4294967295 - i][: 1 + i % 3], "values": [0.5, 1.5, i / 7][: 1 + i % 3]}
    for i in range(ROWS)
]
SPARSE = pa.struct([("indices", pa.list_(pa.uint32())), ("values", pa.list_(pa.float32()))])


def column(type_=None):
    flat = pa.array(vectors.ravel())
    fixed = pa.FixedSizeListArray.from_arrays(flat, DIMENSION)
    return fixed.cast(type_ or pa.list_(pa.field("element", pa.float32())))


def table(**columns):
    base = {"id": pa.array(ids), "values": column(), "sparse_values": pa.array(sparse, SPARSE), "metadata": pa.array(metadata)}
    base.update(columns)
    return pa.table({name: value for name, value in base.items() if value is not None})


def path(*parts):
    where = os.path.join(ROOT, *parts)
    os.makedirs(os.path.dirname(where), exist_ok=True)
    return where


def right(name, data, **options):
    pq.write_table(data, path("right", name, "ns", "0.parquet"), **options)


VALUES, INDICES, WEIGHTS = "values.list.element", "sparse_values.indices.list.element", "sparse_values.values.list.element"
for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
    for version in ["1.0", "2.0"]:
        right(f"{codec}-page-{version}", table(), compression=codec, data_page_version=version, row_group_size=1100)
right("plain", table(), use_dictionary=False, compression="none")
right("small-pages", table(), data_page_size=700, write_batch_size=50)
right("checksums", table(), write_page_checksum=True)
right("page-index", table(), write_page_index=True, store_decimal_as_integer=True)
right("split", table(), use_dictionary=False, column_encoding={VALUES: "BYTE_STREAM_SPLIT", WEIGHTS: "BYTE_STREAM_SPLIT", INDICES: "BYTE_STREAM_SPLIT"})
for version in ["1.0", "2.0"]:
    delta = {"id": "DELTA_BYTE_ARRAY", "metadata": "DELTA_LENGTH_BYTE_ARRAY", INDICES: "DELTA_BINARY_PACKED"}
    right(f"delta-{version}", table(), use_dictionary=False, column_encoding=delta, data_page_version=version)
    other = {"id": "DELTA_LENGTH_BYTE_ARRAY", "metadata": "DELTA_BYTE_ARRAY"}
    right(f"delta-other-{version}", table(), use_dictionary=False, column_encoding=other, data_page_version=version)
right("item", table(), use_compliant_nested_type=False)
right("large", table(id=pa.array(ids, pa.large_string()), metadata=pa.array(metadata, pa.large_string()), values=column(pa.large_list(pa.float32()))))
right("fixed-size", table(values=column(pa.list_(pa.float32(), DIMENSION))))
right("double", table(values=column(pa.list_(pa.float64()))))
right("double-split", table(values=column(pa.list_(pa.float64()))), use_dictionary=False, column_encoding={VALUES: "BYTE_STREAM_SPLIT"})
for name, integer in [("int64", pa.int64()), ("uint64", pa.uint64())]:
    wide = pa.struct([("indices", pa.list_(integer)), ("values", pa.list_(pa.float64()))])
    right(name, table(sparse_values=pa.array(sparse, wide)))
    right(f"{name}-delta", table(sparse_values=pa.array(sparse, wide)), use_dictionary=False, column_encoding={INDICES: "DELTA_BINARY_PACKED"})
required = pa.schema([
    pa.field("id", pa.string(), nullable=False),
    pa.field("values", pa.list_(pa.field("element", pa.float32(), nullable=False)), nullable=False),
    pa.field("sparse_values", SPARSE),
    pa.field("metadata", pa.string()),
])
right("required", pa.table([table().column(n).cast(required.field(n).type) for n in required.names], schema=required))

frame = pl.from_arrow(table())
for codec in ["uncompressed", "snappy", "zstd", "lz4", "gzip", "brotli"]:
    frame.write_parquet(path("right", f"polars-{codec}", "ns", "0.parquet"), compression=codec, row_group_size=1000)

wrong = {
    "double16": table(values=pa.array(vectors.astype(np.float16).tolist(), pa.list_(pa.float16()))),
    "integers": table(values=pa.array(vectors.astype(np.int32).tolist(), pa.list_(pa.int32()))),
    "metadata-struct": table(metadata=pa.array([{"n": i} for i in range(ROWS)])),
    "metadata-binary": table(metadata=pa.array([b"{}"] * ROWS)),
    "id-int": table(id=pa.array(range(ROWS))),
    "pandas-index": table(__index_level_0__=pa.array(range(ROWS))),
    "no-values": table(values=None, sparse_values=None),
    "nulls": table(id=pa.array([None] + ids[1:]), values=pa.array([None if i == 1 else [1.0, float(i)] for i in range(ROWS)], pa.list_(pa.float32()))),
    "null-element": table(values=pa.array([[1.0, None] if i == 7 else [1.0, float(i)] for i in range(ROWS)], pa.list_(pa.float32()))),
    "dictionary-zero": table(values=pa.array([[0.0, -0.0] if i == 9 else [1.0, float(i)] for i in range(ROWS)], pa.list_(pa.float32()))),
    "sparse-null-list": table(sparse_values=pa.array([{"indices": None, "values": [1.0]}] * ROWS, SPARSE)),
}
for name, data in wrong.items():
    pq.write_table(data, path("wrong", name, "ns", "0.parquet"))

hexes = lambda numbers: b"".join(struct.pack("<f", x) for x in numbers).hex()
with open(path("expected.json"), "w") as out:
    json.dump(
        {
            "ids": ids,
            "metadata": metadata,
            "values": [row.tobytes().hex() for row in vectors],
            "indices": [None if s is None else s["indices"] for s in sparse],
            "weights": [None if s is None else hexes(s["values"]) for s in sparse],
        },
        out,
    )
