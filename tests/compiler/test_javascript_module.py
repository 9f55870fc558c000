"""The emitted JavaScript as a file: its form and names, what it takes, and what is not emitted."""

import re
import subprocess
import sys
from argparse import ArgumentParser

import pytest

from abnf_compiler.automata.normal_form import AutomataError, CaptureError
from abnf_compiler.commands import UsageError
from abnf_compiler.commands import javascript as command
from abnf_compiler.emit.javascript import emit_javascript
from abnf_compiler.emit.javascript_names import function_name, global_name, type_name
from abnf_compiler.emit.javascript_pattern import javascript_pattern
from abnf_compiler.engines.compiled import compile_rule
from abnf_compiler.grammar import Grammar
from abnf_compiler.pattern import AmbiguousCaptureError

MAX_SIZE = 60_000


def grammar_of(*lines):
    return Grammar.from_text("\n".join(lines) + "\n").resolved


def call(name, octets):
    return {"name": name, "hex": octets.hex()}


def test_rules_above_octets_read_code_points(ask, write) -> None:
    grammar = grammar_of(
        "; @start line", "; @capture line: *word", 'line = word *( "," word )',
        "word = 1*( %x61-7A / %xE9 / %x400-4FF / %x1F600-1F64F )",
    )  # fmt: skip
    path = write(emit_javascript(grammar))
    assert javascript_pattern(grammar, "line").flags == "u"
    engine = compile_rule(grammar, "line")
    texts = [
        "a",
        "\u0451,z\U0001f600\u00e9",
        "\U0001f600,\U0001f64f!",
        "\ud83d",
        "\U0001f5ff",
        "",
        "a,",
    ]
    for name in ("match", "RegExp"):
        calls = [{"name": name, "rule": "line", "text": text} for text in texts]
        assert ask(path, calls) == [bool(engine.match(text)) for text in texts]
    calls = [{"name": "refusal", "rule": "line", "text": text} for text in texts]
    assert [answer and answer["offset"] for answer in ask(path, calls)] == [
        None if (match := engine.match(text)) else match.position for text in texts
    ]
    assert ask(path, [{"name": "line", "text": texts[1]}]) == [[["\u0451", "z\U0001f600\u00e9"]]]
    assert ask(path, [call("line", b"a,\xe9"), call("line", b"\xff")]) == [[["a", "\xe9"]], None]


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (["; @capture line: name", "line = *name", "name = ALPHA"], CaptureError),
        (["; @capture line: name", "line = [ name ] *ALPHA", "name = ALPHA"],
         AmbiguousCaptureError),
        (['line = "(" [ line ] ")"'], AutomataError),
        (["; @capture line: *item", "; @capture item: *name", "line = *item", "item = 1*name",
          "name = ALPHA"], AmbiguousCaptureError),
    ],
)  # fmt: skip
def test_what_cannot_be_emitted_is_refused(lines, error) -> None:
    with pytest.raises(error):
        emit_javascript(grammar_of("; @start line", *lines))


def test_what_is_no_octets_and_no_start_rule_is_refused(node, reply_javascript) -> None:
    program = """
        const { match, receivedLine, refusal } = await import(process.argv[1]);
        const name = (call) => { try { return call(); } catch (error) { return error.name; } };
        const wrong = [null, undefined, 250, [50], new String("250"), new ArrayBuffer(3),
          new Int8Array(3), new Uint16Array(3), new DataView(new ArrayBuffer(3))];
        const rules = ["constructor", "__proto__", "Received-Line", "", "reply-code", ["a"]];
        console.log(JSON.stringify([
          ...wrong.map((value) => name(() => receivedLine(value))),
          ...rules.map((rule) => name(() => match(rule, "250"))),
          refusal("received-line", "250 \\u0119").offset,
        ]));
    """
    answers = ["TypeError"] * 9 + ["RangeError"] * 6 + [4]
    assert node(program, reply_javascript["esm"], text=True) == [answers]


