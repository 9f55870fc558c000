"""The program text of an emitted JavaScript module: what reads its tables and runs them.

Rules: every function is linear in the length of its input and keeps nothing between calls but
decoded tables; names begin with "_" unless exported.  The texts here hold no table and no rule.
"""

from __future__ import annotations

from typing import Final

NUMBERS: Final = """\
const _DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const _VALUES = new Uint8Array(128);
for (let value = 0; value < 64; value += 1) _VALUES[_DIGITS.charCodeAt(value)] = value;

/**
 * Gives the numbers of a table one by one; five bits to a digit, 32 added where more follow.
 * @param {string} table
 * @returns {() => number}
 */
function _numbers(table) {
  let at = 0;
  return () => {
    let number = 0;
    for (let unit = 1; ; unit *= 32) {
      const digit = _VALUES[table.charCodeAt(at)];
      at += 1;
      number += (digit % 32) * unit;
      if (digit < 32) return number;
    }
  };
}

/**
 * @param {() => number} next
 * @param {number} count
 * @returns {Int32Array} numbers written as runs: each value, and the length of its run less one
 */
function _runs(next, count) {
  const values = new Int32Array(count);
  for (let at = 0; at < count; ) {
    const value = next();
    for (let left = next(); left >= 0; left -= 1, at += 1) values[at] = value;
  }
  return values;
}

/**
 * @param {() => number} next
 * @returns {number[][]} how many rows, then the length and the numbers of each
 */
function _rows(next) {
  return Array.from({ length: next() }, () => Array.from({ length: next() }, next));
}
"""

MOVES: Final = """\
/**
 * A deterministic automaton: state 0 is the start, -1 no class and no move.
 * @typedef {object} _Automaton
 * @property {Int16Array} classes class of each octet
 * @property {[number, number, number][]} spans higher characters: first, after the last, class
 * @property {number} states
 * @property {number} width how many classes there are
 * @property {Int16Array} moves the state after `state` and `class`, at state * width + class
 */

/**
 * @param {() => number} next
 * @returns {_Automaton}
 */
function _automaton(next) {
  const classes = new Int16Array(256).fill(-1);
  /** @type {[number, number, number][]} */
  const spans = [];
  let end = 0;
  for (let left = next(); left > 0; left -= 1) {
    const first = end + next();
    end = first + next() + 1;
    const number = next();
    classes.fill(number, Math.min(first, 256), Math.min(end, 256));
    if (end > 256) spans.push([first, end, number]);
  }
  const states = next();
  const width = next();
  const rows = Array.from({ length: next() }, () => _runs(next, width));
  const moves = new Int16Array(states * width);
  _runs(next, states).forEach((row, state) => {
    rows[row].forEach((move, number) => {
      const way = move - 1;
      const target = state + (way % 2 === 0 ? way / 2 : -(way + 1) / 2);
      moves[state * width + number] = move === 0 ? -1 : target;
    });
  });
  return { classes, spans, states, width, moves };
}
"""

OCTET_INPUT: Final = """\
/**
 * The number of each character: the octets, or the char codes of a binary string.
 * @param {Octets} octets
 * @returns {Uint8Array | Uint16Array}
 */
function _codes(octets) {
  if (typeof octets === "string") {
    const codes = new Uint16Array(octets.length);
    for (let at = 0; at < codes.length; at += 1) codes[at] = octets.charCodeAt(at);
    return codes;
  }
  if (!ArrayBuffer.isView(octets) || octets[Symbol.toStringTag] !== "Uint8Array") {
    throw new TypeError("octets must be a Uint8Array or a binary string");
  }
  return octets;
}

/**
 * @param {_Automaton} automaton
 * @param {number} state
 * @param {number} code
 * @returns {number} the state after a character, or -1
 */
function _step(automaton, state, code) {
  const number = code < 256 ? automaton.classes[code] : -1;
  return number < 0 ? -1 : automaton.moves[state * automaton.width + number];
}
"""

TEXT_INPUT: Final = """\
/**
 * The number of each character: the octets, or the code points of a string.
 * @param {Octets} octets
 * @returns {Uint8Array | Uint32Array}
 */
function _codes(octets) {
  if (typeof octets === "string") {
    const codes = new Uint32Array(octets.length);
    let length = 0;
    for (let at = 0; at < octets.length; at += codes[length - 1] > 0xffff ? 2 : 1) {
      codes[length] = /** @type {number} */ (octets.codePointAt(at));
      length += 1;
    }
    return codes.subarray(0, length);
  }
  if (!ArrayBuffer.isView(octets) || octets[Symbol.toStringTag] !== "Uint8Array") {
    throw new TypeError("octets must be a Uint8Array or a string");
  }
  return octets;
}

/**
 * @param {_Automaton} automaton
 * @param {number} code
 * @returns {number} the class of a character, or -1
 */
function _class(automaton, code) {
  if (code < 256) return automaton.classes[code];
  let low = 0;
  let high = automaton.spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const [first, end, number] = automaton.spans[middle];
    if (code < first) high = middle;
    else if (code >= end) low = middle + 1;
    else return number;
  }
  return -1;
}

/**
 * @param {_Automaton} automaton
 * @param {number} state
 * @param {number} code
 * @returns {number} the state after a character, or -1
 */
function _step(automaton, state, code) {
  const number = _class(automaton, code);
  return number < 0 ? -1 : automaton.moves[state * automaton.width + number];
}
"""

VERDICTS: Final = """\
/**
 * The automaton of a start rule, with what is said where it stops.
 * @typedef {object} _Verdicts
 * @property {_Automaton} automaton
 * @property {Int32Array} accepting 1 for a state where the string may end
 * @property {Int32Array} expected number of the words of each state
 */

/** @type {_Verdicts[]} */
const _decoded = [];

/** @type {string[][]} */
const _expectations = [];

/**
 * @param {string} rule
 * @returns {_Verdicts}
 */
function _verdicts(rule) {
  const number = _TABLE_OF_RULE.get(rule);
  if (number === undefined) throw new RangeError(`there is no start rule "${rule}"`);
  if (_decoded[number] === undefined) {
    const next = _numbers(_TABLES[number]);
    const automaton = _automaton(next);
    const accepting = _runs(next, automaton.states);
    const expected = _runs(next, automaton.states);
    _decoded[number] = { automaton, accepting, expected };
  }
  return _decoded[number];
}

/**
 * Whether the start rule `rule`, in lower case, accepts the whole of `octets`.
 * @param {string} rule
 * @param {Octets} octets
 * @returns {boolean}
 * @throws {RangeError} there is no such start rule
 */
function match(rule, octets) {
  return refusal(rule, octets) === null;
}

/**
 * Where and why the start rule `rule` refuses `octets`; null when it accepts them.
 * @param {string} rule
 * @param {Octets} octets
 * @returns {Refusal | null}
 * @throws {RangeError} there is no such start rule
 */
function refusal(rule, octets) {
  const { automaton, accepting, expected } = _verdicts(rule);
  const codes = _codes(octets);
  let state = 0;
  let offset = 0;
  for (; offset < codes.length; offset += 1) {
    const after = _step(automaton, state, codes[offset]);
    if (after < 0) break;
    state = after;
  }
  const mayEnd = accepting[state] === 1;
  if (offset === codes.length && mayEnd) return null;
  if (_expectations.length === 0) {
    _expectations.push(..._rows(_numbers(_EXPECTED)).map((row) => row.map((word) => _WORDS[word])));
  }
  const words = _expectations[expected[state]];
  return { offset, expected: mayEnd ? [...words, _END] : [...words] };
}
"""
