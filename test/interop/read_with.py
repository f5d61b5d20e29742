"""Reads Parquet files with one reader and prints their rows as JSON: read_with.py READER FILE...

Floats come out as the hex of their float32 bits, so that nothing is rounded on the way.
"""

import json
import struct
import sys


def bits(value):
    return struct.pack("<f", value).hex()


def vector(values):
    return None if values is None else [bits(v) for v in values]


def row(record):
    out = {"id": record["id"], "metadata": record.get("metadata")}
    if "values" in record:
        out["values"] = vector(record["values"])
    if "sparse_values" in record:
        sparse = record["sparse_values"]
        if sparse is None or sparse.get("indices") is None:
            out["sparse"] = None
        else:
            out["sparse"] = {
                "indices": [int(i) & 0xFFFFFFFF for i in sparse["indices"]],
                "values": vector(sparse["values"]),
            }
    return out


def pyarrow(path):
    import pyarrow.parquet as pq

    return pq.ParquetFile(path).read().to_pylist()


def polars(path):
    import polars as pl

    return pl.read_parquet(path).to_dicts()


def duckdb(path):
    import duckdb

    cursor = duckdb.connect().execute("SELECT * FROM read_parquet(?)", [path])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values)) for values in cursor.fetchall()]


def fastparquet(path):
    import fastparquet as fp

    table = fp.ParquetFile(path).to_pandas()
    records = []
    for record in table.to_dict("records"):
        flat = {"id": text(record["id"]), "metadata": text(record["metadata"])}
        if "values" in record or "values.list.element" in record:
            flat["values"] = record.get("values", record.get("values.list.element"))
        records.append(flat)
    return records


def text(value):
    if value is None or value != value:
        return None
    return value.decode() if isinstance(value, bytes) else value


def clickhouse(path):
    import chdb

    # As it infers the types itself; NaN-free, floats as their bits.
    described = chdb.query(f"DESCRIBE TABLE file('{path}', Parquet)", "JSONEachRow").bytes().decode()
    columns = [json.loads(line)["name"] for line in described.splitlines()]
    parts = ["id", "metadata"]
    if "values" in columns:
        parts.append("arrayMap(x -> reinterpretAsUInt32(x), values) AS value_bits")
    if "sparse_values" in columns:
        parts.append("sparse_values.indices AS indices")
        parts.append("arrayMap(x -> reinterpretAsUInt32(x), sparse_values.values) AS sparse_bits")
    query = f"SELECT {', '.join(parts)} FROM file('{path}', Parquet)"
    answer = chdb.query(query, "JSONEachRow").bytes().decode()
    records = []
    for line in answer.splitlines():
        found = json.loads(line)
        record = {"id": found["id"], "metadata": found["metadata"]}
        if "value_bits" in found:
            record["values"] = [from_bits(b) for b in found["value_bits"]]
        if "indices" in found:
            # ClickHouse has no null arrays: a null struct reads as empty lists.
            empty = not found["indices"]
            record["sparse_values"] = None if empty else {
                "indices": found["indices"],
                "values": [from_bits(b) for b in found["sparse_bits"]],
            }
        records.append(record)
    return records


def from_bits(number):
    return struct.unpack("<f", struct.pack("<I", int(number)))[0]


if __name__ == "__main__":
    read = {f.__name__: f for f in (pyarrow, polars, duckdb, fastparquet, clickhouse)}[sys.argv[1]]
    rows = [row(record) for path in sys.argv[2:] for record in read(path)]
    json.dump(rows, sys.stdout)
