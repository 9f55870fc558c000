// Matches strings in Node, asked line by line in JSON on standard input: `node match.mjs PACKAGES`.
//
// {load: NAME, engine, rule, abnf or module, strings} answers with the verdicts, or with {missing};
// {run: NAME, indices, turns} answers with the seconds that many turns over these strings took;
// {source, flags, prefix, pump, suffix, turns, calls} with the verdict and the time of a RegExp.

import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const packages = process.argv[2];
const load = (...path) => import(pathToFileURL(join(packages, ...path)));
const loaded = new Map();

class Missing extends Error {}

/** Each engine makes a function from a string to a verdict. */
const engines = {
  async "our module"({ rule, module }) {
    const { match } = await import(pathToFileURL(module));
    return (string) => match(rule, string);
  },
  async "node-abnf"({ rule, abnf }) {
    if (!existsSync(join(packages, "abnf"))) throw new Missing("abnf");
    const { parseString } = await load("abnf", "lib", "abnf.js");
    const { default: peggy } = await load("peggy", "lib", "peg.js");
    const grammar = parseString(abnf).toFormat({ format: "peggy", startRule: rule });
    const parser = peggy.generate(String(grammar));
    return (string) => {
      try {
        parser.parse(string);
        return true;
      } catch (error) {
        if (error instanceof parser.SyntaxError) return false;
        throw error;
      }
    };
  },
  async "apg-js"({ rule, abnf }) {
    if (!existsSync(join(packages, "apg-js"))) throw new Missing("apg-js");
    const { apgApi, apgLib } = createRequire(import.meta.url)(join(packages, "apg-js"));
    const api = new apgApi(abnf);
    api.generate();
    if (api.errors.length) throw new Error(api.errorsToAscii());
    const grammar = api.toObject();
    const parser = new apgLib.parser();
    return (string) => parser.parse(grammar, rule, string).success;
  },
};

function pumped({ source, flags, prefix, pump, suffix, turns, calls }) {
  const pattern = new RegExp(source, flags);
  const string = Buffer.from(prefix + pump.repeat(turns) + suffix, "utf16le").toString("utf16le");
  const matched = pattern.test(string); // compiled now, and the string is flat
  const started = process.hrtime.bigint();
  for (let call = 0; call < calls; call += 1) pattern.test(string);
  return { matched, seconds: Number(process.hrtime.bigint() - started) / 1e9 };
}

async function answer(request) {
  if (request.source !== undefined) return pumped(request);
  if (request.load !== undefined) {
    const match = await engines[request.engine](request);
    loaded.set(request.load, { match, strings: request.strings });
    return { accepted: request.strings.map((string) => match(string) === true) };
  }
  const { match, strings } = loaded.get(request.run);
  const chosen = request.indices.map((index) => strings[index]);
  const started = process.hrtime.bigint();
  for (let turn = 0; turn < request.turns; turn += 1) {
    for (const string of chosen) match(string);
  }
  return { seconds: Number(process.hrtime.bigint() - started) / 1e9 };
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = await answer(JSON.parse(line));
  } catch (error) {
    reply = error instanceof Missing ? { missing: error.message } : { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
