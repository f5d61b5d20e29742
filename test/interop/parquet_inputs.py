"""Writes the same records as Parquet in the ways of pyarrow, pandas and polars: parquet_inputs.py DIR"""

import os
import sys
from datetime import datetime, timedelta, timezone

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = sys.argv[1]
ROWS = 700
DIMENSION = 6
vectors = [[float(np.float32(i + 0.1 * k)) + 0.0 for k in range(DIMENSION)] for i in range(ROWS)]
ids = list(range(ROWS))
titles = [None if i % 5 == 0 else f"title {i} ü\n" for i in range(ROWS)]
tags = [None if i % 3 == 0 else ["a", f"b{i}"][: i % 3] for i in range(ROWS)]
when = [datetime(2024, 2, 29, 12, tzinfo=timezone.utc) + timedelta(hours=i) for i in range(ROWS)]


def table(vector_type, id_type=pa.int64(), text_type=pa.string(), dictionary=False):
    title = pa.array(titles, text_type)
    return pa.table(
        {
            "_id": pa.array(ids, id_type),
            "emb": pa.array(vectors, vector_type),
            "title": title.dictionary_encode() if dictionary else title,
            "tags": pa.array(tags, pa.list_(text_type)),
            "at": pa.array(when, pa.timestamp("ms", tz="UTC")),
        }
    )


def write(name, what, **options):
    pq.write_table(what, os.path.join(ROOT, name + ".parquet"), **options)


f32 = pa.list_(pa.float32())
write("pyarrow", table(f32), row_group_size=150)
write("pyarrow-double-v2", table(pa.list_(pa.float64())), data_page_version="2.0", compression="zstd", data_page_size=2000)
write("pyarrow-fixed", table(pa.list_(pa.float32(), DIMENSION)), compression="gzip")
write("pyarrow-large", table(pa.large_list(pa.float32()), text_type=pa.large_string()), compression="brotli")
write("pyarrow-item", table(f32, pa.int32()), use_compliant_nested_type=False, compression="lz4", use_dictionary=False)
write("pyarrow-dictionary", table(f32, dictionary=True), compression="none", write_statistics=False)
write("pyarrow-delta", table(f32), use_dictionary=False, column_encoding={"_id": "DELTA_BINARY_PACKED", "title": "DELTA_BYTE_ARRAY"})
frame = pd.DataFrame({"_id": ids, "emb": [np.array(v, np.float32) for v in vectors], "title": titles, "tags": tags, "at": pd.to_datetime(when).as_unit("ms")})
frame.to_parquet(os.path.join(ROOT, "pandas.parquet"))
pl.from_arrow(table(f32)).write_parquet(os.path.join(ROOT, "polars.parquet"))
