// Loaded into the CLI by NODE_OPTIONS=--require: notes, in order, what of the file system is made, named and synced, into NOTE_SYNCS.
'use strict';
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const process = require('node:process');

const log = process.env.NOTE_SYNCS;
const { appendFileSync } = fs;
const note = (...parts) => appendFileSync(log, `${JSON.stringify(parts)}\n`);
const { open, rename, link, mkdir } = fs.promises;
fs.promises.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  const { sync } = handle;
  handle.sync = async () => {
    await sync.call(handle);
    note('sync', String(path));
  };
  return handle;
};
// Noted before, so that whatever depends on it comes after.
fs.promises.rename = (from, to) => {
  note('name', String(from), String(to));
  return rename(from, to);
};
fs.promises.link = (from, to) => {
  note('name', String(from), String(to));
  return link(from, to);
};
fs.promises.mkdir = async (path, options) => {
  const made = await mkdir(path, options);
  // With `recursive` it tells the first of those that it made, and nothing when all were there.
  if (options?.recursive !== true || made !== undefined) note('mkdir', String(path));
  return made;
};

// The same by descriptors, through the thread pool and at once.
const paths = new Map();
const { open: openLater, openSync, fsync, renameSync, mkdirSync } = fs;
fs.open = (path, ...rest) => {
  const done = rest.pop();
  openLater(path, ...rest, (error, fd) => {
    if (!error) paths.set(fd, String(path));
    done(error, fd);
  });
};
fs.openSync = (path, ...rest) => {
  const fd = openSync(path, ...rest);
  paths.set(fd, String(path));
  return fd;
};
fs.fsync = (fd, done) => {
  const path = paths.get(fd);
  fsync(fd, (error) => {
    if (!error && path !== undefined) note('sync', path);
    done(error);
  });
};
fs.renameSync = (from, to) => {
  note('name', String(from), String(to));
  return renameSync(from, to);
};
fs.mkdirSync = (path, ...rest) => {
  const made = mkdirSync(path, ...rest);
  note('mkdir', String(path));
  return made;
};
syncBuiltinESMExports();
