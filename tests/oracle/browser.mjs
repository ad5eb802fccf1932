/**
 * The page's connections without a page: reads one JSON array of steps a line, and answers with what each step did.
 * Started once for thousands of histories, and many pages live in it at a time; the folder of the modules is its argument, so that it may hold mutants.
 */

import { createInterface } from "node:readline";

const { Connection } = await import(`${process.argv[2]}/connection.js`);

class Socket {
  readyState = 1;

  constructor(number, done) {
    this.number = number;
    this.done = done;
  }

  send(text) {
    this.done.sent.push([this.number, text]);
  }

  close() {
    if (this.readyState === 1) this.done.closed.push(this.number);
    this.readyState = 2;
  }
}

class Page {
  constructor(chance) {
    this.now = 0;
    this.sockets = [];
    this.told = new Map();
    this.done = { opened: 0, sent: [], closed: [] };
    const surroundings = {
      now: () => this.now,
      wall: () => this.now,
      every: (_, act) => {
        this.tick = act;
        return () => {};
      },
      random: () => chance,
      socketTo: () => this.#socket(),
    };
    this.connection = new Connection("ws://page", () => {}, surroundings);
  }

  #socket() {
    const socket = new Socket(this.sockets.length, this.done);
    this.sockets.push(socket);
    this.done.opened += 1;
    return socket;
  }

  step([what, now, ...more]) {
    this.now = now;
    const [number, argument] = more;
    if (what === "start") this.connection.start();
    else if (what === "tick") this.tick();
    else if (what === "retry") this.connection.retry();
    else if (what === "frame") this.sockets[number].onmessage({ data: argument });
    else if (what === "closed") {
      this.sockets[number].readyState = 3;
      this.sockets[number].onclose({ code: argument, reason: "" });
    }
    const { opened, sent, closed } = this.done;
    Object.assign(this.done, { opened: 0, sent: [], closed: [] });
    return [this.connection.viewer.state, opened, sent, closed, this.#changed()];
  }

  /** The lists as they are held, those that are as they were left out; null for one that is gone. */
  #changed() {
    const changed = {};
    const { lists } = this.connection.viewer;
    for (const name of this.told.keys()) {
      if (!lists.has(name)) {
        this.told.delete(name);
        changed[name] = null;
      }
    }
    for (const [name, { state, epoch, sequence, rows }] of lists) {
      const told = this.told.get(name);
      const same = told?.rows === rows;
      if (same && told.state === state && told.epoch === epoch && told.sequence === sequence) continue;
      this.told.set(name, { state, epoch, sequence, rows });
      changed[name] = [state === "LIVE", epoch, sequence, same ? null : rows];
    }
    return changed;
  }
}

/** @type {Page[]} */
const pages = [];
for await (const line of createInterface({ input: process.stdin })) {
  const done = JSON.parse(line).map(([number, ...step]) => {
    if (step[0] !== "new") return pages[number].step(step);
    pages[number] = new Page(step[2]);
    return null;
  });
  process.stdout.write(`${JSON.stringify(done)}\n`);
}
