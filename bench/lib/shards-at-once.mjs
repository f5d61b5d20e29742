#!/usr/bin/env node
// plan, then n shards as processes at the same time, then commit: what several machines do, on one.
//
//     node bench/lib/shards-at-once.mjs SHARDS INPUT TARGET [options of plan] -- [options of each shard]
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url));
const [shards, input, target, ...more] = process.argv.slice(2);
const between = more.indexOf('--');
const [ofPlan, ofShards] = between < 0 ? [more, []] : [more.slice(0, between), more.slice(between + 1)];

function pineload(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`pineload ${args[0]} ended with ${signal ?? code}`)),
    );
  });
}

const plan = ['--plan', `${target}.pineload`];
await pineload(['plan', input, '--to', target, ...ofPlan]);
await Promise.all(
  Array.from({ length: Number(shards) }, (_, i) =>
    pineload(['convert', ...plan, '--shard', `${i}/${shards}`, ...ofShards]),
  ),
);
await pineload(['commit', ...plan]);
