// Runs the patterns and modules of a corpus on their words and prints each wrong verdict.
//
// Standard input is one JSON document {patterns: [{name, source, flags, words}], modules: [{name,
// path, calls}]}; a word is [string, verdict], a call [rule, string, verdict].  The last line
// printed is {patterns, modules, words}, the counts of what was run.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { patterns, modules } = JSON.parse(readFileSync(0, "utf8"));
let words = 0;

function judge(name, string, expected, given) {
  words += 1;
  if (given !== expected) console.log(JSON.stringify({ name, string, expected }));
}

for (const { name, source, flags, words: pairs } of patterns) {
  const regExp = new RegExp(source, flags);
  for (const [string, expected] of pairs) judge(name, string, expected, regExp.test(string));
}
for (const { name, path, calls } of modules) {
  const { match } = await import(pathToFileURL(path).href);
  for (const [rule, string, expected] of calls) {
    judge(`${name}: ${rule}`, string, expected, match(rule, string));
  }
}
console.log(JSON.stringify({ patterns: patterns.length, modules: modules.length, words }));
