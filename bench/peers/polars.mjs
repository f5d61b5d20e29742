// polars, lazily: scan the lines, write one Parquet file. Its JavaScript package has no partitioned writing, so this does less
// than the others: one file for all namespaces. The threads are those of POLARS_MAX_THREADS.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pl from 'nodejs-polars';
import { done, peerArguments } from './arguments.mjs';

const { input, out } = peerArguments();
mkdirSync(out, { recursive: true });
const started = performance.now();
await pl
  .scanJson(input, { inferSchemaLength: 100 })
  .select(
    pl.col('id'),
    pl.col('namespace'),
    pl.col('values').cast(pl.List(pl.Float32)),
    pl.col('metadata').struct.jsonEncode(),
  )
  .sinkParquet(join(out, 'all.parquet'), { compression: 'snappy' })
  .collect();
done(undefined, (performance.now() - started) / 1000);
