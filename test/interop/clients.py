"""Pinecone's own Python client against the emulator: prints what it was answered as one JSON object.

Usage: clients.py CONTROL_PLANE INDEX_NAME IMPORT_URI
"""

import json
import sys
import time

from pinecone import Pinecone, ServerlessSpec
from pinecone.errors import PineconeError

host, name, uri = sys.argv[1:]
pc = Pinecone(api_key="test-key", host=host)
described = pc.describe_index(name)
index = pc.Index(host=described.host)
out = {"indexes": [each.name for each in pc.list_indexes()], "host": described.host, "ready": described.status.ready}


def finish(import_id):
    for _ in range(600):
        model = index.describe_import(import_id)
        if model.status not in ("Pending", "InProgress"):
            return model
        time.sleep(0.05)
    raise SystemExit("the import does not end")


def refusal(call):
    try:
        call()
    except PineconeError as error:
        return f"{type(error).__name__}: {error}"
    return None


first = index.start_import(uri, error_mode="abort").id
done = finish(first)
out["first"] = {
    "status": done.status,
    "records": done.records_imported,
    "percent": done.percent_complete,
    "uri": done.uri,
    "created": done.created_at is not None,
    "finished": done.finished_at is not None,
}
out["second"] = {"error": finish(index.start_import(uri).id).error}
slow = index.start_import(uri).id
index.cancel_import(slow)
out["cancelled"] = index.describe_import(slow).status
out["imports"] = [each.id for each in index.list_imports(limit=2)]
page = index.list_imports_paginated(limit=2)
pages = [[each.id for each in page]]
while page.pagination is not None and page.pagination.next:
    page = index.list_imports_paginated(limit=2, pagination_token=page.pagination.next)
    pages.append([each.id for each in page])
out["pages"] = pages

stats = index.describe_index_stats()
out["stats"] = {
    "total": stats.total_vector_count,
    "dimension": stats.dimension,
    "namespaces": {key: value.vector_count for key, value in stats.namespaces.items()},
}
out["namespaces"] = {each.name: int(each.record_count) for page in index.list_namespaces(limit=1) for each in page.namespaces}
some = sorted(out["namespaces"])[0]
out["described"] = int(index.describe_namespace(name=some).record_count)
made = index.create_namespace(name="made-by-python")
out["made"] = made.name
index.delete_namespace(name="made-by-python")
out["gone"] = refusal(lambda: index.describe_namespace(name="made-by-python"))

ids = [item.id for page in index.list(namespace=some, limit=3) for item in page.vectors][:3]
fetched = index.fetch(ids=ids, namespace=some)
out["fetched"] = {
    key: {"values": list(record.values), "metadata": record.metadata} for key, record in fetched.vectors.items()
}
out["namespace"] = some
pc.create_index(
    name="made-by-python", dimension=2, metric="dotproduct", spec=ServerlessSpec(cloud="aws", region="us-east-1")
)
out["made_index"] = pc.describe_index("made-by-python").status.ready
pc.delete_index("made-by-python")
out["refusals"] = {
    "scheme": refusal(lambda: index.start_import("ftp://host/x")),
    "missing": refusal(lambda: index.describe_import("77")),
    "index": refusal(lambda: pc.describe_index("nothing")),
}
print(json.dumps(out))
