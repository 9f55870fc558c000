"""The program text of an emitted JavaScript module that finds captures; see javascript_reading.py.

Rules: those of javascript_runtime.py, whose functions it calls.
"""

from __future__ import annotations

from typing import Final

OCTET_PART: Final = """\
/**
 * @param {Octets} octets
 * @param {Uint8Array | Uint16Array} codes
 * @param {number} first
 * @param {number} end
 * @returns {Octets} a part of the string, copied
 */
function _part(octets, codes, first, end) {
  return typeof octets === "string"
    ? octets.slice(first, end)
    : new Uint8Array(codes.subarray(first, end));
}
"""

TEXT_PART: Final = """\
/**
 * @param {Octets} octets
 * @param {Uint8Array | Uint32Array} codes
 * @param {number} first
 * @param {number} end
 * @returns {Octets} a part of the string, copied
 */
function _part(octets, codes, first, end) {
  const part = codes.subarray(first, end);
  return typeof octets === "string"
    ? Array.from(part, (code) => String.fromCodePoint(code)).join("")
    : new Uint8Array(part);
}
"""

READINGS: Final = """\
/**
 * What finds the captures of a rule: the places of a state, best first, and the steps from a place,
 * preferred first, each its target (0 is the end) and the number of its notes.
 * @typedef {object} _Reading
 * @property {_Automaton} automaton
 * @property {number[][]} places
 * @property {number[][]} steps
 */

/** @type {Map<string, _Reading>} */
const _read = new Map();

/**
 * @param {string} rule
 * @returns {_Reading}
 */
function _reading(rule) {
  let known = _read.get(rule);
  if (known === undefined) {
    const next = _numbers(_READINGS[rule].table);
    const automaton = _automaton(next);
    const places = _rows(next);
    const rows = _rows(next);
    const steps = Array.from(_runs(next, next()), (row) => rows[row]);
    known = { automaton, places, steps };
    _read.set(rule, known);
  }
  return known;
}

/**
 * The notes along the preferred way through `codes`; null when the rule refuses them.
 *
 * Forwards, each state holds the places the string can be at, in the order of the best way to each;
 * backwards, the first place with a step to the place after it lies on the best way of all.
 * @param {_Reading} reading
 * @param {Uint8Array | Uint16Array | Uint32Array} codes
 * @returns {Uint16Array | null} the number of the notes before each character, and at the end
 */
function _way({ automaton, places, steps }, codes) {
  const states = new Uint16Array(codes.length + 1);
  for (let at = 0; at < codes.length; at += 1) {
    const after = _step(automaton, states[at], codes[at]);
    if (after < 0) return null;
    states[at + 1] = after;
  }
  const way = new Uint16Array(codes.length + 1);
  let target = 0;
  for (let at = codes.length; at >= 0; at -= 1) {
    let found = -1;
    for (const place of places[states[at]]) {
      const row = steps[place];
      for (let step = 0; step < row.length && found < 0; step += 2) {
        if (row[step] === target) {
          found = place;
          way[at] = row[step + 1];
        }
      }
      if (found >= 0) break;
    }
    if (found < 0) return null;
    target = found;
  }
  return way;
}

/**
 * @param {number[]} shape for each field: 1 for a list, 0 for a part
 * @returns {any[]} fields that hold nothing yet
 */
function _blank(shape) {
  return shape.map((list) => (list === 1 ? [] : null));
}

/**
 * @param {string} rule
 * @param {Octets} octets
 * @returns {any} the captures of a rule, in the order of its annotation; null when it refuses
 */
function _captures(rule, octets) {
  const { notes, shapes } = _READINGS[rule];
  const codes = _codes(octets);
  const way = _way(_reading(rule), codes);
  if (way === null) return null;
  let fields = _blank(shapes[0]);
  const outer = [];
  let first = 0;
  for (let at = 0; at < way.length; at += 1) {
    for (const note of notes[way[at]]) {
      const about = note >> 2;
      switch (note & 3) {
        case 0: // a part begins
          first = at;
          break;
        case 1: // a part ends; of several parts for one field the first counts
          if (fields[about] === null) fields[about] = _part(octets, codes, first, at);
          else if (Array.isArray(fields[about])) {
            fields[about].push(_part(octets, codes, first, at));
          }
          break;
        case 2: // an item with fields of its own begins
          outer.push(fields);
          fields = _blank(shapes[about]);
          break;
        default: { // that item ends
          const item = fields;
          fields = /** @type {any[]} */ (outer.pop());
          fields[about].push(item);
        }
      }
    }
  }
  return fields;
}
"""
