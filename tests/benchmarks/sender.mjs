// Node and its `ws`, sending the very same frames: `node sender.mjs FRAMES`. It obeys the lines of tests/support/stage.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws';

const HOST = '127.0.0.1';
const MICROSECONDS = 1e6;

const rounds = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const followers = new Map(Object.keys(rounds[0]).map((name) => [name, []]));
let now = 0;
let spent = 0;

const server = new WebSocketServer({ host: HOST, port: 0, path: '/ws/scanner', backlog: 1024, perMessageDeflate: false });

server.on('connection', (viewer) => {
  viewer.on('message', (data) => {
    const { list } = JSON.parse(data);
    followers.get(list).push(viewer);
    viewer.send(rounds[now][list]);
  });
});

function next() {
  const began = process.hrtime.bigint();
  now += 1;
  for (const [name, frame] of Object.entries(rounds[now])) {
    for (const viewer of followers.get(name)) viewer.send(frame);
  }
  return began;
}

function report() {
  const { user, system } = process.cpuUsage();
  const before = spent;
  spent = (user + system) / MICROSECONDS;
  return JSON.stringify([0, spent - before, 0, process.memoryUsage().rss / MICROSECONDS, 0, 0]);
}

server.on('listening', () => {
  console.log(server.address().port);
  createInterface({ input: process.stdin })
    .on('line', (word) => console.log(String(word === 'round' ? next() : report())))
    .on('close', () => process.exit());
});
