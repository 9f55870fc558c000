// Calls an emitted module, given by its path, once for each JSON line of standard input.
//
// A call is {name, rule?, hex} for octets or {name, rule?, text} for code points; the name "RegExp"
// asks the pattern of a rule. The answer is one JSON line with octets as binary strings. Octets go
// in both as a Uint8Array and as a binary string: answers that differ, or hold octets of another
// kind than the input, become {differ}.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";

const path = process.argv[2];
const grammar = path.endsWith(".mjs")
  ? await import(pathToFileURL(path).href)
  : runInNewContext(`${readFileSync(path, "utf8")};${process.argv[3]}`);

function asStrings(value) {
  if (ArrayBuffer.isView(value)) return Buffer.from(value).toString("latin1");
  return Array.isArray(value) ? Array.from(value, asStrings) : value;
}

function holds(value, isKind) {
  return Array.isArray(value) ? value.some((item) => holds(item, isKind)) : isKind(value);
}

function answer({ name, rule, hex, text }) {
  if (name === "RegExp") {
    const string = text ?? Buffer.from(hex, "hex").toString("latin1");
    return new RegExp(grammar.RULES[rule], text === undefined ? "" : "u").test(string);
  }
  const call = (octets) =>
    rule === undefined ? grammar[name](octets) : grammar[name](rule, octets);
  if (text !== undefined) return call(text);
  const octets = Buffer.from(hex, "hex");
  const ofArray = call(octets);
  const ofString = call(octets.toString("latin1"));
  const both = [ofArray, ofString].map((value) => JSON.stringify(asStrings(value)));
  const mixed =
    holds(ofArray, (value) => typeof value === "string") || holds(ofString, ArrayBuffer.isView);
  return both[0] === both[1] && !mixed ? ofString : { differ: both };
}

const lines = readFileSync(0, "utf8").split("\n");
const answers = lines.filter((line) => line !== "").map((line) => {
  try {
    return JSON.stringify(answer(JSON.parse(line)));
  } catch (error) {
    return JSON.stringify({ thrown: error.name, message: error.message });
  }
});
process.stdout.write(answers.map((line) => `${line}\n`).join(""));
