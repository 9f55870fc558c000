// Times calls of an emitted module, given by its path, on strings of two sizes.
//
// Standard input is {sizes: [small, large], pumps: [{prefix, pump, suffix}]}, octets in hex. Each
// exported function of octets, `match` for each rule and each RegExp of RULES reads prefix, the pump
// repeated to the size, and suffix. Standard output is one JSON line for each call that took over a
// millisecond on the large string: {pump, call, small, large}, the least milliseconds of processor
// time of some runs, and at the end the number of calls.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const grammar = await import(pathToFileURL(process.argv[2]).href);
const { sizes, pumps } = JSON.parse(readFileSync(0, "utf8"));

const calls = [];
for (const [name, value] of Object.entries(grammar)) {
  if (typeof value === "function" && !["match", "refusal"].includes(name)) {
    calls.push([name, (octets) => value(octets)]);
  }
}
for (const [rule, source] of Object.entries(grammar.RULES)) {
  calls.push([`match ${rule}`, (octets) => grammar.match(rule, octets)]);
  const pattern = new RegExp(source);
  calls.push([`RegExp ${rule}`, (octets, string) => pattern.test(string)]);
}

function spent() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function least(call, octets, string, runs) {
  let best = Infinity;
  for (let run = 0; run < runs; run += 1) {
    const started = spent();
    call(octets, string);
    best = Math.min(best, spent() - started);
  }
  return best;
}

for (const { prefix, pump, suffix } of pumps) {
  const strings = sizes.map((size) => {
    const unit = Buffer.from(pump, "hex");
    const pumped = Buffer.alloc(size - (size % unit.length), unit);
    const parts = [Buffer.from(prefix, "hex"), pumped, Buffer.from(suffix, "hex")];
    const octets = new Uint8Array(Buffer.concat(parts));
    return [octets, Buffer.from(octets).toString("latin1")];
  });
  for (const [call, run] of calls) {
    const large = least(run, ...strings[1], 1);
    if (large < 1) continue;
    const small = least(run, ...strings[0], 12);
    const again = Math.min(large, least(run, ...strings[1], 2));
    process.stdout.write(`${JSON.stringify({ pump, call, small, large: again })}\n`);
  }
}
process.stdout.write(`${JSON.stringify({ calls: calls.length * pumps.length })}\n`);