def test_captured_octets_are_copies(node, reply_javascript) -> None:
    program = """
        const { receivedLine } = await import(process.argv[1]);
        const line = Buffer.from("xx250 2.0.0 [A b] Ok");
        const read = receivedLine(line.subarray(2));
        line.fill(0);
        const plain = (part) => part.constructor === Uint8Array && String.fromCharCode(...part);
        console.log(JSON.stringify([plain(read[0]), plain(read[4][0][1][0][1]), plain(read[5])]));
    """
    assert node(program, reply_javascript["esm"], text=True) == [["250", "b", "Ok"]]


def test_the_script_assigns_one_frozen_global(node, reply_javascript) -> None:
    program = """
        import { readFileSync } from "node:fs";
        import vm from "node:vm";
        const context = vm.createContext({});
        vm.runInContext(readFileSync(process.argv[1], "utf8"), context);
        const [[name, reply]] = Object.entries(context);
        const frozen = [reply, reply.RULES].map(Object.isFrozen);
        console.log(JSON.stringify([Object.keys(context).length, name, Object.keys(reply),
          frozen, reply.receivedLine("250 Ok")]));
    """
    names = ["SOURCE_SHA256", "RULES", "match", "refusal", "receivedLine", "metadataGroup"]
    read = ["250", " ", None, None, [], "Ok"]
    assert node(program, reply_javascript["script"], text=True) == [
        [1, "replyMetadataGrammar", names, [True, True], read]
    ]


def test_both_forms_hold_the_same_text(reply_javascript) -> None:
    text, script = (reply_javascript[kind].read_text("ascii") for kind in ("esm", "script"))
    first, second, *others = text.splitlines()
    assert re.search(r"from reply-metadata\.abnf by make it; .*: [0-9a-f]{64}$", first)
    assert second == "// SPDX-License-Identifier: BSD-3-Clause"
    begin, end = text.index("/** @typedef {Uint8Array"), text.index("\nexport {")
    assert text[begin:end] in script
    assert 'var replyMetadataGrammar = (() => {\n"use strict";\n' in script
    assert len(script) < MAX_SIZE
    assert not re.search(r"\b(eval|import|require|Function)\b", text)
    assert [line for line in others if line != line.rstrip()] == []


def test_the_text_does_not_depend_on_hash_seeds(project) -> None:
    program = (
        "from abnf_compiler.emit.javascript import emit_javascript\n"
        "from abnf_compiler.grammar import load_resolved\n"
        "grammar = load_resolved('grammar/reply-metadata.abnf')\n"
        "print(emit_javascript(grammar, rules=['metadata-group', 'free-text']))\n"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=project,
            env={"PYTHONPATH": "grammar", "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(texts) == 1


def test_rule_names_become_names_of_their_own(ask, write) -> None:
    rules = ["class", "match", "a-b", "a--b", "a-1", "a1", "octets", "part", "numbers", "import-"]
    names = ["class$", "match$", "aB", "a_B", "a_1", "a1", "octets", "part", "numbers", "import_"]
    assert [function_name(rule) for rule in rules] == names
    assert (type_name("octets"), global_name("x/9-b.abnf")) == ("Octets$", "abnf9BGrammar")
    lines = [f"; @start {' '.join(rules)}"]
    for rule in rules:
        lines += [f"; @capture {rule}: digit", f"{rule} = [ digit ]"]
    path = write(emit_javascript(grammar_of(*lines)))
    assert ask(path, [call(name, b"7") for name in names]) == [["7"]] * len(names)


def run_command(*arguments):
    parser = ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments))


def test_the_command_prints_the_rules_asked_for(project, monkeypatch, capsys) -> None:
    monkeypatch.chdir(project)
    source = "grammar/reply-metadata.abnf"
    assert run_command(source, "Number32", "delta-seconds") == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].startswith("// Generated from reply-metadata.abnf by abnfc")
    assert re.findall('^  "([a-z0-9-]+)":', printed, re.MULTILINE) == ["number32", "delta-seconds"]
    assert run_command("--script", "--global", "rule", source, "number32") == 0
    assert "var rule = (() => {" in capsys.readouterr().out
    for wrong in (["--global", "a", source], ["--script", "--global", "a b", source]):
        with pytest.raises(UsageError):
            run_command(*wrong)
